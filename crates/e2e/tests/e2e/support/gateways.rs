//! The gateways besides Stripe, set up at the sandbox.

use serde_json::json;

use super::{options::Keys, stack::Stack};

/// Our side: where they answer, and what we sign with.
pub(super) fn settings(
    sandbox: &str,
    ingest_port: u16,
    keys: &Keys,
) -> Vec<(&'static str, String)> {
    let shop = || "https://shop.example/paid".to_owned();
    let callback = |gateway: &str| format!("http://127.0.0.1:{ingest_port}/{gateway}");
    let list = |new: &str, old: &str| format!("{new},{old}");
    vec![
        ("heleket.api_base", format!("{sandbox}/heleket")),
        ("heleket.merchant", "5a9d0c1e-0000-4000-8000-000000000001".to_owned()),
        ("heleket.api_keys", list(&keys.heleket, &keys.heleket_old)),
        ("heleket.livemode", "false".to_owned()),
        ("heleket.callback_url", callback("heleket")),
        ("heleket.return_url", shop()),
        ("heleket.success_url", shop()),
        ("duitku.api_base", format!("{sandbox}/duitku")),
        ("duitku.merchant_code", "DSANDBOX".to_owned()),
        ("duitku.api_keys", list(&keys.duitku, &keys.duitku_old)),
        ("duitku.livemode", "false".to_owned()),
        ("duitku.shop_name", "Switchboard".to_owned()),
        ("duitku.email", "shop@example.com".to_owned()),
        ("duitku.callback_url", callback("duitku")),
        ("duitku.return_url", shop()),
        ("btcpay.api_base", format!("{sandbox}/btcpay")),
        ("btcpay.api_key", keys.btcpay_key.clone()),
        ("btcpay.store_id", "SandboxStore".to_owned()),
        ("btcpay.webhook_secrets", list(&keys.btcpay, &keys.btcpay_old)),
        ("btcpay.redirect_url", shop()),
        ("btcpay.refund_method", "BTC-CHAIN".to_owned()),
    ]
}

/// Their side: where we listen, and which keys are being replaced.
pub(super) async fn introduce(stack: &Stack) {
    let keys = &stack.keys;
    let heleket = json!({ "keys": [keys.heleket, keys.heleket_old], "callback_retry_ms": 300 });
    stack.sandbox.control("heleket", heleket).await;
    let duitku = json!({ "keys": [keys.duitku, keys.duitku_old], "callback_retry_ms": 300 });
    stack.sandbox.control("duitku", duitku).await;
    let url = format!("{}/btcpay", stack.ingest.url);
    stack.sandbox.control("btcpay", json!({ "webhook_url": url, "second_ms": 50 })).await;
}
