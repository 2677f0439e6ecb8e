//! The configuration: a TOML file, a line with nothing but `---`, and variables of the environment
//! without their common prefix, one a line.

use std::time::Duration;

use infra::crypto::Sealer;
use runtime::config::{self, Keys, Section, Source, load};
use secrecy::ExposeSecret;

use crate::{bytes, prudence};

/// Parts of configurations.
pub(crate) const WORDS: &[&str] = &[
    "[secrets]\nseal_key = \"",
    "[orders]\n",
    "lifetime_seconds = ",
    "[pricing]\n",
    "markup_percent = \"12.5\"",
    "[providers]\ntimeout_ms = ",
    "[stripe]\n",
    "[heleket]\n",
    "[duitku]\n",
    "[btcpay]\n",
    "api_keys = [\"",
    "[rates]\n",
    "whsec_",
    "\n---\n",
    "PRICING__MARKUP_PERCENT=",
    "SECRETS__SEAL_KEY=",
    "HTTP__LISTEN=",
    "DATABASE__URL=postgres://user:Password1234@host/name",
    "127.0.0.1:8080",
    "true",
    "[",
    "]",
    "\"",
    "'''",
];

/// The sections that hold numbers, addresses and secrets.
struct All {
    http: config::Http,
    database: Option<config::Database>,
    secrets: config::Secrets,
    orders: config::Orders,
    providers: config::Providers,
    pricing: config::Pricing,
    rates: config::Rates,
    gateways: config::Gateways,
    shutdown: config::Shutdown,
    log: config::Log,
}

impl Section for All {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            http: keys.section("http"),
            database: keys.optional_section("database"),
            secrets: keys.section("secrets"),
            orders: keys.section("orders"),
            providers: keys.section("providers"),
            pricing: keys.section("pricing"),
            rates: keys.section("rates"),
            gateways: config::Gateways::read(keys),
            shutdown: keys.section("shutdown"),
            log: keys.section("log"),
        }
    }
}

/// What is taken is within its limits, and what is refused is not repeated.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    // Twins name files, and what lies on this machine is not part of the input.
    if text.to_lowercase().contains("_file") || text.contains("\\u") || text.contains("\\U") {
        return;
    }
    let (file, variables) = text.split_once("\n---\n").unwrap_or((&text, ""));
    let pairs: Vec<(&str, &str)> =
        variables.lines().filter_map(|line| line.split_once('=')).collect();
    let variables = pairs.iter().map(|(name, value)| (format!("SWITCHBOARD__{name}"), *value));
    let source = match Source::new(file, variables) {
        Ok(source) => source,
        Err(faults) => {
            let quoted: Vec<&str> = file.split(['"', '\'']).collect();
            return prudence::keeps(&faults.to_string(), &quoted, &[]);
        }
    };
    match load::<All>(&source) {
        Ok(loaded) => check_limits(&loaded.config),
        Err(faults) => {
            assert!(!faults.is_empty());
            let table = file.parse::<toml::Table>().unwrap();
            let document = serde_json::to_value(table).unwrap();
            let (mut values, mut names) = (Vec::new(), Vec::new());
            prudence::texts_and_names(&document, &mut values, &mut names);
            let told = faults.to_string();
            let variables: Vec<String> =
                pairs.iter().map(|(name, _)| format!("{name} {}", name.to_lowercase())).collect();
            names.extend(variables.iter().map(String::as_str));
            values.extend(pairs.iter().map(|(_, value)| *value));
            prudence::keeps(&told, &values, &names);
        }
    }
}

fn check_limits(all: &All) {
    let All { orders, providers, pricing, .. } = all;
    assert!(orders.min_cancel <= orders.lifetime && orders.lifetime > Duration::ZERO);
    assert!(orders.lifetime <= Duration::from_hours(24));
    assert!(orders.resend_cooldown <= Duration::from_hours(1));
    assert!(providers.connect_timeout <= providers.timeout);
    assert!(providers.timeout <= Duration::from_mins(1));
    assert!((1..=4096).contains(&providers.max_in_flight) && providers.breaker_failures > 0);
    assert!((1..=1_000_000).contains(&pricing.idr_per_usd));
    assert!(pricing.markup_basis_points <= 100_000);
    assert!(all.shutdown.drain <= all.shutdown.grace);
    assert!(all.http.listen.to_string().parse() == Ok(all.http.listen));
    assert!(!format!("{:?}", all.log).is_empty());
    // What the configuration takes, those who use it take as well.
    assert!(Sealer::from_hex(&all.secrets.seal_key).is_ok());
    let address = all.database.as_ref().map(|it| it.url.expose_secret());
    assert!(address.is_none_or(|it| it.starts_with("postgres")));
    assert!(all.rates.max_age > all.rates.refresh);
    check_gateways(&all.gateways);
}

/// Each can be set up, or is refused without telling a secret.
fn check_gateways(settings: &config::Gateways) {
    let config::Gateways { stripe, heleket, cryptomus, duitku, btcpay } = settings;
    let coins = heleket.iter().map(|it| &it.0).chain(cryptomus.iter().map(|it| &it.0));
    let lists = [
        stripe.iter().map(|it| &it.webhook_secrets).collect::<Vec<_>>(),
        coins.map(|it| &it.api_keys).collect(),
        duitku.iter().map(|it| &it.api_keys).collect(),
        btcpay.iter().map(|it| &it.webhook_secrets).collect(),
    ];
    let secrets: Vec<&str> =
        lists.iter().flatten().copied().flatten().map(ExposeSecret::expose_secret).collect();
    assert!(lists.iter().flatten().all(|list| !list.is_empty()));
    assert!(secrets.iter().all(|secret| !secret.trim().is_empty()));
    let told = match wiring::gateways(settings, Duration::from_secs(1)) {
        Ok(gateways) => format!("{gateways:?} {settings:?}"),
        Err(error) => format!("{error:#} {settings:?}"),
    };
    let shown = shown(settings);
    prudence::keeps(&told, &secrets, &[shown.as_str()]);
}

/// What may be shown, which a secret can be a part of when somebody writes it there, too.
fn shown(settings: &config::Gateways) -> String {
    let config::Gateways { stripe, heleket, cryptomus, duitku, btcpay } = settings;
    let mut shown = Vec::new();
    if let Some(it) = stripe {
        shown.push(format!("{} {} {}", it.api_base, it.success_url, it.cancel_url));
    }
    for it in heleket.iter().map(|it| &it.0).chain(cryptomus.iter().map(|it| &it.0)) {
        shown.push(format!("{} {} {}", it.api_base, it.merchant, it.callback_url));
        shown.push(format!("{} {}", it.return_url, it.success_url));
    }
    if let Some(it) = duitku {
        shown.push(format!("{} {} {}", it.api_base, it.merchant_code, it.callback_url));
        shown.push(format!("{} {} {}", it.shop_name, it.email, it.return_url));
        shown.push(it.payment_method.clone());
    }
    if let Some(it) = btcpay {
        shown.push(format!("{} {} {}", it.api_base, it.store_id, it.redirect_url));
        shown.push(format!("{:?} {:?}", it.payment_methods, it.refund_method));
    }
    shown.join(" ")
}
