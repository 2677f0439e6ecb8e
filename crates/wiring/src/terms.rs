use std::sync::Arc;

use anyhow::Context as _;
use domain::{
    abuse::{GuardTerms, Tripwire},
    catalog::Pricing,
    orders::OrderTerms,
    rates::{CurrentRate, IdrPerUsd, RateBook},
    store::StoreError,
};
use infra::{
    crypto::Sealer,
    postgres::{PoolTerms, Postgres},
    resilience::BreakerSettings,
    sms::ProviderSettings,
    system::SystemClock,
};
use runtime::config;

/// All storage, without connecting yet.
///
/// # Errors
/// When the address is not one of Postgres.
pub fn postgres(database: &config::Database, sealer: Sealer) -> Result<Postgres, StoreError> {
    let &config::Database { ref url, max_connections, acquire_timeout } = database;
    Postgres::connect_lazy(url, PoolTerms { max_connections, acquire_timeout }, sealer)
}

/// How providers are called.
pub fn provider_settings(providers: &config::Providers) -> ProviderSettings {
    ProviderSettings {
        timeout: providers.timeout,
        connect_timeout: providers.connect_timeout,
        max_in_flight: providers.max_in_flight,
        breaker: BreakerSettings {
            consecutive_failures: providers.breaker_failures,
            cool_down: providers.breaker_open,
            ..BreakerSettings::default()
        },
    }
}

/// How long numbers live, and how late their providers may be asked.
pub fn order_terms(orders: &config::Orders, providers: &config::Providers) -> OrderTerms {
    OrderTerms {
        lifetime: orders.lifetime,
        minimum_cancel: orders.min_cancel,
        resend_cooldown: orders.resend_cooldown,
        ask_within: providers.ask_within,
    }
}

/// How much customers may leave unused.
pub fn guard_terms(abuse: &config::Abuse) -> GuardTerms {
    let wire = |wire: &config::Tripwire| Tripwire {
        outcomes: wire.orders,
        percent: wire.percent,
        ban: wire.ban,
    };
    GuardTerms {
        window: abuse.window,
        soft: wire(&abuse.soft),
        hard: wire(&abuse.hard),
        cancels_per_day: abuse.cancels_per_day,
        unfinished_orders: abuse.unfinished_orders,
    }
}

/// How costs become prices.
pub fn pricing(pricing: &config::Pricing) -> Pricing {
    let &config::Pricing { idr_per_usd, markup_basis_points } = pricing;
    Pricing { idr_per_usd, markup_basis_points }
}

/// What a dollar costs as long as no source of rates is heard.
///
/// # Errors
/// When the setting is no rate that anybody should calculate with.
pub fn fixed_rate(pricing: &config::Pricing) -> anyhow::Result<IdrPerUsd> {
    IdrPerUsd::new(pricing.idr_per_usd).context("pricing.idr_per_usd must be 1000 to 1000000")
}

/// What a dollar costs now; without a fallback there may be no answer.
///
/// # Errors
/// As [`fixed_rate`].
pub fn current_rate(
    pricing: &config::Pricing,
    rates: &config::Rates,
    book: Arc<dyn RateBook>,
) -> anyhow::Result<CurrentRate> {
    let fallback = rates.fallback.then_some(fixed_rate(pricing)?);
    Ok(CurrentRate::new(book, Arc::new(SystemClock), fallback, rates.max_age))
}
