use domain::money::Amount;
use serde_json::{Value, json};

use super::*;

const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn request() -> CheckoutRequest {
    CheckoutRequest {
        topup: TopupId::parse(TOPUP).unwrap(),
        charge: Money::idr(Amount::new(10_000).unwrap()),
    }
}

/// The form as Stripe reads it; the brackets of the names arrive escaped.
#[test]
fn asks_for_a_session_as_documented() {
    let pages = Pages {
        success: "https://app/ok?session_id={CHECKOUT_SESSION_ID}".to_owned(),
        cancel: "https://app/cancel".to_owned(),
    };
    let form = creation_form(&request(), &pages).unwrap();
    let read: Vec<(String, String)> =
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let expected = [
        ("mode", "payment"),
        ("client_reference_id", TOPUP),
        ("success_url", "https://app/ok?session_id={CHECKOUT_SESSION_ID}"),
        ("cancel_url", "https://app/cancel"),
        ("adaptive_pricing[enabled]", "false"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "idr"),
        ("line_items[0][price_data][unit_amount]", "1000000"),
        ("line_items[0][price_data][product_data][name]", "Balance top-up"),
        ("metadata[topup_id]", TOPUP),
        ("payment_intent_data[metadata][topup_id]", TOPUP),
    ];
    assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(creation_form(&request(), &pages).unwrap(), form);
}

fn session(change: impl FnOnce(&mut Value)) -> Session {
    let mut session = json!({
        "id": "cs_test_1",
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
        "amount_total": 1_000_000,
        "currency": "idr",
        "status": "open",
        "payment_status": "unpaid",
        "client_reference_id": TOPUP,
        "metadata": { "topup_id": TOPUP },
        "expires_at": 1_763_686_400,
        "livemode": false,
    });
    change(&mut session);
    serde_json::from_value(session).unwrap()
}

#[test]
fn takes_the_session_it_asked_for() {
    let checkout = session(|it| it["payment_intent"] = json!(null)).checked(&request()).unwrap();
    assert_eq!(checkout.payment_id, "cs_test_1");
    assert_eq!(checkout.url, "https://checkout.stripe.com/c/pay/cs_test_1");
    assert_eq!(checkout.expires_at, DateTime::from_timestamp(1_763_686_400, 0));
}

#[test]
fn takes_no_other_session() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    for (name, value) in [
        ("amount_total", json!(10_000)),
        ("amount_total", json!(null)),
        ("currency", json!("usd")),
        ("client_reference_id", json!(other)),
        ("url", json!(null)),
        ("url", json!("javascript:alert(1)")),
        ("id", json!("")),
        ("id", json!("cs\n1")),
        ("id", json!("cs/../1")),
    ] {
        let outcome = session(|it| it[name] = value.clone()).checked(&request());
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{name} {value}: {outcome:?}");
    }
}

#[test]
fn takes_no_session_of_the_other_mode() {
    assert!(session(|_| {}).of_mode(false).is_ok());
    assert!(matches!(session(|_| {}).of_mode(true), Err(GatewayError::Refused(_))));
}

#[test]
fn only_a_sum_we_could_have_asked_for_is_a_charge() {
    for (currency, minor, expected) in [
        (json!("idr"), json!(5_000_000), Some(Money::idr(Amount::new(50_000).unwrap()))),
        (json!("usd"), json!(315), Some(Money::usd(Amount::new(3_150_000).unwrap()))),
        (json!("eur"), json!(5_000_000), None),
        (json!("IDR"), json!(5_000_000), None),
        (json!(null), json!(5_000_000), None),
        (json!("idr"), json!(5_000_001), None),
        (json!("idr"), json!(0), None),
        (json!("idr"), json!(-100), None),
        (json!("idr"), json!(null), None),
    ] {
        let session = session(|it| {
            it["currency"] = currency.clone();
            it["amount_total"] = minor.clone();
        });
        assert_eq!(session.charge(), expected, "{currency} {minor}");
    }
}

#[test]
fn finds_our_reference_in_either_place() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    let topup = Some(request().topup);
    for (reference, metadata, expected) in [
        (json!(null), json!({ "topup_id": TOPUP }), topup),
        (json!("order 7"), json!({ "topup_id": TOPUP }), topup),
        (json!(TOPUP), json!(null), topup),
        (json!(TOPUP), json!({ "topup_id": other }), topup),
        (json!(null), json!({}), None),
        (json!(null), json!({ "topup_id": "7" }), None),
    ] {
        let session = session(|it| {
            it["client_reference_id"] = reference.clone();
            it["metadata"] = metadata.clone();
        });
        assert_eq!(session.topup(), expected, "{reference} {metadata}");
    }
}

fn intent(status: &str, received: i64, currency: &str) -> Value {
    json!({
        "id": "pi_1", "status": status, "amount_received": received, "currency": currency,
    })
}

#[test]
fn the_intent_says_what_arrived() {
    let all = Some(Money::idr(Amount::new(10_000).unwrap()));
    let part = Some(Money::idr(Amount::new(4_000).unwrap()));
    for (status, intent, expected) in [
        ("paid", intent("succeeded", 1_000_000, "idr"), all),
        ("unpaid", intent("succeeded", 1_000_000, "idr"), all),
        ("paid", intent("succeeded", 400_099, "idr"), part),
        ("paid", intent("succeeded", 1_000_000, "eur"), None),
        ("paid", intent("succeeded", 0, "idr"), None),
        // Not written out, so that the session's word counts.
        ("paid", json!("pi_1"), all),
        ("unpaid", json!("pi_1"), None),
        ("no_payment_required", json!("pi_1"), None),
        ("no_payment_required", json!(null), None),
        ("paid", json!(null), None),
    ] {
        let session = session(|it| {
            it["payment_status"] = json!(status);
            it["payment_intent"] = intent.clone();
        });
        assert_eq!(session.received(), expected, "{status} {intent}");
    }
}

#[test]
fn reads_how_the_payment_stands() {
    for (status, payment, intent, expected) in [
        ("open", "unpaid", json!(null), Some(PaymentStatus::Open)),
        ("complete", "unpaid", json!("pi_1"), Some(PaymentStatus::Processing)),
        ("complete", "unpaid", intent("canceled", 0, "idr"), Some(PaymentStatus::Canceled)),
        ("complete", "paid", intent("succeeded", 1, "idr"), Some(PaymentStatus::Settled)),
        ("complete", "owed", json!(null), None),
    ] {
        let session = session(|it| {
            it["status"] = json!(status);
            it["payment_status"] = json!(payment);
            it["payment_intent"] = intent.clone();
        });
        assert_eq!(session.payment(), expected, "{status} {payment} {intent}");
    }
}

#[test]
fn an_id_can_stand_in_an_address() {
    for id in ["cs_test_a1B2", "pi_1", "x"] {
        assert!(is_id(id), "{id}");
    }
    for id in ["", "cs 1", "../refunds", "cs?x", "cs#1", "cs%2e", "ü", &"x".repeat(256)] {
        assert!(!is_id(id), "{id}");
    }
    let session = session(|it| it["payment_intent"] = json!("pi_1/confirm"));
    assert_eq!(session.intent(), None);
}
