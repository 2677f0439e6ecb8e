use sandbox::{Config, DuitkuAlgorithm, DuitkuConfig, sign_duitku};
use serde_json::json;

use super::{
    KEY, MD5, MERCHANT, call, code, form, inquiry, is_signed, open, question, result, sandbox,
};
use crate::support::{Receiver, Sandbox};

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
