use sandbox::sign_duitku;
use serde_json::json;

use super::{
    KEY, MD5, MERCHANT, call, code, form, inquiry, open, post, question, result, sandbox, truth,
};
use crate::support::Receiver;

#[tokio::test]
async fn opens_and_shows_a_transaction() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let opened = open(&sandbox, "top_01", &receiver).await;
    let reference = opened["reference"].as_str().unwrap();
    assert!(reference.starts_with(MERCHANT));
    assert_eq!(opened["paymentUrl"], format!("{}/duitku/pay/{reference}", sandbox.base));
    assert_eq!((&opened["amount"], &opened["vaNumber"]), (&json!("25000"), &json!(null)));
    assert!(opened["qrString"].as_str().unwrap().ends_with(reference));
    let mut account = inquiry("top_02", &receiver);
    account["paymentMethod"] = json!("BC");
    account["paymentAmount"] = json!("25000");
    account["itemDetails"] = json!([{ "name": "a", "price": "25000", "quantity": 1 }]);
    let (_, account) = call(&sandbox, "v2/inquiry", &account).await;
    assert_eq!(account["vaNumber"].as_str().unwrap().len(), 16, "{account}");

    let (_, standing) = call(&sandbox, "transactionStatus", &question("top_01")).await;
    let expected = json!({
        "merchantOrderId": "top_01", "reference": reference, "amount": "25000", "fee": "0.00",
        "statusCode": "01", "statusMessage": "PROCESS",
    });
    assert_eq!(standing, expected);
}

#[tokio::test]
async fn refuses_what_breaks_a_rule() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let items = json!([{ "name": "a", "price": 24_999, "quantity": 1 }]);
    for (member, value, status) in [
        ("signature", json!("00"), 401),
        ("merchantOrderId", json!("top_02"), 401),
        ("paymentAmount", json!(25_001), 401),
        ("merchantCode", json!("DOTHER"), 404),
        ("paymentMethod", json!("QRIS"), 400),
        ("email", json!("nobody"), 400),
        ("callbackUrl", json!("shop.test"), 400),
        ("expiryPeriod", json!(0), 400),
        ("productDetails", json!(""), 400),
        ("productDetails", json!("x".repeat(256)), 400),
        ("paymentAmount", json!(25_000.5), 400),
        ("colour", json!("red"), 400),
        ("itemDetails", items, 409),
    ] {
        let mut body = inquiry("top_01", &receiver);
        body[member] = value;
        let (got, answer) = call(&sandbox, "v2/inquiry", &body).await;
        assert_eq!(got, status, "{member}: {answer}");
        assert!(answer["Message"].is_string());
    }
    let mut small = inquiry("top_01", &receiver);
    small["paymentAmount"] = json!(9_999);
    small["signature"] = json!(sign_duitku(MD5, KEY, &[MERCHANT, "top_01", "9999"]));
    assert_eq!(call(&sandbox, "v2/inquiry", &small).await.0, 400);
    let mut forged = question("top_01");
    forged["signature"] = json!(sign_duitku(MD5, KEY, &[MERCHANT, "top_02"]));
    assert_eq!(call(&sandbox, "transactionStatus", &forged).await.0, 401);
    assert_eq!(call(&sandbox, "transactionStatus", &question("top_01")).await.0, 404);
    assert_eq!(call(&sandbox, "refund", &json!({})).await.0, 404);
    assert_eq!(sandbox.state().await["duitku"]["transactions"], json!([]));
}

#[tokio::test]
async fn refuses_or_opens_a_second_transaction_for_an_order() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let first = open(&sandbox, "top_01", &receiver).await;
    let (status, second) = call(&sandbox, "v2/inquiry", &inquiry("top_01", &receiver)).await;
    assert_eq!((status, &second["statusCode"]), (200, &json!("01")), "{second}");
    assert_eq!(second["paymentUrl"], "");

    sandbox.control("duitku", json!({ "repeats": "open" })).await;
    let second = open(&sandbox, "top_01", &receiver).await;
    assert_ne!(first["reference"], second["reference"]);
    for opened in [&first, &second] {
        sandbox.control("duitku/pay", json!({ "reference": opened["reference"] })).await;
        assert_eq!(result(&mut receiver).await, "00");
        assert_eq!(code(&sandbox, "top_01").await, "00");
    }
    let paid: u64 =
        truth(&sandbox, "top_01").await.iter().map(|it| it["paid"].as_u64().unwrap()).sum();
    assert_eq!(paid, 50_000);
}

