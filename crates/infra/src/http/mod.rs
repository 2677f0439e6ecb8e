//! HTTP clients, one function per purpose, so that no call goes out without limits.

mod json;

use std::{sync::Arc, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder, dns::Resolve, redirect::Policy};

pub use self::json::{CallError, JsonClient, Lines};

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("switchboard/", env!("CARGO_PKG_VERSION"));
/// Establishing TCP and TLS with a payment gateway; theirs are all in reach of a CDN.
const GATEWAY_CONNECT: Duration = Duration::from_secs(3);
/// Idle connections are dropped before the common 60 s of servers, so that none is reused in the
/// moment in which the other side closes it.
const IDLE: Duration = Duration::from_secs(50);
/// Idle connections kept to one payment gateway: top-ups are rare.
const GATEWAY_IDLE_CONNECTIONS: usize = 8;
/// Idle connections kept to one number provider; purchases come in bursts of this size.
const PROVIDER_IDLE_CONNECTIONS: usize = 64;
/// How we introduce ourselves to servers of customers.
const HOOK_USER_AGENT: &str = concat!("switchboard-webhooks/", env!("CARGO_PKG_VERSION"));
/// Servers of customers are of every kind, and some give up idle connections early.
const HOOK_IDLE: Duration = Duration::from_secs(4);
/// As many as deliver to one customer side by side.
const HOOK_IDLE_CONNECTIONS: usize = 2;
/// Finds connections that a firewall forgot.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Talks to payment gateways; `timeout` spans a whole call, body included.
pub fn gateway_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    strict()
        .connect_timeout(GATEWAY_CONNECT)
        .timeout(timeout)
        .pool_max_idle_per_host(GATEWAY_IDLE_CONNECTIONS)
        .build()
}

/// Talks to number providers; `timeout` spans a whole call, body included.
pub fn provider_client(connect: Duration, timeout: Duration) -> Result<Client, reqwest::Error> {
    strict()
        .connect_timeout(connect)
        .timeout(timeout)
        .pool_max_idle_per_host(PROVIDER_IDLE_CONNECTIONS)
        .build()
}

/// Talks to servers of customers, whose names `resolver` resolves; `plain` without encryption.
/// A number in place of a name never reaches the resolver: whoever calls has to look at it.
/// `authorities` are believed beside those of the system.
pub fn hook_client(
    resolver: Arc<impl Resolve + 'static>,
    plain: bool,
    authorities: &[Certificate],
) -> Result<Client, reqwest::Error> {
    strict()
        .user_agent(HOOK_USER_AGENT)
        .https_only(!plain)
        .tls_certs_merge(authorities.iter().cloned())
        .http1_only()
        .dns_resolver(resolver)
        .pool_idle_timeout(HOOK_IDLE)
        .pool_max_idle_per_host(HOOK_IDLE_CONNECTIONS)
        .build()
}

/// What all of them share: rustls, and nothing happens that the caller did not ask for. A redirect
/// could lead a request with a key in it elsewhere, a proxy from the environment could read it, and
/// a silent repeat could buy twice.
fn strict() -> ClientBuilder {
    Client::builder()
        .tls_backend_rustls()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .retry(reqwest::retry::never())
        .user_agent(USER_AGENT)
        .pool_idle_timeout(IDLE)
        .tcp_keepalive(KEEPALIVE)
        .tcp_nodelay(true)
}

#[cfg(test)]
mod tests;
