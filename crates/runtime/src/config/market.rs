//! The sections about the marketplace that several binaries share, as plain values.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{HttpUrl, Keys, Section};

/// `[secrets]`: what protects stored secrets.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// 64 hexadecimal digits; encrypts providers' keys and callback secrets at rest.
    pub seal_key: SecretString,
}

impl Section for Secrets {
    fn read(keys: &mut Keys<'_>) -> Self {
        let seal_key: SecretString = keys.required("seal_key");
        let text = seal_key.expose_secret();
        let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex && !text.is_empty() {
            keys.refuse("seal_key", "must be 64 hexadecimal digits");
        }
        Self { seal_key }
    }
}

/// `[orders]`: how long a rented number lives and when a customer may act on it.
#[derive(Debug, Clone)]
pub struct Orders {
    /// From the purchase to the end of the order's window.
    pub lifetime: Duration,
    /// No cancel earlier than this after the purchase; providers punish it.
    pub min_cancel: Duration,
    /// Between two requests for a further SMS.
    pub resend_cooldown: Duration,
}

impl Section for Orders {
    fn read(keys: &mut Keys<'_>) -> Self {
        let orders = Self {
            lifetime: keys.seconds("lifetime_seconds", 1200, 1..=86_400),
            min_cancel: keys.seconds("min_cancel_seconds", 120, 0..=86_400),
            resend_cooldown: keys.seconds("resend_cooldown_seconds", 30, 0..=3600),
        };
        if orders.min_cancel > orders.lifetime {
            keys.refuse("min_cancel_seconds", "must not exceed orders.lifetime_seconds");
        }
        orders
    }
}

/// `[abuse]`: when customers are stopped who rent numbers and let them go unused.
#[derive(Debug, Clone, Copy)]
pub struct Abuse {
    /// Orders of one customer that may wait for their first message at once.
    pub unfinished_orders: u32,
    /// Orders that one customer may cancel in 24 hours.
    pub cancels_per_day: u32,
    /// How far back purchases are judged by their outcome.
    pub window: Duration,
    /// When a customer is stopped for a short while.
    pub soft: Tripwire,
    /// When for long.
    pub hard: Tripwire,
}

/// How many purchases without a message stop a customer, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Tripwire {
    /// Fewer outcomes than this say nothing.
    pub orders: u32,
    /// Of a hundred outcomes, so many without a message are too many.
    pub percent: u32,
    /// How long the customer is stopped.
    pub ban: Duration,
}

impl Section for Abuse {
    fn read(keys: &mut Keys<'_>) -> Self {
        const MANY: u32 = 1_000_000_000;
        let abuse = Self {
            unfinished_orders: keys.within("unfinished_orders", 500, 1..=MANY),
            cancels_per_day: keys.within("cancels_per_day", 300, 1..=MANY),
            window: keys.seconds("window_seconds", 86_400, 60..=2_592_000),
            soft: Tripwire {
                orders: keys.within("soft_orders", 20, 1..=MANY),
                percent: keys.within("soft_percent", 75, 1..=100),
                ban: keys.seconds("soft_ban_seconds", 900, 1..=2_592_000),
            },
            hard: Tripwire {
                orders: keys.within("hard_orders", 60, 1..=MANY),
                percent: keys.within("hard_percent", 90, 1..=100),
                ban: keys.seconds("hard_ban_seconds", 86_400, 1..=2_592_000),
            },
        };
        if abuse.hard.ban < abuse.soft.ban {
            keys.refuse("hard_ban_seconds", "must not be less than abuse.soft_ban_seconds");
        }
        abuse
    }
}

/// `[privacy]`: how long what customers received can be read.
#[derive(Debug, Clone, Copy)]
pub struct Privacy {
    /// Whole days after the one on which an SMS came; then its key is dropped.
    pub sms_days: u32,
}

impl Section for Privacy {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self { sms_days: keys.within("sms_days", 3, 1..=3_650) }
    }
}

/// `[providers]`: how patient we are with those who sell us numbers.
#[derive(Debug, Clone)]
pub struct Providers {
    /// One whole call, answer included.
    pub timeout: Duration,
    /// How long after its money was set aside a purchase may still ask a provider.
    pub ask_within: Duration,
    /// Establishing a connection.
    pub connect_timeout: Duration,
    /// Calls to one provider at once; more are turned away.
    pub max_in_flight: usize,
    /// Consecutive failures after which a provider is left alone.
    pub breaker_failures: u32,
    /// For how long it is left alone before one call tries again.
    pub breaker_open: Duration,
}

impl Section for Providers {
    fn read(keys: &mut Keys<'_>) -> Self {
        let providers = Self {
            timeout: keys.millis("timeout_ms", 10_000, 100..=60_000),
            ask_within: keys.millis("ask_within_ms", 4000, 100..=60_000),
            connect_timeout: keys.millis("connect_timeout_ms", 3000, 50..=30_000),
            max_in_flight: keys.within("max_in_flight", 64, 1..=4096),
            breaker_failures: keys.within("breaker_failures", 5, 1..=1000),
            breaker_open: keys.seconds("breaker_open_seconds", 15, 1..=3600),
        };
        if providers.connect_timeout > providers.timeout {
            keys.refuse("connect_timeout_ms", "must not exceed providers.timeout_ms");
        }
        providers
    }
}

/// `[pricing]`: how a provider's cost becomes our price.
#[derive(Debug, Clone)]
pub struct Pricing {
    /// Whole rupiah per US dollar, as long as no source of rates is heard.
    pub idr_per_usd: i64,
    /// What is added to the cost, in hundredths of a percent; `markup_percent` in the file.
    pub markup_basis_points: u32,
}