#[tokio::test]
async fn ends_without_money_by_failure_and_by_time() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for order in ["failed", "expired", "late"] {
        open(&sandbox, order, &receiver).await;
    }
    sandbox.control("duitku/fail", json!({ "order_id": "failed" })).await;
    assert_eq!(result(&mut receiver).await, "01");
    sandbox.control("duitku/expire", json!({ "order_id": "expired" })).await;
    sandbox.advance(3600).await;
    for order in ["failed", "expired", "late"] {
        assert_eq!(code(&sandbox, order).await, "02", "{order}");
    }
    assert!(receiver.is_empty());
    let late = json!({ "order_id": "late", "kind": "late" });
    sandbox.control("duitku/pay", late).await;
    assert_eq!(result(&mut receiver).await, "00");
    assert_eq!(code(&sandbox, "late").await, "00");
    assert_eq!(truth(&sandbox, "late").await[0]["payments"][0]["is_late"], true);
    let late = json!({ "order_id": "failed", "kind": "late" });
    assert_eq!(sandbox.try_control("duitku/pay", late).await.0, 409);
}

#[tokio::test]
async fn keeps_a_second_payment_to_itself() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    open(&sandbox, "top_01", &receiver).await;
    let pay = async |kind: &str| {
        let pay = json!({ "order_id": "top_01", "kind": kind });
        sandbox.try_control("duitku/pay", pay).await.0
    };
    assert_eq!(pay("second").await, 409);
    assert_eq!((pay("over").await, pay("under").await), (400, 400));
    assert_eq!((pay("exact").await, pay("second").await), (200, 200));
    let first = form(&receiver.next().await);
    let second = form(&receiver.next().await);
    assert_eq!(first["reference"], second["reference"]);
    assert_ne!(first["publisherOrderId"], second["publisherOrderId"]);
    let order = &truth(&sandbox, "top_01").await[0];
    assert_eq!((&order["paid"], &order["reported"]), (&json!(50_000), &json!(25_000)));
}

#[tokio::test]
async fn loses_answers_but_not_transactions() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for (fault, is_done) in [
        ("drop", false),
        ("http_500", false),
        ("drop_after_commit", true),
        ("http_500_after_commit", true),
        ("garbage_after_commit", true),
    ] {
        let faults = json!({ fault: true, "only": "create", "remaining": 1, "latency_ms": 1 });
        sandbox.control("duitku", json!({ "faults": faults })).await;
        match post(&sandbox, "v2/inquiry", &inquiry(fault, &receiver)).send().await {
            Ok(response) if fault.starts_with("http") => assert_eq!(response.status(), 500),
            Ok(response) => assert!(response.text().await.unwrap().contains("<html>"), "{fault}"),
            Err(error) => assert!(error.is_request(), "{fault}"),
        }
        let lookup = call(&sandbox, "transactionStatus", &question(fault)).await;
        assert_eq!(lookup.0 == 200, is_done, "{fault}");
    }
    sandbox.control("duitku", json!({ "faults": { "timeout_after_commit": true } })).await;
    let short = std::time::Duration::from_millis(200);
    let silent = post(&sandbox, "v2/inquiry", &inquiry("silent", &receiver));
    assert!(silent.timeout(short).send().await.unwrap_err().is_timeout());
    assert_eq!(truth(&sandbox, "silent").await[0]["status"], "pending");
}

#[tokio::test]
async fn pays_through_the_page_of_the_transaction() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let opened = open(&sandbox, "top_01", &receiver).await;
    let url = opened["paymentUrl"].as_str().unwrap();
    let page = sandbox.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("IDR 25000, pending"), "{page}");
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let choose = async |choice: &str| browser.post(url).form(&[("choice", choice)]).send().await;
    let paid = choose("pay").await.unwrap();
    let back = format!(
        "https://shop.test/back?a=1&merchantOrderId=top_01&reference={}&resultCode=00",
        opened["reference"].as_str().unwrap()
    );
    assert_eq!(paid.headers()["location"], back);
    assert_eq!(result(&mut receiver).await, "00");
    assert_eq!(choose("fail").await.unwrap().status(), 409);
}

#[tokio::test]
async fn explains_what_is_wrong_with_a_control() {
    let sandbox = sandbox().await;
    for (path, body, status) in [
        ("duitku", json!({ "keys": [] }), 400),
        ("duitku", json!({ "algorithm": "sha1" }), 400),
        ("duitku/pay", json!({}), 400),
        ("duitku/pay", json!({ "order_id": "o" }), 404),
        ("duitku/expire", json!({ "reference": "r", "order_id": "o" }), 400),
        ("duitku/refund", json!({ "reference": "r" }), 404),
        ("duitku/deliver", json!({ "callback_id": "cb_1" }), 404),
    ] {
        let (got, answer) = sandbox.try_control(path, body).await;
        assert_eq!(got, status, "{path}: {answer}");
        assert!(answer["error"].is_string(), "{path}: {answer}");
    }
}
