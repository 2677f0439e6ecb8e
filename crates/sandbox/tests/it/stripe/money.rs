//! Payments, refunds and disputes, as the API shows them and as events tell of them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{answer, session, wired};
use crate::support::{Receiver, Sandbox};

async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let (status, object) = answer(sandbox.stripe(Method::GET, path)).await;
    assert_eq!(status, 200, "{path}: {object}");
    object
}

/// Pays a new session in full; its id and the payment intent's.
async fn paid(sandbox: &Sandbox) -> (String, String) {
    let id = session(sandbox).await;
    sandbox.control("stripe/pay", json!({ "session_id": id })).await;
    let intent = get(sandbox, &format!("checkout/sessions/{id}")).await["payment_intent"].clone();
    (id, intent.as_str().unwrap().to_owned())
}

async fn refund(sandbox: &Sandbox, fields: &[(&str, &str)]) -> (u16, Value) {
    answer(sandbox.stripe(Method::POST, "refunds").form(fields)).await
}

/// The kinds of the events that a control led to.
fn kinds(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap().iter();
    events.map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn shows_the_payment_behind_a_session() {
    let sandbox = Sandbox::start().await;
    let open = session(&sandbox).await;
    let path = |id: &str| format!("checkout/sessions/{id}?expand[]=payment_intent");
    assert_eq!(get(&sandbox, &path(&open)).await["payment_intent"], json!(null));

    let (id, intent) = paid(&sandbox).await;
    let whole = get(&sandbox, &path(&id)).await["payment_intent"].clone();
    assert_eq!(
        [&whole["id"], &whole["status"], &whole["amount_received"], &whole["metadata"]],
        [&json!(intent), &json!("succeeded"), &json!(2_000_000), &json!({ "topup_id": "top_01" })]
    );
    assert_eq!(get(&sandbox, &format!("payment_intents/{intent}")).await, whole);
    let charge = whole["latest_charge"].as_str().unwrap();
    let deeper = format!("checkout/sessions/{id}?expand[0]=payment_intent.latest_charge");
    let deeper = get(&sandbox, &deeper).await;
    assert_eq!(deeper["payment_intent"]["latest_charge"]["id"], charge);
    assert_eq!(get(&sandbox, &format!("charges/{charge}")).await["amount_refunded"], 0);

    let found = get(&sandbox, &format!("checkout/sessions?payment_intent={intent}")).await;
    assert_eq!([&found["data"][0]["id"], &found["data"][1]], [&json!(id), &json!(null)]);
    let query = format!("checkout/sessions?payment_intent={intent}&expand[]=data.payment_intent");
    assert_eq!(get(&sandbox, &query).await["data"][0]["payment_intent"], whole);
    for path in ["payment_intents/pi_x", "charges/ch_x", "refunds/re_x", "disputes/du_x"] {
        assert_eq!(answer(sandbox.stripe(Method::GET, path)).await.0, 404, "{path}");
    }
    let customer = format!("checkout/sessions/{id}?expand[]=customer");
    assert_eq!(answer(sandbox.stripe(Method::GET, &customer)).await.0, 400);
}

#[tokio::test]
async fn follows_payments_that_settle_later_or_never() {
    let sandbox = Sandbox::start().await;
    let status = async |id: &str| {
        let path = format!("checkout/sessions/{id}?expand[]=payment_intent");
        let session = get(&sandbox, &path).await;
        let pick = |value: &Value| value.as_str().unwrap().to_owned();
        let intent = pick(&session["payment_intent"]["status"]);
        [pick(&session["status"]), pick(&session["payment_status"]), intent]
    };
    let unpaid = async |id: &str| {
        let pay = json!({ "session_id": id, "payment_status": "unpaid" });
        sandbox.control("stripe/pay", pay).await;
    };
    let later = session(&sandbox).await;
    unpaid(&later).await;
    assert_eq!(status(&later).await, ["complete", "unpaid", "processing"]);
    sandbox.control("stripe/pay", json!({ "session_id": later })).await;
    assert_eq!(status(&later).await, ["complete", "paid", "succeeded"]);

    let never = session(&sandbox).await;
    unpaid(&never).await;
    let failed = sandbox.control("stripe/fail", json!({ "session_id": never })).await;
    assert_eq!(status(&never).await, ["complete", "unpaid", "requires_payment_method"]);
    let event = get(&sandbox, &format!("events/{}", failed["event_id"].as_str().unwrap())).await;
    assert_eq!(event["type"], "checkout.session.async_payment_failed");
    let (refused, _) = sandbox.try_control("stripe/pay", json!({ "session_id": never })).await;
    assert_eq!(refused, 409);

    let declined = session(&sandbox).await;
    sandbox.control("stripe/fail", json!({ "session_id": declined })).await;
    assert_eq!(status(&declined).await, ["open", "unpaid", "requires_payment_method"]);
    sandbox.control("stripe/expire", json!({ "session_id": declined })).await;
    assert_eq!(status(&declined).await, ["expired", "unpaid", "canceled"]);
    let (refused, why) = sandbox.try_control("stripe/pay", json!({ "session_id": declined })).await;
    assert_eq!(refused, 409);
    assert!(why["error"].as_str().unwrap().contains("no late payment"), "{why}");
}

#[tokio::test]
async fn tells_how_a_refund_goes_on() {
    let sandbox = Sandbox::start().await;
    let (_, intent) = paid(&sandbox).await;
    sandbox.control("stripe", json!({ "refund_status": "pending" })).await;
    let fields = [
        ("payment_intent", intent.as_str()),
        ("amount", "500000"),
        ("metadata[refund_id]", "back_01"),
    ];
    let (status, pending) = refund(&sandbox, &fields).await;
    assert_eq!((status, &pending["status"]), (200, &json!("pending")));
    let id = pending["id"].as_str().unwrap();
    let left = refund(&sandbox, &[("payment_intent", &intent), ("amount", "1500001")]).await;
    assert_eq!(left.0, 400);

    let settle = |status: &str| json!({ "refund_id": id, "status": status });
    let settled = sandbox.control("stripe/refund/settle", settle("succeeded")).await;
    assert_eq!(kinds(&settled), ["refund.updated"]);
    let failed = sandbox.control("stripe/refund/settle", settle("failed")).await;
    assert_eq!(kinds(&failed), ["refund.updated", "refund.failed"]);
    let (again, _) = sandbox.try_control("stripe/refund/settle", settle("succeeded")).await;
    assert_eq!(again, 409);
    let shown = get(&sandbox, &format!("refunds/{id}")).await;
    assert_eq!(
        [&shown["status"], &shown["failure_reason"], &shown["metadata"]],
        [&json!("failed"), &json!("unknown"), &json!({ "refund_id": "back_01" })]
    );

    let by_hand = sandbox.control("stripe/refund", json!({ "payment_intent": intent })).await;
    assert_eq!(kinds(&by_hand), ["refund.created", "charge.refunded"]);
    let all = get(&sandbox, &format!("refunds?payment_intent={intent}&limit=100")).await;
    let amounts: Vec<_> = all["data"].as_array().unwrap().iter().map(|it| &it["amount"]).collect();
    assert_eq!(amounts, [2_000_000, 500_000]);
    assert_eq!(get(&sandbox, "refunds?payment_intent=pi_x").await["data"], json!([]));
    let first = get(&sandbox, &format!("refunds?payment_intent={intent}&limit=1")).await;
    assert_eq!(first["has_more"], true);
    let newest = first["data"][0]["id"].as_str().unwrap();
    let rest = get(&sandbox, &format!("refunds?limit=1&starting_after={newest}")).await;
    assert_eq!([&rest["data"][0]["id"], &rest["has_more"]], [&json!(id), &json!(false)]);
}

#[tokio::test]
async fn refunds_once_per_idempotency_key() {
    let sandbox = Sandbox::start().await;
    let (_, intent) = paid(&sandbox).await;
    let faults = json!({ "drop_after_commit": true, "hits": "refunds", "remaining": 1 });
    sandbox.control("stripe", json!({ "faults": faults })).await;
    let keyed = |key: &str| {
        let fields = [("payment_intent", intent.as_str()), ("amount", "1000000")];
        let request = sandbox.stripe(Method::POST, "refunds").form(&fields);
        request.header("idempotency-key", key.to_owned())
    };
    get(&sandbox, &format!("payment_intents/{intent}")).await; // Reads are not hit.
    assert!(keyed("refund:1").send().await.is_err());
    assert_eq!(answer(keyed("refund:1")).await.0, 200);
    assert_eq!(sandbox.state().await["stripe"]["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(answer(keyed("refund:2")).await.0, 200);
    assert_eq!(answer(keyed("refund:3")).await.1["error"]["code"], "charge_already_refunded");
    let unpaid = session(&sandbox).await;
    sandbox.control("stripe/fail", json!({ "session_id": unpaid })).await;
    let path = format!("checkout/sessions/{unpaid}");
    let intent = get(&sandbox, &path).await["payment_intent"].clone();
    let (status, refused) = refund(&sandbox, &[("payment_intent", intent.as_str().unwrap())]).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (400, &json!("payment_intent_unexpected_state"))
    );
}

#[tokio::test]
async fn takes_disputed_money_and_brings_it_back_when_won() {
    let sandbox = Sandbox::start().await;
    let (id, intent) = paid(&sandbox).await;
    let dispute = json!({ "session_id": id, "amount": 1_200_000 });
    let opened = sandbox.control("stripe/dispute", dispute).await;
    assert_eq!(kinds(&opened), ["charge.dispute.created", "charge.dispute.funds_withdrawn"]);
    let found = get(&sandbox, &format!("disputes?payment_intent={intent}")).await;
    let object = &found["data"][0];
    assert_eq!(object["id"], opened["dispute_id"]);
    assert_eq!(
        [&object["status"], &object["amount"], &object["is_charge_refundable"]],
        [&json!("needs_response"), &json!(1_200_000), &json!(false)]
    );
    let (status, refused) = refund(&sandbox, &[("payment_intent", &intent)]).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("charge_disputed")));
    let order = async || sandbox.truth("stripe", "top_01").await;
    let disputed = order().await;
    assert_eq!([&disputed["paid"], &disputed["disputed"]], [&json!(2_000_000), &json!(1_200_000)]);

    let decide = |status: &str| json!({ "dispute_id": opened["dispute_id"], "status": status });
    for (status, events) in [
        ("under_review", vec!["charge.dispute.updated"]),
        ("lost", vec!["charge.dispute.closed"]),
        ("won", vec!["charge.dispute.closed", "charge.dispute.funds_reinstated"]),
    ] {
        let decided = sandbox.control("stripe/dispute/decide", decide(status)).await;
        assert_eq!(kinds(&decided), events);
    }
    assert_eq!(sandbox.try_control("stripe/dispute/decide", decide("lost")).await.0, 409);
    assert_eq!(order().await["disputed"], 0);
}

