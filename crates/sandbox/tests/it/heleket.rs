use reqwest::RequestBuilder;
use sandbox::sign_heleket;
use serde_json::{Value, json};

use crate::support::{Received, Receiver, Sandbox};

const KEY: &str = "heleket_sandbox";

/// A signed call; `path` follows `/v1/`.
fn call_with(sandbox: &Sandbox, key: &str, path: &str, body: &str) -> RequestBuilder {
    let url = format!("{}/heleket/v1/{path}", sandbox.base);
    sandbox
        .http
        .post(url)
        .header("merchant", "5a9d0c1e-0000-4000-8000-000000000001")
        .header("sign", sign_heleket(key, body.as_bytes()))
        .header("content-type", "application/json")
        .body(body.to_owned())
}

async fn call(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    let response = call_with(sandbox, KEY, path, &body.to_string()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn invoice(order_id: &str, receiver: &Receiver) -> Value {
    json!({
        "amount": "20", "currency": "USD", "order_id": order_id, "url_callback": receiver.url,
        "url_success": "https://shop.test/ok", "additional_data": "a/b",
    })
}

async fn create(sandbox: &Sandbox, order_id: &str, receiver: &Receiver) -> Value {
    let (status, answer) = call(sandbox, "payment", &invoice(order_id, receiver)).await;
    assert_eq!((status, &answer["state"]), (200, &json!(0)), "{answer}");
    answer["result"].clone()
}

async fn info(sandbox: &Sandbox, order_id: &str) -> Value {
    let (status, answer) = call(sandbox, "payment/info", &json!({ "order_id": order_id })).await;
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}

async fn truth(sandbox: &Sandbox, order_id: &str) -> Value {
    let url = format!("{}/control/heleket/truth", sandbox.base);
    let truth: Value = sandbox.http.get(url).send().await.unwrap().json().await.unwrap();
    let orders = truth["orders"].as_array().unwrap();
    orders.iter().find(|order| order["order_id"] == order_id).unwrap().clone()
}

/// A sandbox whose callbacks are repeated without delay.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.control("heleket", json!({ "callback_retry_ms": 1 })).await;
    sandbox
}

/// The text before the signature, which is the last member, and the signature.
fn cut(letter: &Received) -> (String, String) {
    let body = std::str::from_utf8(&letter.body).unwrap();
    let (head, tail) = body.rsplit_once(",\"sign\":\"").unwrap();
    (format!("{head}}}"), tail.strip_suffix("\"}").unwrap().to_owned())
}

fn is_signed(letter: &Received, key: &str) -> bool {
    let (text, sign) = cut(letter);
    sign == sign_heleket(key, text.as_bytes())
}

/// The states the next callbacks tell of; each has to be genuine.
async fn states<const N: usize>(receiver: &mut Receiver) -> [String; N] {
    let mut states = Vec::new();
    for _ in 0..N {
        let letter = receiver.next().await;
        assert!(is_signed(&letter, KEY));
        states.push(letter.json()["status"].as_str().unwrap().to_owned());
    }
    states.try_into().unwrap()
}

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
async fn calls_back_about_each_step_until_it_is_taken() {
    let mut receiver = Receiver::answering(&[500, 200, 202, 429, 200]).await;
    let sandbox = sandbox().await;
    let created = create(&sandbox, "top_01", &receiver).await;
    let pay = json!({ "uuid": created["uuid"], "unconfirmed": true });
    let seen = sandbox.control("heleket/pay", pay).await;
    assert_eq!(seen["status"], "confirm_check");
    assert_eq!(seen["callbacks"][0]["statuses"], json!([500]));
    assert_eq!(states(&mut receiver).await, ["confirm_check", "confirm_check"]);
    assert_eq!(info(&sandbox, "top_01").await["payment_amount"], json!(null));

    let confirmed = sandbox.control("heleket/confirm", json!({ "order_id": "top_01" })).await;
    assert_eq!((&confirmed["status"], &confirmed["is_final"]), (&json!("paid"), &json!(true)));
    let letter = receiver.next().await;
    assert_eq!(letter.headers["content-type"], "application/json");
    let (text, _) = cut(&letter);
    let start = r#"{"type":"payment","uuid":""#;
    let middle = r#""order_id":"top_01","amount":"20.00","payment_amount":"20.00","payment_amount_usd":"20.00","merchant_amount":"19.80","commission":"0.20","is_final":true,"status":"paid","#;
    assert!(text.starts_with(start) && text.contains(middle), "{text}");
    assert!(text.contains(r#""additional_data":"a\/b","txid":""#), "{text}");
    assert_eq!(states(&mut receiver).await, ["paid", "paid"]);

    let paid = info(&sandbox, "top_01").await;
    assert_eq!(paid["payment_amount_usd"], "20.00");
    assert_eq!(paid["txid"], letter.json()["txid"]);
    let truth = truth(&sandbox, "top_01").await;
    assert_eq!((&truth["paid"], &truth["unconfirmed"]), (&json!("20.00"), &json!("0.00")));
    let (status, _) = sandbox.try_control("heleket/pay", json!({ "order_id": "top_01" })).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn takes_short_payments_until_the_time_runs_out() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for order in ["completed", "short"] {
        create(&sandbox, order, &receiver).await;
        let pay = json!({ "order_id": order, "kind": "under" });
        let answer = sandbox.control("heleket/pay", pay).await;
        assert_eq!(answer["status"], "wrong_amount_waiting");
        assert_eq!(answer["is_final"], false);
        assert_eq!(states(&mut receiver).await, ["confirm_check", "wrong_amount_waiting"]);
        assert_eq!(info(&sandbox, order).await["payment_amount_usd"], "18.00");
    }
    sandbox.control("heleket/pay", json!({ "order_id": "completed" })).await;
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid"]);
    sandbox.advance(3600).await;
    assert_eq!(states(&mut receiver).await, ["wrong_amount"]);
    let short = info(&sandbox, "short").await;
    assert_eq!((&short["status"], &short["is_final"]), (&json!("wrong_amount"), &json!(true)));
    assert_eq!(truth(&sandbox, "completed").await["payments"].as_array().unwrap().len(), 2);

    let mut once = invoice("once", &receiver);
    once["is_payment_multiple"] = json!(false);
    call(&sandbox, "payment", &once).await;
    let pay = json!({ "order_id": "once", "amount": "0.01" });
    assert_eq!(sandbox.control("heleket/pay", pay).await["status"], "wrong_amount");
    let mut close = invoice("close", &receiver);
    close["accuracy_payment_percent"] = json!(5);
    call(&sandbox, "payment", &close).await;
    let pay = json!({ "order_id": "close", "amount": "19" });
    assert_eq!(sandbox.control("heleket/pay", pay).await["status"], "paid");
}

#[tokio::test]
async fn takes_too_much_late_and_second_payments() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let pay = async |order: &str, kind: &str| {
        let answer =
            sandbox.control("heleket/pay", json!({ "order_id": order, "kind": kind })).await;
        (answer["status"].as_str().unwrap().to_owned(), answer["is_final"].clone())
    };
    create(&sandbox, "over", &receiver).await;
    assert_eq!(pay("over", "over").await, ("paid_over".to_owned(), json!(true)));
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid_over"]);
    assert_eq!(info(&sandbox, "over").await["payment_amount_usd"], "22.00");

    create(&sandbox, "late", &receiver).await;
    assert_eq!(pay("late", "late").await.0, "paid");
    assert_eq!(states(&mut receiver).await, ["cancel", "paid"]);
    assert_eq!(truth(&sandbox, "late").await["payments"][0]["is_late"], true);

    let (status, _) =
        sandbox.try_control("heleket/pay", json!({ "order_id": "over", "kind": "exact" })).await;
    assert_eq!(status, 409);
    assert_eq!(pay("late", "second").await.0, "paid_over");
    assert_eq!(states(&mut receiver).await, ["paid_over"]);
    let truth = truth(&sandbox, "late").await;
    assert_eq!((&truth["paid"], &truth["reported"]), (&json!("40.00"), &json!("40.00")));
    assert_ne!(truth["payments"][0]["txid"], truth["payments"][1]["txid"]);
}

#[tokio::test]
async fn cancels_what_nobody_paid() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    create(&sandbox, "time", &receiver).await;
    sandbox.advance(3600).await;
    assert_eq!(states(&mut receiver).await, ["cancel"]);
    create(&sandbox, "hand", &receiver).await;
    sandbox.control("heleket/expire", json!({ "order_id": "hand" })).await;
    assert_eq!(states(&mut receiver).await, ["cancel"]);
    create(&sandbox, "reverted", &receiver).await;
    let pay = json!({ "order_id": "reverted", "unconfirmed": true });
    sandbox.control("heleket/pay", pay).await;
    sandbox.control("heleket/revert", json!({ "order_id": "reverted" })).await;
    assert_eq!(states(&mut receiver).await, ["confirm_check", "check"]);
    assert_eq!(truth(&sandbox, "reverted").await["paid"], "0.00");
    let again = sandbox.try_control("heleket/confirm", json!({ "order_id": "reverted" })).await;
    assert_eq!(again.0, 409);
}

#[tokio::test]
async fn fails_locks_and_unlocks() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for (act, state) in [("fail", "fail"), ("system_fail", "system_fail")] {
        create(&sandbox, act, &receiver).await;
        sandbox.control(&format!("heleket/{act}"), json!({ "order_id": act })).await;
        assert_eq!(states(&mut receiver).await, [state]);
        assert_eq!(info(&sandbox, act).await["is_final"], true);
    }
    create(&sandbox, "held", &receiver).await;
    sandbox.control("heleket/process", json!({ "order_id": "held" })).await;
    let pay = json!({ "order_id": "held", "unconfirmed": true });
    sandbox.control("heleket/pay", pay).await;
    sandbox.control("heleket/lock", json!({ "order_id": "held" })).await;
    sandbox.control("heleket/confirm", json!({ "order_id": "held" })).await;
    assert_eq!(states(&mut receiver).await, ["process", "confirm_check", "locked", "locked"]);
    assert_eq!(info(&sandbox, "held").await["is_final"], false);
    sandbox.control("heleket/unlock", json!({ "order_id": "held" })).await;
    assert_eq!(states(&mut receiver).await, ["paid"]);
    let (status, _) = sandbox.try_control("heleket/unlock", json!({ "order_id": "held" })).await;
    assert_eq!(status, 409);
    let (status, _) = sandbox.try_control("heleket/explode", json!({ "order_id": "held" })).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn refunds_the_whole_invoice() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    create(&sandbox, "top_01", &receiver).await;
    let refund = json!({ "order_id": "top_01", "address": "TWallet", "is_subtract": "true" });
    assert_eq!(call(&sandbox, "payment/refund", &refund).await.0, 422);
    sandbox.control("heleket/pay", json!({ "order_id": "top_01", "kind": "over" })).await;
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid_over"]);

    sandbox.control("heleket", json!({ "refunds": "failed" })).await;
    let (status, answer) = call(&sandbox, "payment/refund", &refund).await;
    assert_eq!((status, answer), (200, json!({ "state": 0, "result": [] })));
    assert_eq!(states(&mut receiver).await, ["refund_process", "refund_fail"]);
    assert_eq!(truth(&sandbox, "top_01").await["refunded"], "0.00");

    sandbox.control("heleket", json!({ "refunds": "held" })).await;
    call(&sandbox, "payment/refund", &refund).await;
    assert_eq!(states(&mut receiver).await, ["refund_process"]);
    assert_eq!(call(&sandbox, "payment/refund", &refund).await.0, 422);
    sandbox.control("heleket/refund_paid", json!({ "order_id": "top_01" })).await;
    assert_eq!(states(&mut receiver).await, ["refund_paid"]);
    let truth = truth(&sandbox, "top_01").await;
    assert_eq!(
        (&truth["refunded"], &truth["refund_address"]),
        (&json!("22.00"), &json!("TWallet"))
    );
    let missing = json!({ "order_id": "top_01", "address": "TWallet" });
    let (_, answer) = call(&sandbox, "payment/refund", &missing).await;
    assert_eq!(answer["errors"], json!({ "is_subtract": ["validation.required"] }));
}

