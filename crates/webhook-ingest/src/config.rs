use std::net::IpAddr;

use runtime::config::{self, Keys, Section};

/// Everything this binary can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub http: config::Http,
    /// Where callbacks are stored.
    pub database: config::Database,
    /// Where the task worker is poked.
    pub redis: config::Redis,
    /// Opens the providers' keys.
    pub secrets: config::Secrets,
    /// How patiently a provider is asked for confirmation.
    pub providers: config::Providers,
    /// Who is expected to tell of payments.
    pub gateways: config::Gateways,
    /// Who is expected to call.
    pub callbacks: Callbacks,
}

impl Section for Config {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            http: keys.section("http"),
            database: keys.section("database"),
            redis: keys.section("redis"),
            secrets: keys.section("secrets"),
            providers: keys.section("providers"),
            gateways: config::Gateways::read(keys),
            callbacks: keys.section("callbacks"),
        }
    }
}

/// `[callbacks]`: who is expected to call. Providers change their addresses without notice, so a
/// stranger is reported, not refused: the path is what protects the callback.
#[derive(Debug, Clone, Default)]
pub struct Callbacks {
    /// Addresses the providers publish; without any, nobody is a stranger.
    pub known_sources: Vec<IpAddr>,
    /// Header in which a proxy of ours names the caller, such as `x-real-ip`.
    pub address_header: Option<String>,
}

impl Section for Callbacks {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            known_sources: keys.or("known_sources", Vec::new()),
            address_header: keys.optional("address_header"),
        }
    }
}