impl Section for Pricing {
    fn read(keys: &mut Keys<'_>) -> Self {
        let idr_per_usd = keys.within("idr_per_usd", 16_000, 1_000..=1_000_000);
        let percent = keys.decimal("markup_percent", "25");
        let points = basis_points(&percent).filter(|points| *points <= 100_000);
        if points.is_none() {
            keys.refuse("markup_percent", "must be \"0\" to \"1000\" with two decimals at most");
        }
        Self { idr_per_usd, markup_basis_points: points.unwrap_or_default() }
    }
}

/// Hundredths of a percent, when `percent` is not negative and no finer than that.
fn basis_points(percent: &str) -> Option<u32> {
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, ""));
    if fraction.len() > 2 {
        return None;
    }
    let hundredths: u32 = format!("{fraction:0<2}").parse().ok()?;
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths)
}

/// `[rates]`: where the exchange rate comes from.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Answers as open.er-api.com does; without one `pricing.idr_per_usd` counts.
    pub source_url: Option<HttpUrl>,
    /// How often it is asked.
    pub refresh: Duration,
    /// A rate older than this counts no more.
    pub max_age: Duration,
    /// Whether `pricing.idr_per_usd` counts instead of a rate that is too old. Without it nothing
    /// is shown or charged in dollars then; prices in rupiah are always worked out.
    pub fallback: bool,
}

impl Section for Rates {
    fn read(keys: &mut Keys<'_>) -> Self {
        let rates = Self {
            source_url: keys.optional("source_url"),
            refresh: keys.seconds("refresh_seconds", 3600, 1..=86_400),
            max_age: keys.seconds("max_age_seconds", 172_800, 60..=2_592_000),
            fallback: keys.or("fallback", true),
        };
        if rates.max_age <= rates.refresh {
            keys.refuse("max_age_seconds", "must be longer than rates.refresh_seconds");
        }
        rates
    }
}

/// `[ingest]`: where callbacks reach us.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// Address of webhook-ingest as providers and gateways see it.
    pub public_url: HttpUrl,
}

impl Section for Ingest {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self { public_url: keys.required("public_url") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, load};
    use super::*;

    struct All(Orders, Providers, Pricing, Secrets);

    impl Section for All {
        fn read(keys: &mut Keys<'_>) -> Self {
            Self(
                keys.section("orders"),
                keys.section("providers"),
                keys.section("pricing"),
                keys.section("secrets"),
            )
        }
    }

    fn read(toml: &str) -> Result<All, String> {
        let key = format!("[secrets]\nseal_key = \"{}\"\n", "ab".repeat(32));
        let toml = if toml.contains("[secrets]") { toml.to_owned() } else { key + toml };
        let source = Source::new(&toml, Vec::<(String, String)>::new()).unwrap();
        load(&source).map(|loaded| loaded.config).map_err(|faults| faults.to_string())
    }

    #[test]
    fn has_defaults_for_everything_but_secrets() {
        let All(orders, providers, pricing, secrets) = read("").unwrap();
        assert_eq!(orders.lifetime, Duration::from_mins(20));
        assert_eq!(providers.timeout, Duration::from_secs(10));
        assert_eq!((pricing.idr_per_usd, pricing.markup_basis_points), (16_000, 2500));
        assert!(!format!("{secrets:?}").contains("abab"));
    }

    #[test]
    fn reads_a_markup_to_the_hundredth_of_a_percent() {
        for (text, points) in [("0", 0), ("12.5", 1250), ("0.07", 7), ("1000.00", 100_000)] {
            let toml = format!("[pricing]\nmarkup_percent = \"{text}\"");
            assert_eq!(read(&toml).unwrap().2.markup_basis_points, points, "{text}");
        }
        for text in ["-1", "1.005", "1000.01", "99999999999"] {
            let toml = format!("[pricing]\nmarkup_percent = \"{text}\"");
            assert!(read(&toml).err().unwrap().contains("pricing.markup_percent"), "{text}");
        }
    }

    #[test]
    fn refuses_times_and_secrets_that_cannot_work() {
        let refused = |toml: &str| read(toml).err().unwrap();
        let late = refused("[orders]\nlifetime_seconds = 60\nmin_cancel_seconds = 61");
        assert!(late.contains("orders.min_cancel_seconds"));
        let slow = refused("[providers]\ntimeout_ms = 500");
        assert!(slow.contains("providers.connect_timeout_ms"));
        let short = refused("[secrets]\nseal_key = \"abcd\"");
        assert!(short.contains("64 hexadecimal digits") && !short.contains("abcd"));
    }
}

/// `[webhooks]`: how customers' own servers are told.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// From the first look at a server's name until its answer begins.
    pub timeout: Duration,
    /// Networks that may be called although they are not public, and without encryption: for
    /// tests.
    pub allow_plain_http_to: Vec<String>,
    /// Networks that may not be called although they are public: our own.
    pub deny: Vec<String>,
    /// Certificates of authorities that are believed beside those of the system, as PEM.
    pub extra_ca: Option<String>,
    /// Pauses between attempts in percent of their usual length: less is for tests.
    pub schedule_percent: u32,
    /// Attempts under way at one endpoint in one process.
    pub per_endpoint: u32,
}

impl Section for Webhooks {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            timeout: keys.millis("timeout_ms", 3000, 100..=30_000),
            allow_plain_http_to: keys.or("allow_plain_http_to", Vec::new()),
            deny: keys.or("deny", Vec::new()),
            extra_ca: keys.optional("extra_ca"),
            schedule_percent: keys.within("schedule_percent", 100, 1..=100),
            per_endpoint: keys.within("per_endpoint", 2, 1..=16),
        }
    }
}