#[tokio::test]
async fn signs_wrongly_on_demand() {
    let mut receiver = Receiver::answering(&[400; 9]).await;
    let sandbox = sandbox().await;
    sandbox.control("heleket", json!({ "callbacks": "none", "keys": [KEY, "old"] })).await;
    create(&sandbox, "top_01", &receiver).await;
    let paid = sandbox.control("heleket/pay", json!({ "order_id": "top_01" })).await;
    assert_eq!(paid["callbacks"][1]["statuses"], json!([]));
    let id = paid["callbacks"][1]["id"].as_str().unwrap();
    let mut send = async |how: &str| {
        let again = json!({ "callback_id": id, "deliver": how });
        sandbox.control("heleket/deliver", again).await;
        receiver.next().await
    };
    let tampered = send("tampered").await;
    assert!(!is_signed(&tampered, KEY));
    assert_eq!(tampered.json()["payment_amount_usd"], "200.00");
    let foreign = send("wrong_secret").await;
    assert!(!is_signed(&foreign, KEY) && !is_signed(&foreign, "old"));
    assert_eq!(send("unsigned").await.json()["sign"], json!(null));
    assert_eq!(cut(&send("bad_sign").await).1, "not a signature");
}

#[tokio::test]
async fn shapes_genuine_callbacks_differently_on_demand() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    create(&sandbox, "top_01", &receiver).await;
    sandbox.control("heleket", json!({ "keys": ["new", KEY] })).await;
    let pay = json!({ "order_id": "top_01", "deliver": "duplicate", "times": 2 });
    let paid = sandbox.control("heleket/pay", pay).await;
    assert_eq!(paid["callbacks"][1]["statuses"], json!([200, 200, 200, 200]));
    for _ in 0..8 {
        assert!(is_signed(&receiver.next().await, "new"));
    }
    let id = &paid["callbacks"][1]["id"];
    let mut send = async |how: &str| {
        let again = json!({ "callback_id": id, "deliver": how });
        sandbox.control("heleket/deliver", again).await;
        receiver.next().await
    };
    assert!(is_signed(&send("old_secret").await, KEY));
    let plain = send("unescaped").await;
    let (text, sign) = cut(&plain);
    assert!(text.contains("\"a/b\"") && !is_signed(&plain, "new"));
    assert_eq!(sign, sign_heleket("new", text.replace('/', "\\/").as_bytes()));
    let first = send("sign_first").await;
    let body = std::str::from_utf8(&first.body).unwrap();
    let (sign, rest) = body.strip_prefix("{\"sign\":\"").unwrap().split_once("\",").unwrap();
    assert_eq!(sign, sign_heleket("new", format!("{{{rest}").as_bytes()));
    // A shop that still has the old key may call, too.
    assert_eq!(info(&sandbox, "top_01").await["status"], "paid");
}

