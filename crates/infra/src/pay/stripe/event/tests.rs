use serde_json::json;

use super::*;

fn event(kind: &str, change: impl FnOnce(&mut Value)) -> Result<Option<Notice>, VerifyError> {
    let mut event = json!({
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "livemode": false,
        "api_version": "2020-08-27",
        "data": { "object": {
            "id": "cs_test_1",
            "object": "checkout.session",
            "payment_intent": "pi_1",
            "livemode": false,
        } },
    });
    change(&mut event);
    read(event.to_string().as_bytes(), false)
}

fn payment(kind: &str) -> Option<PaymentRef> {
    event(kind, |_| {}).unwrap().map(|notice| notice.payment)
}

#[test]
fn names_the_session() {
    let notice = event("checkout.session.completed", |_| {}).unwrap().unwrap();
    let expected = Notice {
        gateway: Gateway::Stripe,
        event_id: "evt_1".to_owned(),
        event_kind: "checkout.session.completed".to_owned(),
        payment: PaymentRef::Payment("cs_test_1".to_owned()),
    };
    assert_eq!(notice, expected);
}

#[test]
fn each_event_names_its_payment() {
    for kind in KINDS {
        let expected = if kind.starts_with("checkout.") {
            PaymentRef::Payment("cs_test_1".to_owned())
        } else {
            PaymentRef::Alias("pi_1".to_owned())
        };
        assert_eq!(payment(kind), Some(expected), "{kind}");
    }
    // What Stripe adds to these families later is about the same payments.
    assert!(payment("checkout.session.invented_later").is_some());
    assert!(payment("charge.dispute.invented_later").is_some());
}

#[test]
fn the_intent_may_be_written_out() {
    let notice = event("refund.created", |event| {
        event["data"]["object"]["payment_intent"] = json!({ "id": "pi_2", "status": "succeeded" });
    });
    assert_eq!(notice.unwrap().unwrap().payment, PaymentRef::Alias("pi_2".to_owned()));
}

#[test]
fn events_about_other_things_are_no_business_of_ours() {
    for kind in ["payment_intent.succeeded", "checkout.sessions", "chargeback", "customer.x", ""] {
        let outcome = event(kind, |event| event["data"]["object"] = json!({ "id": 7 }));
        assert_eq!(outcome, Ok(None), "{kind}");
    }
    for object in [json!({ "id": "ch_1" }), json!({ "payment_intent": null }), json!([])] {
        let outcome = event("charge.refunded", |event| event["data"]["object"] = object.clone());
        assert_eq!(outcome, Ok(None), "{object}");
    }
}

/// Whatever the event is about: an endpoint of the other mode is a mistake to be noticed.
#[test]
fn refuses_the_other_mode() {
    for kind in ["checkout.session.completed", "charge.refunded", "customer.created"] {
        let outcome = event(kind, |event| event["livemode"] = json!(true));
        assert_eq!(outcome, Err(VerifyError::WrongMode));
    }
}

#[test]
fn refuses_what_is_no_event() {
    let broken: [fn(&mut Value); 10] = [
        |event| event["livemode"] = json!("false"),
        |event| event["type"] = json!("checkout.session.\u{0}"),
        |event| event["data"] = json!(null),
        |event| event["id"] = json!(""),
        |event| event["id"] = json!("x".repeat(300)),
        |event| event["type"] = json!(7),
        |event| event["type"] = json!(format!("checkout.session.{}", "x".repeat(100))),
        |event| event["data"]["object"]["id"] = json!(null),
        |event| event["data"]["object"]["id"] = json!("cs/../../refunds"),
        |event| event["data"]["object"] = json!("cs_test_1"),
    ];
    for change in broken {
        let outcome = event("checkout.session.completed", change);
        assert_eq!(outcome, Err(VerifyError::Unreadable));
    }
    for intent in [json!(7), json!(""), json!("pi 1"), json!({}), json!(["pi_1"])] {
        let outcome = event("charge.refunded", |event| {
            event["data"]["object"]["payment_intent"] = intent.clone();
        });
        assert_eq!(outcome, Err(VerifyError::Unreadable), "{intent}");
    }
    let deep = ["[".repeat(200), "]".repeat(200)].concat();
    for raw in [&b""[..], b"{}", b"[]", b"\xff", br#"{"id":"evt_1","id":"evt_2"}"#, deep.as_bytes()]
    {
        assert_eq!(read(raw, false), Err(VerifyError::Unreadable));
    }
}
