use domain::{ids::TopupId, money::Amount};
use serde_json::json;
use uuid::Uuid;

use super::*;

const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn topup() -> TopupId {
    TopupId::new(Uuid::parse_str(TOPUP).unwrap())
}

fn event(kind: &str, change: impl FnOnce(&mut Value)) -> Result<Option<Payment>, VerifyError> {
    let mut event = json!({
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "livemode": false,
        "api_version": "2020-08-27",
        "data": { "object": {
            "id": "cs_test_1",
            "object": "checkout.session",
            "amount_total": 5_000_000,
            "currency": "idr",
            "payment_status": "paid",
            "client_reference_id": TOPUP,
            "metadata": { "topup_id": TOPUP },
            "livemode": false,
        } },
    });
    change(&mut event);
    read(event.to_string().as_bytes(), false)
}

fn paid(change: impl FnOnce(&mut Value)) -> Payment {
    event("checkout.session.completed", |event| change(&mut event["data"]["object"]))
        .unwrap()
        .unwrap()
}

#[test]
fn reads_a_payment() {
    let expected = Payment {
        gateway: Gateway::Stripe,
        event_id: "evt_1".to_owned(),
        payment_id: "cs_test_1".to_owned(),
        topup: Some(topup()),
        kind: PaymentKind::Paid,
        amount: Amount::new(50_000),
    };
    assert_eq!(paid(|_| {}), expected);
}

#[test]
fn each_event_has_its_meaning() {
    for (kind, status, expected) in [
        ("completed", "paid", Some(PaymentKind::Paid)),
        ("completed", "unpaid", Some(PaymentKind::Processing)),
        ("async_payment_succeeded", "paid", Some(PaymentKind::Paid)),
        ("async_payment_failed", "unpaid", Some(PaymentKind::Failed)),
        ("expired", "unpaid", Some(PaymentKind::Expired)),
        ("invented_later", "paid", None),
    ] {
        let outcome = event(&format!("checkout.session.{kind}"), |event| {
            event["data"]["object"]["payment_status"] = json!(status);
        });
        assert_eq!(outcome.unwrap().map(|payment| payment.kind), expected, "{kind} {status}");
    }
}

#[test]
fn events_about_other_things_are_no_business_of_ours() {
    for kind in ["charge.refunded", "payment_intent.succeeded", "checkout.sessions", ""] {
        let outcome = event(kind, |event| event["data"]["object"] = json!({ "id": 7 }));
        assert_eq!(outcome, Ok(None), "{kind}");
    }
}

/// An operator has to look at it; crediting the face value would give money away.
#[test]
fn a_session_that_needed_no_payment_has_no_amount() {
    let payment = paid(|session| session["payment_status"] = json!("no_payment_required"));
    assert_eq!((payment.kind, payment.amount), (PaymentKind::Paid, None));
}

#[test]
fn only_whole_rupiah_are_an_amount() {
    for (currency, minor) in [
        (json!("usd"), json!(5_000_000)),
        (json!("IDR"), json!(5_000_000)),
        (json!(null), json!(5_000_000)),
        (json!("idr"), json!(5_000_001)),
        (json!("idr"), json!(0)),
        (json!("idr"), json!(-100)),
        (json!("idr"), json!(null)),
    ] {
        let payment = paid(|session| {
            session["currency"] = currency.clone();
            session["amount_total"] = minor.clone();
        });
        assert_eq!(payment.amount, None, "{currency} {minor}");
    }
}

#[test]
fn finds_our_reference_in_either_place() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    for (reference, metadata, expected) in [
        (json!(null), json!({ "topup_id": TOPUP }), Some(topup())),
        (json!("order 7"), json!({ "topup_id": TOPUP }), Some(topup())),
        (json!(TOPUP), json!(null), Some(topup())),
        (json!(TOPUP), json!({ "topup_id": other }), Some(topup())),
        (json!(null), json!({}), None),
        (json!(null), json!({ "topup_id": "7" }), None),
    ] {
        let payment = paid(|session| {
            session["client_reference_id"] = reference.clone();
            session["metadata"] = metadata.clone();
        });
        assert_eq!(payment.topup, expected, "{reference} {metadata}");
    }
}

/// Whatever the event is about: an endpoint of the other mode is a mistake to be noticed.
#[test]
fn refuses_the_other_mode() {
    for kind in ["checkout.session.completed", "charge.refunded"] {
        let outcome = event(kind, |event| event["livemode"] = json!(true));
        assert_eq!(outcome, Err(VerifyError::WrongMode));
    }
}

#[test]
fn refuses_what_is_no_event() {
    let broken: [fn(&mut Value); 8] = [
        |event| event["livemode"] = json!("false"),
        |event| event["data"] = json!(null),
        |event| event["id"] = json!(""),
        |event| event["id"] = json!("x".repeat(300)),
        |event| event["data"]["object"]["id"] = json!(null),
        |event| event["data"]["object"]["id"] = json!("cs 1"),
        |event| event["data"]["object"]["amount_total"] = json!("5000000"),
        |event| event["data"]["object"]["payment_status"] = json!("settled"),
    ];
    for change in broken {
        let outcome = event("checkout.session.completed", change);
        assert_eq!(outcome, Err(VerifyError::Unreadable));
    }
    for raw in [&b""[..], b"{}", b"[]", b"\xff", br#"{"id":"evt_1","id":"evt_2"}"#] {
        assert_eq!(read(raw, false), Err(VerifyError::Unreadable));
    }
}
