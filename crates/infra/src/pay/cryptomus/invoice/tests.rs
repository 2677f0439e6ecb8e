use domain::{gateways::PaymentStatus, money::Amount};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn topup() -> TopupId {
    TopupId::new(Uuid::parse_str(TOPUP).unwrap())
}

fn usd(micros: i64) -> Money {
    Money::usd(Amount::new(micros).unwrap())
}

fn request() -> CheckoutRequest {
    CheckoutRequest { topup: topup(), charge: usd(25_000_000) }
}

fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
    let mut invoice = json!({
        "uuid": "70b8db5c-b952-406d-af26-4e1c34c27f15",
        "order_id": TOPUP,
        "amount": "25.00",
        "currency": "USD",
        "payment_amount": "0.00",
        "payer_amount": null,
        "payer_currency": null,
        "network": null,
        "payment_status": "check",
        "status": "check",
        "url": "https://pay.example/pay/70b8db5c",
        "expired_at": 1_764_000_000,
        "is_final": false,
        "additional_data": null,
    });
    change(&mut invoice);
    serde_json::from_value(invoice).unwrap()
}

/// The report of an invoice with `status` for which `paid` of `due` coins, worth `value`, came.
fn paid(status: &str, paid: &str, due: &str, value: Option<&str>) -> PaymentReport {
    let invoice = invoice(|it| {
        it["status"] = json!(status);
        it["is_final"] = json!(true);
        it["payment_amount"] = json!(paid);
        it["payer_amount"] = json!(due);
        it["payment_amount_usd"] = json!(value);
    });
    invoice.report().unwrap()
}

