use reqwest::Method;
use serde_json::json;

use super::{answer, session, wired};
use crate::support::{Receiver, Sandbox};

#[tokio::test]
async fn pays_late_and_wrong_amounts() {
    let sandbox = Sandbox::start().await;
    let late = session(&sandbox).await;
    let unpaid = json!({ "session_id": late, "payment_status": "unpaid" });
    sandbox.control("stripe/pay", unpaid).await;
    sandbox.control("stripe/pay", json!({ "session_id": late })).await;
    let wrong = session(&sandbox).await;
    let pay = json!({ "session_id": wrong, "amount": 1, "currency": "usd" });
    sandbox.control("stripe/pay", pay).await;
    let (_, events) = answer(sandbox.stripe(Method::GET, "events")).await;
    let seen: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let object = &it["data"]["object"];
            json!([
                it["type"],
                object["payment_status"],
                object["amount_total"],
                object["currency"]
            ])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!(["checkout.session.completed", "paid", 1, "usd"]),
            json!(["checkout.session.async_payment_succeeded", "paid", 2_000_000, "idr"]),
            json!(["checkout.session.completed", "unpaid", 2_000_000, "idr"]),
        ]
    );
}

#[tokio::test]
async fn expires_sessions_by_call_and_by_time() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let (called, timed) = (session(&sandbox).await, session(&sandbox).await);
    let expire = || sandbox.stripe(Method::POST, &format!("checkout/sessions/{called}/expire"));
    let (status, expired) = answer(expire()).await;
    assert_eq!((status, &expired["status"]), (200, &json!("expired")));
    assert_eq!(receiver.next().await.json()["data"]["object"]["id"], called);
    assert_eq!(answer(expire()).await.0, 400);
    sandbox.advance(24 * 3600).await;
    let event = receiver.next().await.json();
    assert_eq!(event["type"], "checkout.session.expired");
    assert_eq!(event["data"]["object"]["id"], timed);
    let (status, _) = sandbox.try_control("stripe/pay", json!({ "session_id": timed })).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn refunds_up_to_the_amount_paid() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let id = session(&sandbox).await;
    sandbox.control("stripe/pay", json!({ "session_id": id })).await;
    let intent = receiver.next().await.json()["data"]["object"]["payment_intent"].clone();
    let refund = |fields: &[(&str, &str)]| {
        let mut fields = fields.to_vec();
        fields.push(("payment_intent", intent.as_str().unwrap()));
        answer(sandbox.stripe(Method::POST, "refunds").form(&fields))
    };
    let (status, part) = refund(&[("amount", "500000"), ("reason", "requested_by_customer")]).await;
    assert_eq!((status, &part["status"]), (200, &json!("succeeded")));
    assert_eq!(refund(&[("amount", "1500001")]).await.0, 400);
    assert_eq!(refund(&[]).await.1["amount"], 1_500_000);
    assert_eq!(refund(&[]).await.1["error"]["code"], "charge_already_refunded");
    let query = "events?types[0]=charge.refunded&limit=100";
    let (_, events) = answer(sandbox.stripe(Method::GET, query)).await;
    let totals: Vec<_> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let charge = &it["data"]["object"];
            (charge["amount_refunded"].as_u64(), charge["refunded"].as_bool())
        })
        .collect();
    assert_eq!(totals, [(Some(2_000_000), Some(true)), (Some(500_000), Some(false))]);
}
