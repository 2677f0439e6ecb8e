use serde_json::{Value, json};

use super::*;

const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn request() -> CheckoutRequest {
    CheckoutRequest {
        topup: TopupId::new(Uuid::parse_str(TOPUP).unwrap()),
        amount: Amount::new(10_000).unwrap(),
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

fn answer(name: &str, value: Value) -> Result<Checkout, GatewayError> {
    let mut session = json!({
        "id": "cs_test_1",
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
        "amount_total": 1_000_000,
        "currency": "idr",
        "payment_status": "unpaid",
        "client_reference_id": TOPUP,
        "metadata": { "topup_id": TOPUP },
        "livemode": false,
    });
    session[name] = value;
    serde_json::from_value::<Session>(session).unwrap().checked(&request(), false)
}

#[test]
fn takes_the_session_it_asked_for() {
    let checkout = answer("payment_intent", json!(null)).unwrap();
    assert_eq!(checkout.payment_id, "cs_test_1");
    assert_eq!(checkout.url, "https://checkout.stripe.com/c/pay/cs_test_1");
}

#[test]
fn takes_no_other_session() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    for (name, value) in [
        ("livemode", json!(true)),
        ("amount_total", json!(10_000)),
        ("amount_total", json!(null)),
        ("currency", json!("usd")),
        ("client_reference_id", json!(other)),
        ("url", json!(null)),
        ("url", json!("javascript:alert(1)")),
        ("id", json!("")),
        ("id", json!("cs\n1")),
    ] {
        let outcome = answer(name, value.clone());
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{name} {value}: {outcome:?}");
    }
}
