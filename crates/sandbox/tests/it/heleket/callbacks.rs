use sandbox::sign_heleket;
use serde_json::json;

use super::{KEY, call, create, cut, info, is_signed, sandbox, states, truth};
use crate::support::Receiver;

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
