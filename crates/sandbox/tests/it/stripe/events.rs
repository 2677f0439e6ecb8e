use reqwest::Method;
use sandbox::sign_stripe;
use serde_json::json;

use super::{answer, session, signature, v1, wired};
use crate::support::{Received, Receiver};

#[test]
fn signs_like_the_published_vector() {
    let body = br#"{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}"#;
    assert_eq!(
        sign_stripe("whsec_test_secret", 1_763_600_000, body),
        "6fba24db252e889eff0cda2c37548f00d31187eea3c68b4e3ee03f6f8b3aa8a0"
    );
}

#[tokio::test]
async fn sends_a_signed_event_when_a_session_is_paid() {
    let mut receiver = Receiver::answering(&[500]).await;
    let sandbox = wired(&receiver).await;
    let id = session(&sandbox).await;
    let paid = sandbox.control("stripe/pay", json!({ "session_id": id })).await;
    assert_eq!(paid["deliveries"], json!([{ "status": 500 }]));
    let (failed, taken) = (receiver.next().await, receiver.next().await);
    assert_eq!(failed.body, taken.body);
    for received in [failed, taken] {
        let (time, signatures) = signature(&received);
        assert_eq!(signatures, [v1(sign_stripe("whsec_sandbox", time, &received.body))]);
        let event = received.json();
        assert_eq!(event["id"], paid["event_id"]);
        assert_eq!(event["type"], "checkout.session.completed");
        let object = &event["data"]["object"];
        assert_eq!(object["payment_status"], "paid");
        assert!(object["payment_intent"].as_str().unwrap().starts_with("pi_"));
        assert_eq!(object["url"], json!(null));
        let (_, stored) =
            answer(sandbox.stripe(Method::GET, &format!("checkout/sessions/{id}"))).await;
        assert_eq!(&stored, object);
    }
    let (status, _) = sandbox.try_control("stripe/pay", json!({ "session_id": id })).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn signs_wrongly_on_demand() {
    let mut receiver = Receiver::answering(&[400; 8]).await;
    let sandbox = wired(&receiver).await;
    let id = session(&sandbox).await;
    let pay = json!({ "session_id": id, "deliver": "none" });
    let paid = sandbox.control("stripe/pay", pay).await;
    assert_eq!(paid["deliveries"], json!([]));
    let event = paid["event_id"].as_str().unwrap();
    let mut send = async |how: &str| {
        let again = json!({ "event_id": event, "deliver": how });
        sandbox.control("stripe/redeliver", again).await;
        receiver.next().await
    };
    let right = |received: &Received, time| v1(sign_stripe("whsec_sandbox", time, &received.body));
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();

    let stale = send("stale").await;
    let (time, signatures) = signature(&stale);
    assert!(time < now - 300);
    assert_eq!(signatures, [right(&stale, time)]);
    let future = send("future").await;
    let (time, signatures) = signature(&future);
    assert!(time > now + 300);
    assert_eq!(signatures, [right(&future, time)]);
    let old_scheme = send("v0_only").await;
    let (time, signatures) = signature(&old_scheme);
    assert_eq!(signatures, [("v0".to_owned(), right(&old_scheme, time).1)]);
    let foreign = send("wrong_secret").await;
    let (time, signatures) = signature(&foreign);
    assert_ne!(signatures, [right(&foreign, time)]);
    let tampered = send("tampered").await;
    let (time, signatures) = signature(&tampered);
    assert_ne!(signatures, [right(&tampered, time)]);
    assert_eq!(tampered.json()["data"]["object"]["amount_total"], 20_000_000);
    assert_eq!(signatures, [v1(sign_stripe("whsec_sandbox", time, &stale.body))]);
    let bad = send("bad_header").await;
    assert_eq!(bad.headers["stripe-signature"], "not a signature");
}

#[tokio::test]
async fn signs_with_every_secret_that_is_alive() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    sandbox.control("stripe", json!({ "webhook_secrets": ["whsec_new", "whsec_sandbox"] })).await;
    let id = session(&sandbox).await;
    let pay = json!({ "session_id": id, "deliver": "duplicate", "times": 2 });
    let paid = sandbox.control("stripe/pay", pay).await;
    assert_eq!(paid["deliveries"].as_array().unwrap().len(), 4);
    for _ in 0..4 {
        let request = receiver.next().await;
        let (time, signatures) = signature(&request);
        let expected =
            ["whsec_new", "whsec_sandbox"].map(|it| v1(sign_stripe(it, time, &request.body)));
        assert_eq!(signatures, expected);
    }
    let two = json!({ "event_id": paid["event_id"], "deliver": "two_secrets" });
    sandbox.control("stripe/redeliver", two).await;
    let (_, signatures) = signature(&receiver.next().await);
    assert_eq!(signatures.len(), 3);
}

#[tokio::test]
async fn lists_the_events_that_nobody_took() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let mut ids = Vec::new();
    for deliver in ["none", "fresh", "none", "none"] {
        let event = json!({ "type": "x.y", "object": { "a": 1 }, "deliver": deliver });
        let answer = sandbox.control("stripe/event", event).await;
        ids.push(answer["event_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(receiver.next().await.json()["data"]["object"], json!({ "a": 1 }));
    let list = async |query: &str| {
        let (status, page) = answer(sandbox.stripe(Method::GET, &format!("events?{query}"))).await;
        assert_eq!(status, 200, "{page}");
        let rows = page["data"].as_array().unwrap();
        let found: Vec<_> =
            rows.iter().map(|it| ids.iter().position(|id| it["id"] == *id).unwrap()).collect();
        (found, page["has_more"].as_bool().unwrap())
    };
    assert_eq!(list("delivery_success=false").await, (vec![3, 2, 0], false));
    assert_eq!(list("delivery_success=true").await, (vec![1], false));
    assert_eq!(list("limit=2").await, (vec![3, 2], true));
    assert_eq!(list(&format!("limit=2&starting_after={}", ids[2])).await, (vec![1, 0], false));
    assert_eq!(list(&format!("limit=1&ending_before={}", ids[1])).await, (vec![2], true));
    assert_eq!(list("types[0]=a&types[1]=x.y&created[gte]=1").await.0.len(), 4);
    assert_eq!(list("type=a").await.0.len(), 0);
    assert_eq!(list("created[lt]=1").await.0.len(), 0);
    let unknown = answer(sandbox.stripe(Method::GET, "events?colour=red")).await;
    assert_eq!(unknown.0, 400);
}

#[tokio::test]
async fn delivers_the_event_before_the_reply_on_demand() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    sandbox.control("stripe", json!({ "faults": { "before_reply_event": true } })).await;
    let id = session(&sandbox).await;
    assert!(!receiver.is_empty());
    assert_eq!(receiver.next().await.json()["data"]["object"]["id"], id);
}