#[tokio::test]
async fn asks_before_it_takes() {
    let sandbox = Sandbox::start().await;
    let (id, intent) = paid(&sandbox).await;
    let inquiry = json!({ "session_id": id, "inquiry": true, "reason": "product_not_received" });
    let opened = sandbox.control("stripe/dispute", inquiry).await;
    assert_eq!(kinds(&opened), ["charge.dispute.created"]);
    assert_eq!(sandbox.truth("stripe", "top_01").await["disputed"], 0);
    let part = [("payment_intent", intent.as_str()), ("amount", "1")];
    assert_eq!(refund(&sandbox, &part).await.0, 200, "an inquiry forbids no refund");
    let decide = json!({ "dispute_id": opened["dispute_id"], "status": "needs_response" });
    let escalated = sandbox.control("stripe/dispute/decide", decide).await;
    assert_eq!(kinds(&escalated), ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]);
    let order = sandbox.truth("stripe", "top_01").await;
    assert_eq!([&order["disputed"], &order["refunded"]], [&json!(2_000_000), &json!(1)]);
}

#[tokio::test]
async fn keeps_events_back_and_sends_them_in_another_order() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    sandbox.control("stripe", json!({ "deliver": "hold" })).await;
    let (id, _) = paid(&sandbox).await;
    sandbox.control("stripe/refund", json!({ "session_id": id, "amount": 1 })).await;
    assert!(receiver.is_empty());
    let flushed = sandbox.control("stripe/flush", json!({ "order": "newest_first" })).await;
    let expected = ["charge.refunded", "refund.created", "checkout.session.completed"];
    assert_eq!(kinds(&flushed), expected);
    for kind in expected {
        assert_eq!(receiver.next().await.json()["type"], kind);
    }
    assert_eq!(sandbox.control("stripe/flush", json!({})).await["events"], json!([]));
}

