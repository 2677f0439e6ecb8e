//! HTTP clients, one function per purpose, so that no call goes out without limits.

mod json;

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect::Policy};

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
