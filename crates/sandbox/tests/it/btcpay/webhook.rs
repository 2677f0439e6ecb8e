//! What the webhook sends, and in which order.

use sandbox::sign_btcpay;
use serde_json::{Value, json};

use super::{act, get, invoice, post, wanted, wired};
use crate::support::{Received, Receiver, Sandbox};

const SECRET: &str = "btcpay_secret_sandbox";

fn signature(received: &Received) -> &str {
    received.headers["btcpay-sig"].to_str().unwrap()
}

/// The types of the next `count` events, each of which has to be signed.
async fn types(receiver: &mut Receiver, count: usize) -> Vec<String> {
    let mut types = Vec::new();
    for _ in 0..count {
        let request = receiver.next().await;
        assert_eq!(signature(&request), sign_btcpay(SECRET, &request.body));
        types.push(request.json()["type"].as_str().unwrap().to_owned());
    }
    types
}

#[test]
fn signs_like_the_published_vector() {
    let body = b"{\n  \"deliveryId\": \"D1\",\n  \"type\": \"InvoiceSettled\",\n  \
                 \"invoiceId\": \"INV1\"\n}";
    assert_eq!(
        sign_btcpay("HelloWorld", body),
        "sha256=52108d5746d2e94e4aaa6c703718d147cead44aa28558f2996e79f1a2d986998"
    );
}

#[tokio::test]
async fn tells_each_step_in_an_indented_document() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let id = invoice(&sandbox, "top_01").await;
    let created = receiver.next().await;
    let text = std::str::from_utf8(&created.body).unwrap();
    assert!(text.starts_with("{\n  \"deliveryId\": \""), "{text}");
    assert_eq!(created.headers["content-type"], "application/json");
    let event = created.json();
    assert_eq!(event["originalDeliveryId"], event["deliveryId"]);
    for (field, value) in [
        ("type", json!("InvoiceCreated")),
        ("isRedelivery", json!(false)),
        ("storeId", json!("SandboxStore")),
        ("invoiceId", json!(id)),
        ("metadata", json!({ "orderId": "top_01", "itemDesc": "Balance top-up" })),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    assert!(event["timestamp"].is_i64() && event["webhookId"].is_string());

    act(&sandbox, "pay", json!({}), &id).await;
    let payment = receiver.next().await.json();
    assert_eq!(
        [&payment["type"], &payment["afterExpiration"], &payment["paymentMethodId"]],
        [&json!("InvoiceReceivedPayment"), &json!(false), &json!("BTC-CHAIN")]
    );
    assert_eq!(
        [&payment["payment"]["value"], &payment["payment"]["status"]],
        [&json!("0.00040827"), &json!("Processing")]
    );
    let expected = ["InvoiceProcessing", "InvoicePaymentSettled", "InvoiceSettled"];
    assert_eq!(types(&mut receiver, 3).await, expected);
    let refund = json!({ "refundVariant": "Fiat" });
    assert_eq!(post(&sandbox, &format!("invoices/{id}/refund"), &refund).await.0, 200);
    assert_eq!(types(&mut receiver, 1).await, ["InvoiceRefund"]);
}

#[tokio::test]
async fn repeats_with_another_delivery_while_the_receiver_is_broken() {
    for (statuses, sendings) in [
        (vec![500, 429, 408, 503], 5), // and then it is taken
        (vec![500; 20], 9),
        (vec![400], 1),
        (vec![404], 1),
        (vec![302], 1),
    ] {
        let mut receiver = Receiver::answering(&statuses).await;
        let sandbox = wired(&receiver).await;
        let id = invoice(&sandbox, "top_01").await;
        let first = receiver.next().await.json();
        let mut seen = vec![first["deliveryId"].clone()];
        for _ in 1..sendings {
            let request = receiver.next().await;
            assert_eq!(signature(&request), sign_btcpay(SECRET, &request.body));
            let again = request.json();
            assert!(!seen.contains(&again["deliveryId"]));
            seen.push(again["deliveryId"].clone());
            assert_eq!(
                [&again["originalDeliveryId"], &again["isRedelivery"], &again["timestamp"]],
                [&seen[0], &json!(true), &first["timestamp"]]
            );
        }
        // The next event comes only after all of that.
        let stopped = json!({ "invoice_id": id, "deliver": "none" });
        sandbox.control("btcpay/expire", stopped).await;
        let event = json!({ "type": "InvoiceNewer", "invoice_id": id });
        sandbox.control("btcpay/event", event).await;
        assert_eq!(receiver.next().await.json()["type"], "InvoiceNewer", "{statuses:?}");
    }
}

