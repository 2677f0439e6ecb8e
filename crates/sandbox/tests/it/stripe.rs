mod money;

use reqwest::{Method, RequestBuilder};
use sandbox::{Config, sign_stripe};
use serde_json::{Value, json};

use crate::support::{Received, Receiver, Sandbox};

const SESSION: [(&str, &str); 10] = [
    ("mode", "payment"),
    ("client_reference_id", "top_01"),
    ("success_url", "https://shop.test/ok?session_id={CHECKOUT_SESSION_ID}"),
    ("cancel_url", "https://shop.test/cancel"),
    ("line_items[0][quantity]", "2"),
    ("line_items[0][price_data][currency]", "idr"),
    ("line_items[0][price_data][unit_amount]", "1000000"),
    ("line_items[0][price_data][product_data][name]", "Balance top-up"),
    ("metadata[topup_id]", "top_01"),
    ("payment_intent_data[metadata][topup_id]", "top_01"),
];

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert!(response.headers()["request-id"].to_str().unwrap().starts_with("req_"));
    (response.status().as_u16(), response.json().await.unwrap())
}

fn create(sandbox: &Sandbox) -> RequestBuilder {
    sandbox.stripe(Method::POST, "checkout/sessions").form(&SESSION)
}

async fn session(sandbox: &Sandbox) -> String {
    let (status, session) = answer(create(sandbox)).await;
    assert_eq!(status, 200, "{session}");
    session["id"].as_str().unwrap().to_owned()
}

async fn wired(receiver: &Receiver) -> Sandbox {
    let config = Config { stripe_webhook_url: Some(receiver.url.clone()), ..Config::default() };
    let sandbox = Sandbox::with(config).await;
    sandbox.control("stripe", json!({ "webhook_retry_ms": 1 })).await;
    sandbox
}

/// The parts of the signature header: time and signatures by scheme.
fn signature(received: &Received) -> (i64, Vec<(String, String)>) {
    let header = received.headers["stripe-signature"].to_str().unwrap();
    let mut items = header.split(',').map(|item| item.split_once('=').unwrap());
    let (name, time) = items.next().unwrap();
    assert_eq!(name, "t");
    let rest = items.map(|(scheme, value)| (scheme.to_owned(), value.to_owned())).collect();
    (time.parse().unwrap(), rest)
}

fn v1(value: String) -> (String, String) {
    ("v1".to_owned(), value)
}

#[test]
fn signs_like_the_published_vector() {
    let body = br#"{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}"#;
    assert_eq!(
        sign_stripe("whsec_test_secret", 1_763_600_000, body),
        "6fba24db252e889eff0cda2c37548f00d31187eea3c68b4e3ee03f6f8b3aa8a0"
    );
}

#[tokio::test]
async fn creates_and_shows_a_session() {
    let sandbox = Sandbox::start().await;
    let (status, created) = answer(create(&sandbox)).await;
    assert_eq!(status, 200);
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("cs_test_"));
    for (field, value) in [
        ("object", json!("checkout.session")),
        ("status", json!("open")),
        ("payment_status", json!("unpaid")),
        ("amount_total", json!(2_000_000)),
        ("currency", json!("idr")),
        ("payment_intent", json!(null)),
        ("client_reference_id", json!("top_01")),
        ("metadata", json!({ "topup_id": "top_01" })),
        ("livemode", json!(false)),
        ("url", json!(format!("{}/checkout/{id}", sandbox.base))),
    ] {
        assert_eq!(created[field], value, "{field}");
    }
    let life = created["expires_at"].as_i64().unwrap() - created["created"].as_i64().unwrap();
    assert_eq!(life, 24 * 3600);
    let path = format!("{}/stripe/v1/checkout/sessions/{id}", sandbox.base);
    let under_prefix = sandbox.http.get(path).basic_auth("sk_test_sandbox", Some(""));
    assert_eq!(answer(under_prefix).await, (200, created));
}

#[tokio::test]
async fn accepts_escaped_brackets() {
    let sandbox = Sandbox::start().await;
    let body = "mode=payment&success_url=x&line_items[0][quantity]=1\
        &line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=usd\
        &line_items[0][price_data][unit_amount]=500\
        &line_items%5b0%5d[price_data][product_data][name]=T";
    let request = sandbox
        .stripe(Method::POST, "checkout/sessions")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(answer(request).await.1["amount_total"], 500);
}

