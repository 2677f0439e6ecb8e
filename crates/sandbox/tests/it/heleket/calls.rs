use sandbox::sign_heleket;
use serde_json::{Value, json};

use super::{KEY, call, call_with, create, info, invoice, sandbox, states, truth};
use crate::support::Receiver;

#[tokio::test]
async fn creates_one_invoice_per_order() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let first = create(&sandbox, "top_01", &receiver).await;
    let url = format!("{}/heleket/pay/{}", sandbox.base, first["uuid"].as_str().unwrap());
    for (member, value) in [
        ("order_id", json!("top_01")),
        ("amount", json!("20.00")),
        ("currency", json!("USD")),
        ("payment_amount", json!(null)),
        ("payment_status", json!("check")),
        ("status", json!("check")),
        ("is_final", json!(false)),
        ("url", json!(url)),
        ("additional_data", json!("a/b")),
    ] {
        assert_eq!(first[member], value, "{member}");
    }
    let mut other = invoice("top_01", &receiver);
    other["amount"] = json!("99");
    let (status, second) = call(&sandbox, "payment", &other).await;
    assert_eq!((status, &second["result"]), (200, &first));
    assert_eq!(info(&sandbox, "top_01").await, first);
    let by_uuid = call(&sandbox, "payment/info", &json!({ "uuid": first["uuid"] })).await;
    assert_eq!(by_uuid.1["result"], first);
}

#[tokio::test]
async fn writes_replies_as_php_does() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let body = invoice("top_01", &receiver).to_string();
    let reply = call_with(&sandbox, KEY, "payment", &body).send().await.unwrap();
    let reply = reply.text().await.unwrap();
    assert!(reply.starts_with(r#"{"state":0,"result":{"uuid":""#), "{reply}");
    assert!(reply.contains(r#""additional_data":"a\/b""#), "{reply}");
}

#[tokio::test]
async fn refuses_what_is_not_signed_over_the_raw_body() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let body = invoice("top_01", &receiver).to_string();
    let other_text = format!("{body} ");
    let wrong_sign = call_with(&sandbox, KEY, "payment", &body).body(other_text);
    let wrong_key = call_with(&sandbox, "other", "payment", &body);
    let url = format!("{}/heleket/v1/payment", sandbox.base);
    let nobody = sandbox.http.post(url).body(body.clone());
    let signed = sign_heleket(KEY, body.as_bytes());
    let stranger = sandbox.http.post(format!("{}/heleket/v1/payment", sandbox.base));
    let stranger = stranger.header("merchant", "other").header("sign", signed).body(body);
    for request in [wrong_sign, wrong_key, nobody, stranger] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.json::<Value>().await.unwrap()["state"], 1);
    }
    assert_eq!(sandbox.state().await["heleket"]["invoices"], json!([]));
}

#[tokio::test]
async fn names_the_members_that_break_a_rule() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for (member, value, rule) in [
        ("amount", json!(20), "validation.string"),
        ("amount", json!("2e1"), "validation.numeric"),
        ("amount", json!("0"), "validation.numeric"),
        ("amount", json!(null), "validation.required"),
        ("currency", json!("XXX"), "validation.exists"),
        ("order_id", json!("a b"), "validation.alpha_dash"),
        ("order_id", json!("x".repeat(129)), "validation.max.string"),
        ("url_callback", json!("ftp://a.test"), "validation.url"),
        ("lifetime", json!(299), "validation.between.numeric"),
        ("lifetime", json!("3600"), "validation.integer"),
        ("is_payment_multiple", json!(1), "validation.boolean"),
        ("accuracy_payment_percent", json!(6), "validation.max.numeric"),
        ("colour", json!("red"), "validation.unknown"),
    ] {
        let mut body = invoice("top_01", &receiver);
        body[member] = value;
        let (status, answer) = call(&sandbox, "payment", &body).await;
        assert_eq!(status, 422, "{member} {answer}");
        assert_eq!(answer, json!({ "state": 1, "errors": { member: [rule] } }));
    }
    for (path, body, answer) in [
        ("payment/info", json!({ "order_id": "top_02" }), json!("Payment was not found")),
        ("payment/info", json!({}), json!(null)),
    ] {
        let (status, got) = call(&sandbox, path, &body).await;
        assert_eq!((status, &got["message"]), (422, &answer), "{got}");
    }
    assert_eq!(call(&sandbox, "wallet", &json!({})).await.0, 404);
    assert_eq!(sandbox.state().await["heleket"]["invoices"], json!([]));
}

#[tokio::test]
async fn loses_answers_but_not_invoices() {
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
        sandbox.control("heleket", json!({ "faults": faults })).await;
        let body = invoice(fault, &receiver).to_string();
        match call_with(&sandbox, KEY, "payment", &body).send().await {
            Ok(response) if fault.starts_with("http") => assert_eq!(response.status(), 500),
            Ok(response) => assert!(response.text().await.unwrap().contains("<html>"), "{fault}"),
            Err(error) => assert!(error.is_request(), "{fault}"),
        }
        let lookup = call(&sandbox, "payment/info", &json!({ "order_id": fault })).await;
        assert_eq!(lookup.0 == 200, is_done, "{fault}");
        create(&sandbox, fault, &receiver).await;
    }
    sandbox.control("heleket", json!({ "faults": { "timeout_after_commit": true } })).await;
    let body = invoice("silent", &receiver).to_string();
    let short = std::time::Duration::from_millis(200);
    let silent = call_with(&sandbox, KEY, "payment", &body).timeout(short).send().await;
    assert!(silent.unwrap_err().is_timeout());
    assert_eq!(truth(&sandbox, "silent").await["status"], "check");
}

#[tokio::test]
async fn pays_through_the_page_of_the_invoice() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let created = create(&sandbox, "top_01", &receiver).await;
    let url = created["url"].as_str().unwrap();
    let page = sandbox.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("20.00 USD, 0.00 received, check"), "{page}");
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let paid = browser.post(url).form(&[("kind", "exact")]).send().await.unwrap();
    assert_eq!(paid.headers()["location"], "https://shop.test/ok");
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid"]);
    let again = browser.post(url).form(&[("kind", "exact")]).send().await.unwrap();
    assert_eq!(again.status(), 409);
}

#[tokio::test]
async fn explains_what_is_wrong_with_a_control() {
    let sandbox = sandbox().await;
    for (path, body, status) in [
        ("heleket", json!({ "keys": [] }), 400),
        ("heleket", json!({ "keys": [" "] }), 400),
        ("heleket", json!({ "payer_rate": 0 }), 400),
        ("heleket", json!({ "colour": 1 }), 400),
        ("heleket/pay", json!({}), 400),
        ("heleket/pay", json!({ "uuid": "u" }), 404),
        ("heleket/pay", json!({ "order_id": "o", "amount": "-1" }), 400),
        ("heleket/expire", json!({ "uuid": "u", "order_id": "o" }), 400),
        ("heleket/alter", json!({ "uuid": "u", "currency": "<b>" }), 400),
    ] {
        let (got, answer) = sandbox.try_control(path, body).await;
        assert_eq!(got, status, "{path}: {answer}");
        assert!(answer["error"].is_string(), "{path}: {answer}");
    }
}
