use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use sandbox::{Config, DuitkuAlgorithm, DuitkuConfig, sign_duitku};
use serde_json::{Value, json};

use crate::support::{Received, Receiver, Sandbox};

const MERCHANT: &str = "DSANDBOX";
const KEY: &str = "duitku_sandbox";
const MD5: DuitkuAlgorithm = DuitkuAlgorithm::Md5;

/// `path` follows `/webapi/api/merchant/`.
fn post(sandbox: &Sandbox, path: &str, body: &Value) -> RequestBuilder {
    let url = format!("{}/duitku/webapi/api/merchant/{path}", sandbox.base);
    sandbox.http.post(url).json(body)
}

async fn call(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    let response = post(sandbox, path, body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn inquiry(order_id: &str, receiver: &Receiver) -> Value {
    json!({
        "merchantCode": MERCHANT, "paymentAmount": 25_000, "paymentMethod": "SP",
        "merchantOrderId": order_id, "productDetails": "Balance top-up & more",
        "email": "buyer@shop.test", "callbackUrl": receiver.url,
        "returnUrl": "https://shop.test/back?a=1", "expiryPeriod": 60,
        "signature": sign_duitku(MD5, KEY, &[MERCHANT, order_id, "25000"]),
    })
}

async fn open(sandbox: &Sandbox, order_id: &str, receiver: &Receiver) -> Value {
    let (status, answer) = call(sandbox, "v2/inquiry", &inquiry(order_id, receiver)).await;
    assert_eq!((status, &answer["statusCode"]), (200, &json!("00")), "{answer}");
    answer
}

fn question(order_id: &str) -> Value {
    let signature = sign_duitku(MD5, KEY, &[MERCHANT, order_id]);
    json!({ "merchantCode": MERCHANT, "merchantOrderId": order_id, "signature": signature })
}

async fn code(sandbox: &Sandbox, order_id: &str) -> String {
    let (status, answer) = call(sandbox, "transactionStatus", &question(order_id)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["merchantOrderId"], order_id);
    answer["statusCode"].as_str().unwrap().to_owned()
}

async fn truth(sandbox: &Sandbox, order_id: &str) -> Vec<Value> {
    let url = format!("{}/control/duitku/truth", sandbox.base);
    let truth: Value = sandbox.http.get(url).send().await.unwrap().json().await.unwrap();
    let orders = truth["orders"].as_array().unwrap().iter();
    orders.filter(|order| order["order_id"] == order_id).cloned().collect()
}

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.control("duitku", json!({ "callback_retry_ms": 1 })).await;
    sandbox
}

fn form(letter: &Received) -> BTreeMap<String, String> {
    assert_eq!(letter.headers["content-type"], "application/x-www-form-urlencoded");
    url::form_urlencoded::parse(&letter.body).into_owned().collect()
}

fn is_signed(form: &BTreeMap<String, String>, algorithm: DuitkuAlgorithm, key: &str) -> bool {
    let parts = ["merchantCode", "amount", "merchantOrderId"].map(|name| &*form[name]);
    form["signature"] == sign_duitku(algorithm, key, &parts)
}

/// The result in the next callback, which has to be genuine.
async fn result(receiver: &mut Receiver) -> String {
    let form = form(&receiver.next().await);
    assert!(is_signed(&form, MD5, KEY));
    form["resultCode"].clone()
}

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
async fn calls_back_until_it_is_taken() {
    let mut receiver = Receiver::answering(&[500, 302]).await;
    let sandbox = sandbox().await;
    let opened = open(&sandbox, "top_01", &receiver).await;
    let paid = sandbox.control("duitku/pay", json!({ "order_id": "top_01" })).await;
    assert_eq!(
        (&paid["status"], &paid["callbacks"][0]["statuses"]),
        (&json!("paid"), &json!([500]))
    );
    let letters = [receiver.next().await, receiver.next().await, receiver.next().await];
    for letter in &letters {
        assert_eq!(letter.body, letters[0].body);
        let form = form(letter);
        assert!(is_signed(&form, MD5, KEY));
        for (member, value) in [
            ("merchantCode", MERCHANT),
            ("amount", "25000"),
            ("merchantOrderId", "top_01"),
            ("productDetail", "Balance top-up & more"),
            ("additionalParam", ""),
            ("paymentCode", "SP"),
            ("resultCode", "00"),
            ("merchantUserId", ""),
            ("reference", opened["reference"].as_str().unwrap()),
        ] {
            assert_eq!(form[member], value, "{member}");
        }
        assert!(form["publisherOrderId"].starts_with('P'));
        assert_eq!((form["settlementDate"].len(), form.len()), (10, 13));
    }
    assert_eq!(code(&sandbox, "top_01").await, "00");
    let (status, _) = sandbox.try_control("duitku/pay", json!({ "order_id": "top_01" })).await;
    assert_eq!(status, 409);
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
async fn signs_wrongly_on_demand() {
    let mut receiver = Receiver::answering(&[400; 9]).await;
    let sandbox = sandbox().await;
    sandbox.control("duitku", json!({ "callbacks": "none", "keys": [KEY, "old"] })).await;
    open(&sandbox, "top_01", &receiver).await;
    let failed = sandbox.control("duitku/fail", json!({ "order_id": "top_01" })).await;
    let callback = &failed["callbacks"][0];
    assert_eq!(callback["statuses"], json!([]));
    let mut send = async |how: &str| {
        let again = json!({ "callback_id": callback["id"], "deliver": how });
        sandbox.control("duitku/deliver", again).await;
        form(&receiver.next().await)
    };
    let tampered = send("tampered").await;
    assert_eq!(tampered["amount"], "250000");
    assert!(!is_signed(&tampered, MD5, KEY));
    let foreign = send("wrong_secret").await;
    assert!(!is_signed(&foreign, MD5, KEY) && !is_signed(&foreign, MD5, "old"));
    assert!(is_signed(&send("other_algorithm").await, DuitkuAlgorithm::HmacSha256, KEY));
    assert_eq!(send("bad_sign").await["signature"], "not a signature");
    assert!(!send("unsigned").await.contains_key("signature"));
    // The signature covers neither the result nor the reference, so this one fits.
    let flipped = send("tampered_result").await;
    assert!(is_signed(&flipped, MD5, KEY));
    assert_eq!(flipped["resultCode"], "00");
    assert_eq!(code(&sandbox, "top_01").await, "02");
}

#[tokio::test]
async fn replaces_keys_and_the_algorithm() {
    let mut receiver = Receiver::answering(&[]).await;
    let config = Config {
        duitku: DuitkuConfig { algorithm: DuitkuAlgorithm::HmacSha256, ..DuitkuConfig::default() },
        ..Config::default()
    };
    let sandbox = Sandbox::with(config).await;
    let refused = call(&sandbox, "v2/inquiry", &inquiry("top_01", &receiver)).await;
    assert_eq!(refused.0, 401);
    let hmac = |key: &str, parts: &[&str]| sign_duitku(DuitkuAlgorithm::HmacSha256, key, parts);
    sandbox.control("duitku", json!({ "keys": ["new", KEY] })).await;
    for (key, order) in [(KEY, "top_01"), ("new", "top_02")] {
        let mut body = inquiry(order, &receiver);
        body["signature"] = json!(hmac(key, &[MERCHANT, order, "25000"]));
        assert_eq!(call(&sandbox, "v2/inquiry", &body).await.1["statusCode"], "00");
    }
    let pay = json!({ "order_id": "top_01", "deliver": "duplicate", "times": 2 });
    let paid = sandbox.control("duitku/pay", pay).await;
    assert_eq!(paid["callbacks"][0]["statuses"], json!([200, 200, 200, 200]));
    for _ in 0..4 {
        let form = form(&receiver.next().await);
        assert!(is_signed(&form, DuitkuAlgorithm::HmacSha256, "new"));
    }
    let again = json!({ "order_id": "top_01", "deliver": "old_secret" });
    sandbox.control("duitku/deliver", again).await;
    let form = form(&receiver.next().await);
    assert!(is_signed(&form, DuitkuAlgorithm::HmacSha256, KEY));
}

#[tokio::test]
async fn sends_callbacks_in_the_wrong_order_and_with_wrong_facts() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    sandbox.control("duitku", json!({ "callbacks": "none", "repeats": "open" })).await;
    let first = open(&sandbox, "top_01", &receiver).await;
    sandbox.control("duitku/fail", json!({ "reference": first["reference"] })).await;
    open(&sandbox, "top_01", &receiver).await;
    sandbox.control("duitku/pay", json!({ "order_id": "top_01" })).await;
    let again = json!({ "order_id": "top_01", "order": "newest_first" });
    sandbox.control("duitku/deliver", again).await;
    assert_eq!(result(&mut receiver).await, "00");
    assert_eq!(result(&mut receiver).await, "01");

    let wrong = json!({ "callback_id": "cb_2", "alter": { "amount": "10" } });
    sandbox.control("duitku/deliver", wrong).await;
    let form = form(&receiver.next().await);
    assert!(is_signed(&form, MD5, KEY));
    assert_eq!(form["amount"], "10");
    let unknown = json!({ "callback_id": "cb_2", "alter": { "colour": "red" } });
    assert_eq!(sandbox.try_control("duitku/deliver", unknown).await.0, 400);

    sandbox.control("duitku/alter", json!({ "order_id": "top_01", "amount": 1 })).await;
    let (_, standing) = call(&sandbox, "transactionStatus", &question("top_01")).await;
    assert_eq!(standing["amount"], "1");
}

#[tokio::test]
async fn calls_back_about_an_order_nobody_made() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let body = json!({ "url": receiver.url, "order_id": "top_99", "amount": 25_000 });
    sandbox.control("duitku/invent", body).await;
    let form = form(&receiver.next().await);
    assert!(is_signed(&form, MD5, KEY));
    assert_eq!((&*form["merchantOrderId"], &*form["resultCode"]), ("top_99", "00"));
    assert_eq!(call(&sandbox, "transactionStatus", &question("top_99")).await.0, 404);
}

#[tokio::test]
async fn calls_back_before_the_reply_on_demand() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    sandbox.control("duitku", json!({ "faults": { "before_reply_callback": true } })).await;
    open(&sandbox, "top_01", &receiver).await;
    assert!(!receiver.is_empty());
    assert_eq!(result(&mut receiver).await, "00");
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