#[tokio::test]
async fn refuses_what_the_documentation_does_not_describe() {
    let sandbox = Sandbox::start().await;
    for (name, value, code, param) in [
        ("colour", "red", json!("parameter_unknown"), "colour"),
        ("line_items[0][colour]", "red", json!("parameter_unknown"), "line_items[0][colour]"),
        ("mode", "", json!("parameter_missing"), "mode"),
        ("mode", "setup", json!(null), "mode"),
        ("success_url", "", json!("parameter_missing"), "success_url"),
        (
            "line_items[0][quantity]",
            "two",
            json!("parameter_invalid_integer"),
            "line_items[0][quantity]",
        ),
        ("line_items[0][quantity]", "0", json!(null), "line_items[0][quantity]"),
        (
            "line_items[0][price_data][currency]",
            "IDR",
            json!(null),
            "line_items[0][price_data][currency]",
        ),
        ("expires_at", "1", json!(null), "expires_at"),
    ] {
        let kept = SESSION.into_iter().filter(|(known, _)| *known != name);
        let added = [(name, value)].into_iter().filter(|(_, value)| !value.is_empty());
        let fields: Vec<_> = kept.chain(added).collect();
        let request = sandbox.stripe(Method::POST, "checkout/sessions").form(&fields);
        let (status, answer) = answer(request).await;
        let error = &answer["error"];
        assert_eq!((status, &error["type"]), (400, &json!("invalid_request_error")), "{answer}");
        assert_eq!((&error["code"], &error["param"]), (&code, &json!(param)), "{answer}");
    }
    let json =
        sandbox.stripe(Method::POST, "checkout/sessions").json(&json!({ "mode": "payment" }));
    assert_eq!(answer(json).await.0, 400);
    assert_eq!(sandbox.state().await["stripe"]["sessions"], json!([]));
}

#[tokio::test]
async fn refuses_wrong_keys_and_unknown_things() {
    let sandbox = Sandbox::start().await;
    let url = format!("{}/v1/checkout/sessions", sandbox.base);
    let anonymous = sandbox.http.post(&url).form(&SESSION);
    let stranger = sandbox.http.post(&url).bearer_auth("sk_test_other").form(&SESSION);
    for request in [anonymous, stranger] {
        let (status, answer) = answer(request).await;
        assert_eq!((status, &answer["error"]["type"]), (401, &json!("invalid_request_error")));
    }
    let missing = answer(sandbox.stripe(Method::GET, "checkout/sessions/cs_x")).await;
    assert_eq!((missing.0, &missing.1["error"]["code"]), (404, &json!("resource_missing")));
    assert_eq!(answer(sandbox.stripe(Method::GET, "invoices")).await.0, 404);
}

#[tokio::test]
async fn creates_once_per_idempotency_key() {
    let sandbox = Sandbox::start().await;
    let keyed = || create(&sandbox).header("idempotency-key", "topup:1");
    let first = keyed().send().await.unwrap();
    assert!(first.headers().get("idempotent-replayed").is_none());
    let first = first.text().await.unwrap();
    let second = keyed().send().await.unwrap();
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    assert_eq!(second.text().await.unwrap(), first);
    assert_eq!(sandbox.state().await["stripe"]["sessions"].as_array().unwrap().len(), 1);

    let other = sandbox
        .stripe(Method::POST, "refunds")
        .header("idempotency-key", "topup:1")
        .form(&[("payment_intent", "pi_1")]);
    let (status, answer) = answer(other).await;
    assert_eq!((status, &answer["error"]["type"]), (400, &json!("idempotency_error")));
}

#[tokio::test]
async fn refuses_a_key_that_is_in_use() {
    let sandbox = Sandbox::start().await;
    sandbox.control("stripe", json!({ "faults": { "latency_ms": 500, "remaining": 2 } })).await;
    let keyed = || answer(create(&sandbox).header("idempotency-key", "topup:1"));
    let (one, two) = tokio::join!(keyed(), keyed());
    let (winner, loser) = if one.0 == 200 { (one, two) } else { (two, one) };
    assert_eq!(winner.0, 200);
    assert_eq!((loser.0, &loser.1["error"]["code"]), (409, &json!("idempotency_key_in_use")));
}

#[tokio::test]
async fn keeps_the_reply_to_a_call_whose_answer_was_lost() {
    let sandbox = Sandbox::start().await;
    let keyed = |key: &str| create(&sandbox).header("idempotency-key", key.to_owned());
    for (fault, key) in [("drop_after_commit", "a"), ("http_500_after_commit", "b")] {
        let faults = json!({ "faults": { fault: true, "remaining": 1 } });
        sandbox.control("stripe", faults).await;
        match keyed(key).send().await {
            Ok(response) => assert_eq!(response.status(), 500),
            Err(error) => assert!(error.is_request()),
        }
        let again = keyed(key).send().await.unwrap();
        assert_eq!(again.headers()["idempotent-replayed"], "true");
    }
    sandbox.control("stripe", json!({ "faults": { "http_500": true, "remaining": 1 } })).await;
    assert_eq!(answer(keyed("c")).await.0, 500);
    assert_eq!(sandbox.state().await["stripe"]["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(answer(keyed("c")).await.0, 200);
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

#[tokio::test]
async fn pays_through_the_page_of_the_session() {
    let sandbox = Sandbox::start().await;
    let id = session(&sandbox).await;
    let url = format!("{}/checkout/{id}", sandbox.base);
    let page = sandbox.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("idr 2000000"));
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let paid = browser.post(&url).send().await.unwrap();
    assert_eq!(paid.headers()["location"], format!("https://shop.test/ok?session_id={id}"));
    assert_eq!(sandbox.state().await["stripe"]["sessions"][0]["payment_status"], "paid");
}