#[tokio::test]
async fn holds_up_what_follows_and_forgets_it_when_restarted() {
    let mut receiver = Receiver::answering(&[500]).await;
    let sandbox = wired(&receiver).await;
    sandbox.control("btcpay", json!({ "second_ms": 3_600_000 })).await;
    invoice(&sandbox, "stuck").await;
    assert_eq!(receiver.next().await.json()["metadata"]["orderId"], "stuck");
    invoice(&sandbox, "behind").await;
    sandbox.control("btcpay/restart", json!({})).await;
    invoice(&sandbox, "after").await;
    assert_eq!(receiver.next().await.json()["metadata"]["orderId"], "after");
    // What was forgotten can still be found by asking.
    assert_eq!(get(&sandbox, "invoices?orderId=behind").await[0]["status"], "New");
}

#[tokio::test]
async fn sends_wrongly_on_demand() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let id = invoice(&sandbox, "top_01").await;
    receiver.next().await;
    let paid = json!({ "invoice_id": id, "deliver": "none" });
    let paid = sandbox.control("btcpay/pay", paid).await;
    let event = paid["events"][3]["event_id"].clone();
    let redeliver = async |how: &str, times: u32| {
        let again = json!({ "event_id": event, "deliver": how, "times": times });
        sandbox.control("btcpay/redeliver", again).await["statuses"].as_array().unwrap().len()
    };
    assert_eq!(redeliver("duplicate", 1).await, 2);
    let (one, two) = (receiver.next().await, receiver.next().await);
    assert_eq!((&one.body, signature(&one)), (&two.body, signature(&two)));
    assert_eq!(one.json()["type"], "InvoiceSettled");
    redeliver("tampered", 1).await;
    let tampered = receiver.next().await;
    assert_eq!(tampered.json()["invoiceId"], "another");
    assert_ne!(signature(&tampered), sign_btcpay(SECRET, &tampered.body));
    redeliver("wrong_secret", 1).await;
    let foreign = receiver.next().await;
    assert_ne!(signature(&foreign), sign_btcpay(SECRET, &foreign.body));
    redeliver("unsigned", 1).await;
    assert!(!receiver.next().await.headers.contains_key("btcpay-sig"));
    redeliver("bad_header", 1).await;
    assert_eq!(signature(&receiver.next().await), "not a signature");
    assert_eq!(redeliver("fresh", 3).await, 3);
    for _ in 0..3 {
        let again = receiver.next().await.json();
        assert_eq!(again["isRedelivery"], true);
        assert_eq!(again["originalDeliveryId"], one.json()["deliveryId"]);
    }
    sandbox.control("btcpay", json!({ "webhook_secret": "new" })).await;
    redeliver("fresh", 1).await;
    let rotated = receiver.next().await;
    assert_eq!(signature(&rotated), sign_btcpay("new", &rotated.body));
    let unknown = json!({ "event_id": "event-x" });
    assert_eq!(sandbox.try_control("btcpay/redeliver", unknown).await.0, 404);
}

#[tokio::test]
async fn tells_in_another_order_or_of_things_nobody_knows() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let id = invoice(&sandbox, "top_01").await;
    receiver.next().await;
    sandbox.control("btcpay", json!({ "deliver": "hold" })).await;
    act(&sandbox, "pay", json!({}), &id).await;
    assert!(receiver.is_empty());
    sandbox.control("btcpay/flush", json!({ "order": "newest_first" })).await;
    assert_eq!(
        types(&mut receiver, 4).await,
        ["InvoiceSettled", "InvoicePaymentSettled", "InvoiceProcessing", "InvoiceReceivedPayment"]
    );
    sandbox.control("btcpay", json!({ "deliver": "fresh" })).await;

    let event = json!({
        "type": "InvoiceSettled", "invoice_id": "nobody", "metadata": { "orderId": "top_99" },
    });
    sandbox.control("btcpay/event", event).await;
    assert_eq!(receiver.next().await.json()["invoiceId"], "nobody");
    // Somebody else's invoice at the same store, for the same order but another amount.
    let mut other = wanted("top_01");
    other["amount"] = json!("1.00");
    let other = sandbox.control("btcpay/invoice", json!({ "invoice": other })).await;
    assert_eq!(receiver.next().await.json()["invoiceId"], other["invoice_id"]);
}

#[tokio::test]
async fn pays_before_the_reply_is_written() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let faults = json!({ "only": "create", "before_reply_callback": true, "remaining": 1 });
    sandbox.control("btcpay", json!({ "faults": faults })).await;
    let (_, created) = post(&sandbox, "invoices", &wanted("top_01")).await;
    assert_eq!(created["status"], "New", "the reply was true when it was made");
    assert!(!receiver.is_empty(), "the events were there first");
    assert_eq!(
        types(&mut receiver, 5).await,
        [
            "InvoiceCreated",
            "InvoiceReceivedPayment",
            "InvoiceProcessing",
            "InvoicePaymentSettled",
            "InvoiceSettled"
        ]
    );
    assert_eq!(settled(&sandbox).await, "Settled");
}

async fn settled(sandbox: &Sandbox) -> Value {
    get(sandbox, "invoices?orderId=top_01").await[0]["status"].clone()
}
