//! Settings under which everything that takes long in earnest is quick.

/// Providers keep a number longer than a run lasts, so that giving it back is our doing alone.
pub(super) const PROVIDER_LIFETIME_SECONDS: u32 = 86_400;

/// Messages at rest are opened with it when a run is judged.
pub(crate) const SEAL_KEY: &str =
    "4c6f63616c6f6e6c79206b65792c206e6f742061207365637265742061742e2e";

const QUICK: [(&str, &str); 56] = [
    ("secrets.seal_key", SEAL_KEY),
    ("orders.lifetime_seconds", "20"),
    ("orders.min_cancel_seconds", "0"),
    ("orders.resend_cooldown_seconds", "1"),
    ("providers.timeout_ms", "1500"),
    ("providers.connect_timeout_ms", "500"),
    ("providers.breaker_failures", "20"),
    ("providers.breaker_open_seconds", "1"),
    ("tasks.relay_ms", "100"),
    ("tasks.poll_ms", "200"),
    ("tasks.poll_order_ms", "1000"),
    ("tasks.expire_ms", "200"),
    ("tasks.settle_seconds", "1"),
    ("tasks.adopt_seconds", "5"),
    ("tasks.watch_topups_seconds", "1"),
    ("tasks.missed_notices_seconds", "10"),
    ("tasks.catalog_seconds", "20"),
    ("tasks.audit_seconds", "20"),
    ("tasks.lock_seconds", "2"),
    ("tasks.lease_seconds", "2"),
    ("tasks.canary_seconds", "5"),
    // Longer than a pause and what a provider takes: see "What is not claimed".
    ("tasks.settle_patience_seconds", "7"),
    ("tasks.orphan_after_seconds", "2"),
    ("shutdown.drain_seconds", "0"),
    ("shutdown.grace_seconds", "10"),
    ("stripe.secret_key", "sk_test_sandbox"),
    ("stripe.webhook_secrets", "whsec_sandbox"),
    ("stripe.livemode", "false"),
    ("stripe.success_url", "https://shop.example/paid"),
    ("stripe.cancel_url", "https://shop.example/given-up"),
    ("heleket.merchant", "5a9d0c1e-0000-4000-8000-000000000001"),
    ("heleket.api_keys", "heleket_sandbox"),
    ("heleket.livemode", "false"),
    ("heleket.return_url", "https://shop.example/back"),
    ("heleket.success_url", "https://shop.example/paid"),
    ("duitku.merchant_code", "DSANDBOX"),
    ("duitku.api_keys", "duitku_sandbox"),
    ("duitku.livemode", "false"),
    ("duitku.shop_name", "Chaos"),
    ("duitku.email", "shop@shop.example"),
    ("duitku.return_url", "https://shop.example/back"),
    ("btcpay.api_key", "btcpay_sandbox"),
    ("btcpay.store_id", "SandboxStore"),
    ("btcpay.webhook_secrets", "btcpay_secret_sandbox"),
    ("btcpay.redirect_url", "https://shop.example/back"),
    ("btcpay.refund_method", "BTC-CHAIN"),
    ("rates.refresh_seconds", "5"),
    ("rates.max_age_seconds", "3600"),
    // One address makes all the load.
    ("limits.token_per_minute", "1000000"),
    ("limits.user_per_minute", "1000000"),
    ("limits.ip_per_minute", "1000000"),
    // Few customers make all of it, and most numbers get no message.
    ("abuse.unfinished_orders", "1000000"),
    ("abuse.cancels_per_day", "1000000"),
    ("abuse.soft_orders", "1000000"),
    ("abuse.hard_orders", "1000000"),
    ("log.format", "json"),
];

/// Where the world is met: `gateways` is where they are called, `public` where they call back.
pub(super) fn meeting_places(gateways: &str, public: &str) -> Vec<(String, String)> {
    vec![
        variable("ingest.public_url", public),
        variable("stripe.api_base", gateways),
        variable("heleket.api_base", format!("{gateways}/heleket")),
        variable("heleket.callback_url", format!("{public}/heleket")),
        variable("duitku.api_base", format!("{gateways}/duitku")),
        variable("duitku.callback_url", format!("{public}/duitku")),
        variable("btcpay.api_base", format!("{gateways}/btcpay")),
        variable("rates.source_url", format!("{gateways}/rates/usd-idr")),
    ]
}

/// What every binary of ours is told.
pub(super) fn common() -> Vec<(String, String)> {
    QUICK.iter().map(|(path, value)| variable(path, *value)).collect()
}

/// The environment variable of a key.
pub(super) fn variable(path: &str, value: impl Into<String>) -> (String, String) {
    (format!("SWITCHBOARD__{}", path.replace('.', "__").to_uppercase()), value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_settings_as_the_binaries_do() {
        let (name, value) = variable("orders.lifetime_seconds", "20");
        assert_eq!(name, "SWITCHBOARD__ORDERS__LIFETIME_SECONDS");
        assert!(common().contains(&(name, value)));
    }
}
