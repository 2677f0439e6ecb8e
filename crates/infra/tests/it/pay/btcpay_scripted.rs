//! The BTCPay adapter against answers written down in the test.

use std::time::Duration;

use domain::{
    gateways::{
        CheckoutRequest, GatewayError, PaymentGateway, PaymentRef, PaymentStatus, RefundRequest,
        RefundState,
    },
    ids::RefundId,
    money::{Amount, Currency, Money},
};
use infra::pay::btcpay::{Btcpay, BtcpaySettings};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    scripted::{Asked, with},
    topup,
};

fn btcpay(api_base: String) -> Btcpay {
    let settings = BtcpaySettings {
        api_base,
        api_key: "key_0123".into(),
        store_id: "Store1".to_owned(),
        webhook_secrets: vec!["secret".into()],
        currency: Currency::Usd,
        redirect_url: "https://app.example/ok".to_owned(),
        payment_methods: Vec::new(),
        refund_method: Some("BTC-CHAIN".to_owned()),
        page_life: Duration::from_mins(30),
        timeout: Duration::from_secs(5),
    };
    Btcpay::new(settings).unwrap()
}

fn usd(micros: i64) -> Money {
    Money::usd(Amount::new(micros).unwrap())
}

fn request() -> CheckoutRequest {
    CheckoutRequest { topup: topup(1), charge: usd(25_000_000) }
}

fn invoice(change: impl FnOnce(&mut Value)) -> Value {
    let mut invoice = json!({
        "id": "INV1", "storeId": "Store1", "amount": "25.00", "paidAmount": "0",
        "currency": "USD", "checkoutLink": "https://pay.example/i/INV1",
        "createdTime": 1_763_600_000, "expirationTime": 1_763_601_800,
        "status": "New", "additionalStatus": "None",
        "metadata": { "orderId": topup(1).to_string() },
    });
    change(&mut invoice);
    invoice
}

fn settled() -> Value {
    invoice(|it| {
        it["status"] = json!("Settled");
        it["paidAmount"] = json!("25.00");
    })
}

