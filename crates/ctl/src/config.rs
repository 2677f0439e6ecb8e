use runtime::config::{self, Keys, Section};

/// What the command line reads of the shared configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Postgres of record, as the operator's login; `migrate` alone needs the owner.
    pub database: config::Database,
    /// Seals what is entered here.
    pub secrets: config::Secrets,
    /// Only looked at by `doctor`.
    pub redis: Option<config::Redis>,
    /// How providers are called.
    pub providers: config::Providers,
    /// How costs become prices.
    pub pricing: config::Pricing,
    /// Without it callback addresses cannot be shown whole.
    pub ingest: Option<config::Ingest>,
    /// Who takes payments.
    pub gateways: config::Gateways,
    /// Where the exchange rate comes from.
    pub rates: config::Rates,
}

impl Section for Config {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            database: keys.section("database"),
            secrets: keys.section("secrets"),
            redis: keys.optional_section("redis"),
            providers: keys.section("providers"),
            pricing: keys.section("pricing"),
            ingest: keys.optional_section("ingest"),
            gateways: config::Gateways::read(keys),
            rates: keys.section("rates"),
        }
    }
}