#[test]
fn asks_for_what_is_to_be_paid() {
    let pages = Pages {
        callback: "https://hooks.example/heleket".to_owned(),
        back: "https://app.example/back".to_owned(),
        success: "https://app.example/ok".to_owned(),
    };
    let body = creation(Gateway::Heleket, &request(), &pages, 3600).unwrap();
    assert!(body.contains(r#""url_callback":"https:\/\/hooks.example\/heleket""#), "{body}");
    let expected = json!({
        "amount": "25.00",
        "currency": "USD",
        "order_id": TOPUP,
        "url_callback": "https://hooks.example/heleket",
        "url_return": "https://app.example/back",
        "url_success": "https://app.example/ok",
        "lifetime": 3600,
        "is_payment_multiple": true,
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    for charge in [usd(25_000_001), Money::idr(Amount::new(50_000).unwrap())] {
        let request = CheckoutRequest { charge, ..request() };
        assert_eq!(creation(Gateway::Heleket, &request, &pages, 3600), None, "{charge}");
    }
}

#[test]
fn answers_the_page_to_pay_on() {
    let checkout = invoice(|_| {}).checkout(&request()).unwrap();
    let expected = Checkout {
        payment_id: "70b8db5c-b952-406d-af26-4e1c34c27f15".to_owned(),
        url: "https://pay.example/pay/70b8db5c".to_owned(),
        expires_at: DateTime::from_timestamp(1_764_000_000, 0),
    };
    assert_eq!(checkout, expected);
}

#[test]
fn another_invoice_than_asked_for_is_refused() {
    let changes: [(&str, Value); 9] = [
        ("amount", json!("24.99")),
        ("amount", json!("2500")),
        ("currency", json!("EUR")),
        ("currency", json!("usd")),
        ("order_id", json!("0198c2d1-0000-7000-8000-000000000002")),
        ("order_id", json!(null)),
        ("uuid", json!("")),
        ("url", json!(null)),
        ("url", json!("javascript:alert(1)")),
    ];
    for (member, value) in changes {
        let outcome = invoice(|it| it[member] = value.clone()).checkout(&request());
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{member} {value}: {outcome:?}");
    }
}

#[test]
fn reports_what_it_is() {
    let report = invoice(|_| {}).report().unwrap();
    let expected = PaymentReport {
        payment_id: "70b8db5c-b952-406d-af26-4e1c34c27f15".to_owned(),
        topup: Some(topup()),
        status: PaymentStatus::Open,
        charge: Some(usd(25_000_000)),
        received: None,
        refunds: Vec::new(),
        disputes: Vec::new(),
    };
    assert_eq!(report, expected);
}

/// What arrived is taken over to the last unit, and never more than that.
#[test]
fn values_what_arrived_as_the_gateway_does() {
    for (status, coins, due, value, received) in [
        // Exact, whatever the rate has become since.
        ("paid", "0.00041", "0.00041000", Some("24.87"), Some(25_000_000)),
        ("paid", "0", "0", None, Some(25_000_000)),
        // Too much: the excess too, but never less than what was asked for.
        ("paid_over", "30", "25", Some("30.123456"), Some(30_123_456)),
        ("paid_over", "30", "25", Some("30.1234569"), Some(30_123_456)),
        ("paid_over", "30", "25", None, Some(30_000_000)),
        ("paid_over", "26", "25", Some("24.99"), Some(25_000_000)),
        ("paid_over", "0", "0", None, Some(25_000_000)),
        // Too little.
        ("wrong_amount", "10", "25", Some("9.99"), Some(9_990_000)),
        ("wrong_amount", "10", "25", None, Some(10_000_000)),
        ("wrong_amount", "1", "3", None, Some(8_333_333)),
        ("wrong_amount", "24.9", "25", Some("25.40"), Some(25_000_000)),
        ("wrong_amount", "0", "25", Some("0.00"), None),
        ("wrong_amount", "0.00000000", "25", None, None),
        ("wrong_amount_waiting", "10", "25", Some("9.99"), Some(9_990_000)),
        // Refunds: whatever had arrived.
        ("refund_process", "25", "25", Some("25.02"), None),
        ("refund_paid", "25", "25", Some("25.02"), Some(25_000_000)),
        ("refund_paid", "10", "25", Some("9.99"), Some(9_990_000)),
        ("refund_fail", "30", "25", Some("30.00"), Some(30_000_000)),
        ("refund_paid", "0", "25", Some("0"), None),
        // Not for good.
        ("check", "25", "25", Some("25"), None),
        ("confirm_check", "25", "25", Some("25"), None),
        ("cancel", "0", "25", None, None),
        ("fail", "25", "25", Some("25"), None),
        ("system_fail", "25", "25", Some("25"), None),
        ("locked", "25", "25", Some("25"), None),
    ] {
        let report = paid(status, coins, due, value);
        assert_eq!(report.received, received.map(usd), "{status} {coins}/{due} {value:?}");
        assert_eq!(report.charge, Some(usd(25_000_000)));
    }
}

/// A refund that failed can be tried again, and nothing tells the two tries apart: what counts is
/// that it is done, which happens once.
#[test]
fn a_refund_is_of_all_that_arrived_once_it_is_done() {
    let report = paid("refund_paid", "10", "25", Some("10.00"));
    let refund = RefundReport {
        id: "70b8db5c-b952-406d-af26-4e1c34c27f15:refund".to_owned(),
        refund: None,
        amount: usd(10_000_000),
        state: RefundState::Done,
    };
    assert_eq!((report.status, report.refunds), (PaymentStatus::Settled, vec![refund]));
    for status in
        ["refund_process", "refund_fail", "paid", "paid_over", "wrong_amount", "locked", "cancel"]
    {
        assert_eq!(paid(status, "10", "25", Some("10.00")).refunds, [], "{status}");
    }
}

/// Nothing is known of it, rather than a guess.
#[test]
fn unstated_sums_are_asked_for_again() {
    for (coins, due, value) in [
        (json!(null), json!(null), json!(null)),
        (json!("10"), json!(null), json!(null)),
        (json!("10"), json!("0"), json!(null)),
        (json!("1e1"), json!("25"), json!("")),
        (json!(10.5), json!("25"), json!(null)),
        (json!("-10"), json!("25"), json!("NaN")),
        (json!("0.00000001"), json!("25"), json!(null)),
        (json!("10"), json!("25"), json!("99999999999999999999")),
    ] {
        for status in ["wrong_amount", "refund_paid"] {
            let invoice = invoice(|it| {
                it["status"] = json!(status);
                it["is_final"] = json!(true);
                it["payment_amount"] = coins.clone();
                it["payer_amount"] = due.clone();
                it["payment_amount_usd"] = value.clone();
            });
            let expected = Err(GatewayError::Unavailable("what arrived is not stated"));
            assert_eq!(invoice.report(), expected, "{status} {coins} {due} {value}");
        }
    }
}

#[test]
fn a_charge_that_we_could_not_have_asked_for_is_none() {
    for (amount, currency) in
        [("25.00", "EUR"), ("25.00", "USDT"), ("0", "USD"), ("25.0000001", "USD")]
    {
        let report = invoice(|it| {
            it["amount"] = json!(amount);
            it["currency"] = json!(currency);
            it["status"] = json!("paid");
            it["is_final"] = json!(true);
        });
        let report = report.report().unwrap();
        assert_eq!((report.charge, report.received), (None, None), "{amount} {currency}");
    }
}

#[test]
fn only_our_own_references_are_ours() {
    for reference in [json!(null), json!("top_01"), json!(TOPUP.to_uppercase()), json!("")] {
        let report = invoice(|it| it["order_id"] = reference.clone()).report().unwrap();
        assert_eq!(report.topup, None, "{reference}");
    }
}

#[test]
fn unknown_words_and_ids_are_asked_for_again() {
    let changes: [fn(&mut Value); 4] = [
        |it| it["status"] = json!("settled"),
        |it| {
            it["status"] = json!(null);
            it["payment_status"] = json!(null);
        },
        |it| it["uuid"] = json!("a b"),
        |it| it["uuid"] = json!("x".repeat(300)),
    ];
    for change in changes {
        let outcome = invoice(change).report();
        assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    }
    let report = invoice(|it| it["status"] = json!(null)).report().unwrap();
    assert_eq!(report.status, PaymentStatus::Open, "the other name of the member counts then");
}