#[tokio::test]
async fn sends_callbacks_in_the_wrong_order_and_with_wrong_facts() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    create(&sandbox, "top_01", &receiver).await;
    let pay = json!({ "order_id": "top_01", "kind": "under", "deliver": "none" });
    sandbox.control("heleket/pay", pay).await;
    let pay = json!({ "order_id": "top_01", "deliver": "none" });
    sandbox.control("heleket/pay", pay).await;
    assert!(receiver.is_empty());
    let again = json!({ "order_id": "top_01", "order": "newest_first" });
    sandbox.control("heleket/deliver", again).await;
    let backwards = ["paid", "confirm_check", "wrong_amount_waiting", "confirm_check"];
    assert_eq!(states(&mut receiver).await, backwards);

    let wrong = json!({ "callback_id": "cb_4", "alter": { "amount": "1.00", "currency": "IDR" } });
    sandbox.control("heleket/deliver", wrong).await;
    let letter = receiver.next().await;
    assert!(is_signed(&letter, KEY));
    assert_eq!(letter.json()["currency"], "IDR");
    let unknown = json!({ "callback_id": "cb_4", "alter": { "colour": "red" } });
    assert_eq!(sandbox.try_control("heleket/deliver", unknown).await.0, 400);
    let gone = json!({ "callback_id": "cb_9" });
    assert_eq!(sandbox.try_control("heleket/deliver", gone).await.0, 404);

    let alter = json!({ "order_id": "top_01", "amount": "5", "currency": "EUR" });
    sandbox.control("heleket/alter", alter).await;
    let info = info(&sandbox, "top_01").await;
    assert_eq!((&info["amount"], &info["currency"]), (&json!("5.00"), &json!("EUR")));
}

