//! Who may tell us anything.

use serde_json::json;

use super::till::{AMOUNT, Kind, Till};

pub(super) async fn stale(till: &Till<'_>) {
    let bill = till.bill().await;
    assert_eq!(till.pay(&bill, "stale").await, [400]);
    assert_eq!(till.state(&bill).await, "PENDING");
    till.look(&bill).await;
    till.paid(&bill).await;
}

/// What was signed for something else is refused. Where a signature leaves facts out, changing
/// them gains nothing: they are read from the gateway.
pub(super) async fn tampered(till: &Till<'_>) {
    let mut shapes = vec!["tampered", "wrong_secret"];
    match till.kind {
        Kind::Stripe => shapes.extend(["v0_only", "bad_header", "future"]),
        Kind::Heleket => shapes.extend(["unsigned", "bad_sign"]),
        Kind::Duitku => shapes.extend(["unsigned", "bad_sign", "other_algorithm"]),
        Kind::Btcpay => shapes.extend(["unsigned", "bad_header"]),
    }
    let customer = till.stack.customer(0).await;
    let mut bills = Vec::new();
    for shape in shapes {
        let bill = till.bill_for(customer.clone()).await;
        let told = till.pay(&bill, shape).await;
        let refused = told.first().is_some_and(|status| *status == till.kind.refusal());
        assert!(refused, "{shape}: {told:?}");
        // BTCPay tells of the invoice itself as well, genuinely and at any time.
        if till.kind != Kind::Btcpay {
            assert_eq!(till.state(&bill).await, "PENDING", "{shape}");
        }
        till.look(&bill).await;
        bills.push(bill);
    }
    for bill in &bills {
        till.becomes(bill, "PAID").await;
    }
    let all = i64::try_from(bills.len()).unwrap() * AMOUNT;
    assert_eq!(customer.balance().await, all, "each once");
    if till.kind == Kind::Duitku {
        let bill = till.bill().await;
        let told = till.act(&bill, "fail", json!({ "deliver": "tampered_result" })).await;
        assert_eq!(told.first(), Some(&200), "the signature does not cover the result");
        till.rests(&bill).await;
        assert_ne!(till.state(&bill).await, "PAID");
        assert_eq!(bill.customer.balance().await, 0);
    }
}

/// While a secret is being replaced both count.
pub(super) async fn rotation(till: &Till<'_>) {
    let bill = till.bill().await;
    match till.kind {
        Kind::Stripe => {
            till.pay(&bill, "two_secrets").await;
        }
        Kind::Btcpay => {
            let (old, new) = (till.stack.keys.btcpay_old.clone(), till.stack.keys.btcpay.clone());
            till.control("", json!({ "webhook_secret": old })).await;
            assert_eq!(till.pay(&bill, "fresh").await.first(), Some(&200));
            till.control("", json!({ "webhook_secret": new })).await;
        }
        Kind::Heleket | Kind::Duitku => {
            assert_eq!(till.pay(&bill, "old_secret").await.first(), Some(&200));
        }
    }
    till.paid(&bill).await;
}

/// Money of the other mode is none.
pub(super) async fn test_mode(till: &Till<'_>) {
    let bill = till.bill().await;
    let told = till.act(&bill, "pay", json!({ "livemode": true })).await;
    assert_eq!(told, [400]);
    till.rests(&bill).await;
    assert_eq!(till.state(&bill).await, "PENDING");
    assert_eq!(bill.customer.balance().await, 0);
}