fn ok(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

fn paths(asked: &[Asked]) -> Vec<&str> {
    asked.iter().map(|(path, _, _)| path.as_str()).collect()
}

#[tokio::test]
async fn looks_before_it_opens() {
    let answers = vec![ok(&json!([])), ok(&invoice(|_| {}))];
    let (outcome, asked) =
        with(answers, async |base| btcpay(base).create_checkout(&request()).await).await;
    assert_eq!(outcome.unwrap().payment_id, "INV1");
    let look = format!("/api/v1/stores/Store1/invoices?orderId={}&includeArchived=true", topup(1));
    assert_eq!(paths(&asked), [look.as_str(), "/api/v1/stores/Store1/invoices"]);
    assert!(asked.iter().all(|(_, headers, _)| headers["authorization"] == "token key_0123"));
    let body: Value = serde_json::from_slice(&asked[1].2).unwrap();
    assert_eq!((&body["amount"], &body["currency"]), (&json!("25.00"), &json!("USD")));
    assert_eq!(asked[1].1["content-type"], "application/json");
}

/// It is asked again only for what it has, never to open once more.
#[tokio::test]
async fn opens_once_whatever_the_answer() {
    for lost in [
        (500, String::new()),
        (408, String::new()),
        (429, String::new()),
        (200, "<html>".to_owned()),
        (200, "{}".to_owned()),
    ] {
        let answers = vec![ok(&json!([])), lost.clone(), ok(&json!([]))];
        let (outcome, asked) =
            with(answers, async |base| btcpay(base).create_checkout(&request()).await).await;
        assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{lost:?}: {outcome:?}");
        assert_eq!(asked.len(), 3, "{lost:?}");
        assert_eq!(asked.iter().filter(|(_, _, body)| !body.is_empty()).count(), 1);
    }
}

#[tokio::test]
async fn a_refusal_is_final() {
    let members = json!([{ "path": "amount", "message": "key_0123" }]);
    for (code, body) in [(400, members.clone()), (422, members), (401, json!({})), (307, json!({}))]
    {
        let answers = vec![ok(&json!([])), (code, body.to_string())];
        let (outcome, asked) =
            with(answers, async |base| btcpay(base).create_checkout(&request()).await).await;
        let Err(GatewayError::Refused(why)) = outcome else { panic!("{code}: {outcome:?}") };
        assert!(!why.contains("0123"));
        assert_eq!(asked.len(), 2, "{code}");
    }
}

#[tokio::test]
async fn takes_no_invoice_of_another_store_or_topup() {
    let foreign = invoice(|it| it["storeId"] = json!("Store2"));
    let others = invoice(|it| it["metadata"]["orderId"] = json!(topup(2).to_string()));
    for listed in [&foreign, &others] {
        let answers = vec![ok(&json!([listed])), ok(&invoice(|_| {}))];
        let (outcome, asked) =
            with(answers, async |base| btcpay(base).create_checkout(&request()).await).await;
        assert_eq!((outcome.is_ok(), asked.len()), (true, 2), "{listed}");
        let answers = vec![ok(&json!([])), ok(listed)];
        let (outcome, _) =
            with(answers, async |base| btcpay(base).create_checkout(&request()).await).await;
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
    }
    let by_id = PaymentRef::Payment("INV1".to_owned());
    let (outcome, _) =
        with(vec![ok(&foreign)], async |base| btcpay(base).fetch(&by_id).await).await;
    assert_eq!(outcome, Ok(None));
}

#[tokio::test]
async fn of_several_pages_the_one_with_money_counts() {
    let paid = invoice(|it| {
        it["id"] = json!("INV2");
        it["createdTime"] = json!(1_763_600_005);
        it["status"] = json!("Processing");
        it["paidAmount"] = json!("25.00");
    });
    let answers = vec![ok(&json!([paid, invoice(|_| {})])), ok(&json!([]))];
    let ours = PaymentRef::Topup(topup(1));
    let (outcome, _) = with(answers, async |base| btcpay(base).fetch(&ours).await).await;
    let report = outcome.unwrap().unwrap();
    assert_eq!((report.payment_id.as_str(), report.status), ("INV2", PaymentStatus::Processing));
}

#[tokio::test]
async fn a_missing_invoice_is_told_from_a_missing_server() {
    let by_id = PaymentRef::Payment("INV1".to_owned());
    let missing = json!({ "code": "invoice-not-found", "message": "" });
    for (body, is_missing) in [(missing, true), (json!({}), false), (json!("<html>"), false)] {
        let answers = vec![(404, body.to_string())];
        let (outcome, _) = with(answers, async |base| btcpay(base).fetch(&by_id).await).await;
        assert_eq!(outcome == Ok(None), is_missing, "{body}: {outcome:?}");
        assert_eq!(outcome.is_err(), !is_missing);
    }
}

#[tokio::test]
async fn no_report_is_better_than_a_guess() {
    let by_id = PaymentRef::Payment("INV1".to_owned());
    for broken in [
        invoice(|it| it["status"] = json!("Frozen")),
        invoice(|it| it["paidAmount"] = json!("1e3")),
        invoice(|it| it["paidAmount"] = json!(25.0)),
        invoice(|it| it["amount"] = json!(null)),
    ] {
        let (outcome, _) =
            with(vec![ok(&broken)], async |base| btcpay(base).fetch(&by_id).await).await;
        assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{broken}: {outcome:?}");
    }
}

/// A store has all its pull payments on one list, newest first, which grows over the years. Its
/// start is enough, and is enough for a while.
#[tokio::test]
async fn a_long_list_of_refunds_is_read_in_part_and_once() {
    let pull = |number: u32, name: &str| {
        json!({
            "id": format!("PP{number}"), "name": name, "description": "x".repeat(400),
            "currency": "USD", "amount": "1.00", "archived": false, "viewLink": null,
        })
    };
    let mut pulls = vec![pull(0, "Refund INV1")];
    pulls.extend((1..5_000).map(|number| pull(number, "Refund INV2")));
    pulls.push(pull(5_000, "Refund INV1"));
    let methods = json!([{
        "currency": "BTC", "totalPaid": "0.001", "payments": [{ "status": "Settled" }],
    }]);
    let payouts = json!([{ "state": "Completed", "originalAmount": "1.00" }]);
    let answers = vec![
        ok(&settled()),
        ok(&methods),
        ok(&json!(pulls)),
        ok(&payouts),
        ok(&settled()),
        ok(&methods),
        ok(&payouts),
    ];
    let by_id = PaymentRef::Payment("INV1".to_owned());
    let (reports, asked) = with(answers, async |base| {
        let btcpay = btcpay(base);
        [btcpay.fetch(&by_id).await, btcpay.fetch(&by_id).await]
    })
    .await;
    let [first, second] = reports.map(|report| report.unwrap().unwrap());
    assert_eq!(first, second);
    let [refund] = &first.refunds[..] else { panic!("{:?}", first.refunds) };
    assert_eq!((refund.id.as_str(), refund.state), ("PP0", RefundState::Done));
    assert_eq!(refund.amount, usd(1_000_000));
    let expected = [
        "/api/v1/stores/Store1/invoices/INV1",
        "/api/v1/stores/Store1/invoices/INV1/payment-methods",
        "/api/v1/stores/Store1/pull-payments?includeArchived=true",
        "/api/v1/pull-payments/PP0/payouts",
        "/api/v1/stores/Store1/invoices/INV1",
        "/api/v1/stores/Store1/invoices/INV1/payment-methods",
        "/api/v1/pull-payments/PP0/payouts",
    ];
    assert_eq!(paths(&asked), expected);
}

/// Not to find it would give back twice.
#[tokio::test]
async fn a_refund_made_long_ago_is_found_before_it_is_made_again() {
    let pull = |number: u32, name: &str| {
        json!({
            "id": format!("PP{number}"), "name": name, "description": "x".repeat(400),
            "currency": "USD", "amount": "10.00", "archived": false, "viewLink": null,
        })
    };
    let refund = RefundId::new(Uuid::from_u128(7));
    let mut pulls: Vec<Value> = (1..5_000).map(|number| pull(number, "Refund INV2")).collect();
    pulls.push(pull(5_000, &format!("Refund {refund}")));
    let answers = vec![ok(&settled()), ok(&json!(pulls)), ok(&json!([]))];
    let request = RefundRequest {
        refund,
        topup: topup(1),
        payment_id: "INV1".to_owned(),
        amount: usd(10_000_000),
    };
    let (outcome, asked) = with(answers, async |base| btcpay(base).refund(&request).await).await;
    assert_eq!(outcome.unwrap().report.id, "PP5000");
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_refund_is_asked_for_once() {
    let request = RefundRequest {
        refund: RefundId::new(Uuid::from_u128(7)),
        topup: topup(1),
        payment_id: "INV1".to_owned(),
        amount: usd(10_000_000),
    };
    for (code, body, is_refused) in [
        (400, json!({ "code": "non-refundable" }), true),
        (422, json!([{ "path": "customAmount" }]), true),
        (401, json!({}), false),
        (403, json!({ "code": "missing-permission" }), false),
        (404, json!({ "code": "invoice-not-found" }), false),
        (429, json!({}), false),
        (500, json!({}), false),
        (200, json!({}), false),
    ] {
        let answers = vec![ok(&settled()), ok(&json!([])), (code, body.to_string())];
        let (outcome, asked) =
            with(answers, async |base| btcpay(base).refund(&request).await).await;
        let refused = matches!(outcome, Err(GatewayError::Refused(_)));
        assert!(outcome.is_err() && refused == is_refused, "{code}: {outcome:?}");
        assert_eq!(asked.len(), 3, "{code}");
    }
}