#[tokio::test]
async fn calls_back_about_an_order_nobody_made() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let body = json!({ "url": receiver.url, "order_id": "top_99", "amount": "7" });
    sandbox.control("heleket/invent", body).await;
    let letter = receiver.next().await;
    assert!(is_signed(&letter, KEY));
    assert_eq!(letter.json()["order_id"], "top_99");
    assert_eq!(letter.json()["status"], "paid");
    let lookup = call(&sandbox, "payment/info", &json!({ "order_id": "top_99" })).await;
    assert_eq!(lookup.0, 422);
}

#[tokio::test]
async fn calls_back_before_the_reply_on_demand() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    sandbox.control("heleket", json!({ "faults": { "before_reply_callback": true } })).await;
    let created = create(&sandbox, "top_01", &receiver).await;
    assert_eq!(created["status"], "check");
    assert!(!receiver.is_empty());
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid"]);
    create(&sandbox, "top_01", &receiver).await;
    assert!(receiver.is_empty());
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
async fn values_coins_at_the_rate_of_the_settings() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    sandbox.control("heleket", json!({ "payer_rate": "1.25" })).await;
    create(&sandbox, "top_01", &receiver).await;
    let pay = json!({ "order_id": "top_01", "amount": "20.019" });
    sandbox.control("heleket/pay", pay).await;
    let info = info(&sandbox, "top_01").await;
    assert_eq!(info["payer_amount"], "25.00");
    assert_eq!(info["payment_amount"], "25.02375");
    assert_eq!(info["payment_amount_usd"], "20.01");
    let truth = truth(&sandbox, "top_01").await;
    assert_eq!((&truth["paid"], &truth["reported"]), (&json!("20.019"), &json!("20.01")));
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
