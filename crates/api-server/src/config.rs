use std::time::Duration;

use domain::{limits::Policy, orders::place::PlaceOrders};
use runtime::config::{self, Keys, Section};

use crate::live::Live;

/// Everything the binary can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub http: config::Http,
    /// Where everything is stored.
    pub database: config::Database,
    /// Where events come from.
    pub redis: config::Redis,
    /// What protects stored secrets.
    pub secrets: config::Secrets,
    /// What rules the life of an order.
    pub orders: config::Orders,
    /// How much of it a customer may leave unused.
    pub abuse: config::Abuse,
    /// How long providers are waited for.
    pub providers: config::Providers,
    /// What a US dollar is worth.
    pub pricing: config::Pricing,
    /// How old a rate may be.
    pub rates: config::Rates,
    /// How customers' own servers are told.
    pub webhooks: config::Webhooks,
    /// How many customers may listen.
    pub streams: Streams,
    /// How much callers may ask for.
    pub limits: Quotas,
}

impl Section for Config {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            http: keys.section("http"),
            database: keys.section("database"),
            redis: keys.section("redis"),
            secrets: keys.section("secrets"),
            orders: keys.section("orders"),
            abuse: keys.section("abuse"),
            providers: keys.section("providers"),
            pricing: keys.section("pricing"),
            rates: keys.section("rates"),
            webhooks: keys.section("webhooks"),
            streams: keys.section("streams"),
            limits: keys.section("limits"),
        }
    }
}

impl Config {
    /// What a request spends besides waiting for providers, with room to spare.
    const OWN_TIME: Duration = Duration::from_secs(10);

    /// Longest time until an answer begins: a purchase may ask one provider after the other, and
    /// its customer should hear how that ended; others ask to wait for news.
    pub fn request_time(&self) -> Duration {
        let purchase = self.providers.timeout * PlaceOrders::MAX_OFFERS;
        purchase.max(Live::LONGEST_WAIT) + Self::OWN_TIME
    }
}

/// `[streams]`: how many listen at once.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    /// Streams and waiting requests of all customers in this process.
    pub most: usize,
    /// Streams of one customer.
    pub most_per_user: usize,
    /// Requests of one customer that wait for an order.
    pub most_waits_per_user: usize,
}

impl Default for Streams {
    /// Leaves a quarter of the connections one process serves to ordinary requests; one stream
    /// tells of all orders, so eight serve a customer's every device and tab. A wait is for one
    /// order, and as many are bought at once as one request can buy.
    fn default() -> Self {
        Self { most: 12_000, most_per_user: 8, most_waits_per_user: 100 }
    }
}

impl Section for Streams {
    fn read(keys: &mut Keys<'_>) -> Self {
        let usual = Self::default();
        Self {
            most: keys.within("most", usual.most, 1..=1_000_000),
            most_per_user: keys.within("most_per_user", usual.most_per_user, 1..=1000),
            most_waits_per_user: keys.within(
                "most_waits_per_user",
                usual.most_waits_per_user,
                1..=10_000,
            ),
        }
    }
}

/// `[limits]`: units that callers may ask for in a minute. A request costs one, a purchase as many
/// as it asks for numbers.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// With one token.
    pub token: Policy,
    /// Of one customer, with whatever token.
    pub user: Policy,
    /// From one address; of IPv6 from one /64.
    pub ip: Policy,
}

impl Quotas {
    const WINDOW: Duration = Duration::from_mins(1);
    /// Far above what a busy customer's programs ask for, and far below what one process serves.
    const TOKEN: u32 = 6_000;
    /// Room for two busy tokens.
    const USER: u32 = 12_000;
    /// Many customers may share an address.
    const IP: u32 = 30_000;
    /// Ten seconds' worth can be asked for at once.
    const BURSTS: u32 = 6;

    const fn policy(name: &'static str, quota: u32) -> Policy {
        let burst = if quota < Self::BURSTS { 1 } else { quota / Self::BURSTS };
        Policy { name, quota, window: Self::WINDOW, burst }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            token: Self::policy("token", Self::TOKEN),
            user: Self::policy("user", Self::USER),
            ip: Self::policy("ip", Self::IP),
        }
    }
}

impl Section for Quotas {
    fn read(keys: &mut Keys<'_>) -> Self {
        let range = 1..=10_000_000;
        Self {
            token: Self::policy(
                "token",
                keys.within("token_per_minute", Self::TOKEN, range.clone()),
            ),
            user: Self::policy("user", keys.within("user_per_minute", Self::USER, range.clone())),
            ip: Self::policy("ip", keys.within("ip_per_minute", Self::IP, range)),
        }
    }
}