#[tokio::test]
async fn opens_sessions_the_shop_did_not_ask_for() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = wired(&receiver).await;
    let (first, _) = paid(&sandbox).await;
    let second = sandbox.control("stripe/session", json!({ "like": first })).await;
    sandbox.control("stripe/pay", json!({ "session_id": second["session_id"] })).await;
    let order = sandbox.truth("stripe", "top_01").await;
    assert_eq!(order["paid"], 4_000_000);
    assert_eq!(order["payments"].as_array().unwrap().len(), 2);

    let stranger = json!({ "like": first, "client_reference_id": "top_99" });
    let stranger = sandbox.control("stripe/session", stranger).await;
    let pay = json!({ "session_id": stranger["session_id"], "livemode": true });
    sandbox.control("stripe/pay", pay).await;
    let plain = json!({ "amount": 700, "currency": "usd" });
    let plain = sandbox.control("stripe/session", plain).await;
    sandbox.control("stripe/pay", json!({ "session_id": plain["session_id"] })).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let event = receiver.next().await.json();
        let object = &event["data"]["object"];
        let fields = [&event["livemode"], &object["client_reference_id"], &object["amount_total"]];
        seen.push(json!([fields, object["metadata"]["topup_id"]]));
    }
    assert_eq!(
        seen,
        [
            json!([[false, "top_01", 2_000_000], "top_01"]),
            json!([[false, "top_01", 2_000_000], "top_01"]),
            json!([[true, "top_99", 2_000_000], "top_99"]),
            json!([[false, null, 700], null]),
        ]
    );
}

#[tokio::test]
async fn limits_the_rate_on_demand() {
    let sandbox = Sandbox::start().await;
    sandbox.control("stripe", json!({ "faults": { "http_429": true, "remaining": 1 } })).await;
    let (status, limited) = answer(sandbox.stripe(Method::GET, "refunds")).await;
    assert_eq!((status, &limited["error"]["code"]), (429, &json!("rate_limit")));
    assert_eq!(answer(sandbox.stripe(Method::GET, "refunds")).await.0, 200);
}
