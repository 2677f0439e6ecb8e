use serde_json::{Value, json};

use crate::support::{Receiver, Sandbox};

async fn wired(receiver: &Receiver) -> Sandbox {
    let sandbox = Sandbox::start().await;
    let update = json!({ "callback_url": receiver.url, "callback_retry_ms": 1 });
    sandbox.control("providers/alpha", update).await;
    sandbox
}

async fn sms(sandbox: &Sandbox, id: u64, text: &str) -> Value {
    sandbox.control("sms", json!({ "provider": "alpha", "activation_id": id, "text": text })).await
}

#[tokio::test]
async fn reports_a_message_until_it_is_taken() {
    let mut receiver = Receiver::answering(&[500, 204]).await;
    let sandbox = wired(&receiver).await;
    let id = sandbox.buy().await;
    let activation = sms(&sandbox, id, "Kode 4711-8 untuk 12345").await;
    assert_eq!(activation["status"], "RECEIVED");
    for _ in 0..3 {
        let request = receiver.next().await;
        assert_eq!(request.headers["content-type"], "application/json");
        let time = activation["sms"][0]["received_at"].as_str().unwrap().replace('T', " ");
        let expected = format!(
            "{{\"activationId\":{id},\"service\":\"wa\",\"text\":\"Kode 4711-8 untuk 12345\",\
             \"code\":\"4711\",\"country\":6,\"receivedAt\":\"{}\"}}",
            &time[..19]
        );
        assert_eq!(request.body, expected);
    }
    // The end of the third attempt may not be written down yet when the receiver has the request.
    let statuses = loop {
        let alpha = sandbox.alpha().await;
        let callbacks = alpha["activations"][0]["callbacks"].as_array().unwrap().clone();
        if callbacks.len() == 3 {
            break callbacks;
        }
        tokio::task::yield_now().await;
    };
    let statuses: Vec<_> = statuses.iter().map(|it| it["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [500, 204, 200]);
}

#[tokio::test]
async fn finds_the_activation_by_phone() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    let phone = sandbox.alpha().await["activations"][0]["phone"].clone();
    let sent = json!({ "phone": phone, "text": "no digits", "code": "a:b" });
    assert_eq!(sandbox.control("sms", sent).await["id"], id);
    assert_eq!(sandbox.ask(&format!("getStatus&id={id}")).await, "STATUS_OK:a.b");
    let (status, _) = sandbox.try_control("sms", json!({ "phone": "1", "text": "1234" })).await;
    assert_eq!(status, 404);
    let (status, _) = sandbox.try_control("sms", json!({ "phone": "1", "text": "none" })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn sends_copies_when_told_to() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    sandbox.faults(json!({ "callback_duplicates": 2, "callback_delay_ms": 5 })).await;
    let id = sandbox.buy().await;
    sms(&sandbox, id, "code 1234").await;
    let first = receiver.next().await.body;
    assert_eq!(receiver.next().await.body, first);
    assert_eq!(receiver.next().await.body, first);
}

#[tokio::test]
async fn holds_callbacks_back_and_reverses_them() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    sandbox.faults(json!({ "callback_reorder": true })).await;
    let (one, two, three) = (sandbox.buy().await, sandbox.buy().await, sandbox.buy().await);
    sms(&sandbox, one, "code 1111").await;
    assert_eq!(sandbox.alpha().await["held_callbacks"], 1);
    sms(&sandbox, two, "code 2222").await;
    assert_eq!(receiver.next().await.json()["activationId"], two);
    assert_eq!(receiver.next().await.json()["activationId"], one);
    sms(&sandbox, three, "code 3333").await;
    let flushed = sandbox.control("callbacks/flush", json!({ "provider": "alpha" })).await;
    assert_eq!(flushed, json!({ "sent": 1, "failed": 0 }));
    assert_eq!(receiver.next().await.json()["activationId"], three);
}

#[tokio::test]
async fn keeps_quiet_when_told_to() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    sandbox.faults(json!({ "no_callback": true })).await;
    let id = sandbox.buy().await;
    sms(&sandbox, id, "code 1111").await;
    sandbox.faults(json!({})).await;
    let quiet = json!({ "activation_id": id, "text": "code 2222", "callback": false });
    sandbox.control("sms", quiet).await;
    sms(&sandbox, id, "code 3333").await;
    assert_eq!(receiver.next().await.json()["code"], "3333");
    assert!(receiver.is_empty());
}

#[tokio::test]
async fn posts_any_body_any_number_of_times() {
    let mut receiver = Receiver::answering(&[202]).await;
    let sandbox = wired(&receiver).await;
    let raw = json!({ "provider": "alpha", "body": "not json", "times": 2 });
    let answer = sandbox.control("callbacks/raw", raw).await;
    let mut statuses: Vec<_> =
        answer["deliveries"].as_array().unwrap().iter().map(|it| it["status"].as_u64()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(200), Some(202)]);
    assert_eq!(receiver.next().await.body, "not json");
    let raw = json!({ "provider": "alpha", "body": { "activationId": 1 } });
    sandbox.control("callbacks/raw", raw).await;
    receiver.next().await;
    assert_eq!(receiver.next().await.json(), json!({ "activationId": 1 }));
}

#[tokio::test]
async fn flies_on_autopilot() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let on = json!({ "provider": null, "sms_after_ms": 1, "text": "{code} from {service}" });
    sandbox.control("autopilot", on).await;
    let id = sandbox.buy().await;
    let callback = receiver.next().await.json();
    let code = callback["code"].as_str().unwrap();
    assert_eq!(code.len(), 6);
    assert_eq!(callback["text"], format!("{code} from WhatsApp"));
    assert_eq!(sandbox.ask(&format!("getStatus&id={id}")).await, format!("STATUS_OK:{code}"));
    let off = sandbox.control("autopilot", json!({ "sms_after_ms": null })).await;
    assert_eq!(off, json!({ "providers": ["alpha", "beta", "gamma"], "on": false }));
}
