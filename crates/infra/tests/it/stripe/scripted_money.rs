//! Reports, refunds and missed events against answers written down in the test.

use chrono::DateTime;
use domain::{
    gateways::{
        DisputeState, GatewayError, PaymentGateway, PaymentRef, PaymentStatus, RefundRequest,
        RefundState,
    },
    ids::RefundId,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    idr, request,
    scripted::{Answer, Asked, Script},
};

const REFUND: &str = "0198c2d1-0000-7000-8000-0000000000aa";

fn ok(to: &'static str, body: &Value) -> Answer {
    Answer { to, status: 200, advice: None, body: body.to_string() }
}

fn session(status: &str, payment_status: &str) -> Value {
    json!({
        "id": "cs_test_1",
        "amount_total": 5_000_000,
        "currency": "idr",
        "status": status,
        "payment_status": payment_status,
        "payment_intent": {
            "id": "pi_1", "status": "succeeded", "amount_received": 5_000_000, "currency": "idr",
        },
        "client_reference_id": request().topup.to_string(),
        "livemode": false,
    })
}

fn paid() -> Answer {
    ok("/v1/checkout/sessions/cs_test_1?", &session("complete", "paid"))
}

fn page(items: &[Value]) -> Value {
    json!({ "object": "list", "has_more": false, "data": items })
}

fn refund(id: &str, status: &str) -> Value {
    json!({
        "id": id, "amount": 2_000_000, "currency": "idr", "status": status,
        "metadata": { "refund_id": REFUND },
    })
}

fn by_id() -> PaymentRef {
    PaymentRef::Payment("cs_test_1".to_owned())
}

fn refund_request() -> RefundRequest {
    RefundRequest {
        refund: RefundId::parse(REFUND).unwrap(),
        topup: request().topup,
        payment_id: "cs_test_1".to_owned(),
        amount: idr(20_000),
    }
}

#[tokio::test]
async fn a_report_has_everything() {
    let dispute = json!({ "id": "dp_1", "amount": 5_000_000, "currency": "idr", "status": "lost" });
    let script = Script::start(vec![
        paid(),
        ok("/v1/refunds?", &page(&[refund("re_1", "succeeded")])),
        ok("/v1/disputes?", &page(&[dispute])),
    ])
    .await;
    let report = script.stripe.fetch(&by_id()).await.unwrap().unwrap();
    assert_eq!(report.payment_id, "cs_test_1");
    assert_eq!(report.topup, Some(request().topup));
    assert_eq!(report.status, PaymentStatus::Settled);
    assert_eq!((report.charge, report.received), (Some(idr(50_000)), Some(idr(50_000))));
    let [refund] = &report.refunds[..] else { panic!("{:?}", report.refunds) };
    assert_eq!((refund.id.as_str(), refund.refund), ("re_1", RefundId::parse(REFUND)));
    assert_eq!((refund.amount, refund.state), (idr(20_000), RefundState::Done));
    let [dispute] = &report.disputes[..] else { panic!("{:?}", report.disputes) };
    assert_eq!((dispute.amount, dispute.state), (idr(50_000), DisputeState::Lost));
    let asked = script.asked();
    assert!(asked.iter().all(|it| it.method == Method::GET && it.body.is_empty()));
    assert_eq!(asked[0].target, "/v1/checkout/sessions/cs_test_1?expand%5B0%5D=payment_intent");
    assert!(asked[1..].iter().all(|it| it.target.contains("payment_intent=pi_1&limit=100")));
}

#[tokio::test]
async fn the_other_name_of_a_payment_finds_it() {
    let sessions = page(&[session("complete", "paid")]);
    let script = Script::start(vec![
        ok("/v1/checkout/sessions?payment_intent=pi_1", &sessions),
        ok("/v1/", &page(&[])),
    ])
    .await;
    let alias = PaymentRef::Alias("pi_1".to_owned());
    let report = script.stripe.fetch(&alias).await.unwrap().unwrap();
    assert_eq!(report.payment_id, "cs_test_1");
}

/// A payment of another shop on the same account.
#[tokio::test]
async fn a_payment_of_no_session_is_none_of_ours() {
    let script = Script::start(vec![ok("/v1/", &page(&[]))]).await;
    let alias = PaymentRef::Alias("pi_1".to_owned());
    assert_eq!(script.stripe.fetch(&alias).await, Ok(None));
}

#[tokio::test]
async fn what_stripe_does_not_know_is_nothing() {
    let body = json!({ "error": { "type": "invalid_request_error", "code": "resource_missing" } });
    let missing = Answer { status: 404, ..ok("", &body) };
    let script = Script::start(vec![missing]).await;
    assert_eq!(script.stripe.fetch(&by_id()).await, Ok(None));
    assert_eq!(script.asked().len(), 1);
}

/// It would become part of the address.
#[tokio::test]
async fn no_call_is_made_for_what_cannot_be_an_id() {
    let script = Script::start(vec![paid()]).await;
    for id in ["../refunds", "cs_1?x=", "", "cs 1"] {
        for payment in [PaymentRef::Payment(id.to_owned()), PaymentRef::Alias(id.to_owned())] {
            assert_eq!(script.stripe.fetch(&payment).await, Ok(None), "{payment}");
        }
    }
    let ours = PaymentRef::Topup(request().topup);
    assert_eq!(script.stripe.fetch(&ours).await, Ok(None), "it knows no names of ours");
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn an_open_page_costs_one_call() {
    let mut open = session("open", "unpaid");
    open["payment_intent"] = json!(null);
    let script = Script::start(vec![ok("", &open)]).await;
    let report = script.stripe.fetch(&by_id()).await.unwrap().unwrap();
    assert_eq!((report.status, report.received), (PaymentStatus::Open, None));
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test]
async fn no_report_is_better_than_a_guess() {
    let mut live = session("complete", "paid");
    live["livemode"] = json!(true);
    for session in [live, session("complete", "half_paid")] {
        let script = Script::start(vec![ok("", &session)]).await;
        let outcome = script.stripe.fetch(&by_id()).await;
        assert!(outcome.is_err(), "{outcome:?}");
    }
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let first = json!({ "has_more": true, "data": [refund("re_2", "pending")] });
    let second = page(&[refund("re_1", "failed")]);
    let script = Script::start(vec![
        paid(),
        ok("/v1/refunds?payment_intent=pi_1&limit=100&starting_after=re_2", &second),
        ok("/v1/refunds?payment_intent=pi_1&limit=100", &first),
        ok("/v1/disputes?", &page(&[])),
    ])
    .await;
    let report = script.stripe.fetch(&by_id()).await.unwrap().unwrap();
    let ids: Vec<&str> = report.refunds.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["re_2", "re_1"]);
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let endless = json!({ "has_more": true, "data": [refund("re_1", "failed")] });
    let script = Script::start(vec![paid(), ok("/v1/", &endless)]).await;
    let outcome = script.stripe.fetch(&by_id()).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
}

fn posts(asked: &[Asked]) -> Vec<&Asked> {
    asked.iter().filter(|it| it.method == Method::POST).collect()
}

#[tokio::test]
async fn gives_back_under_a_key_of_its_own() {
    let script = Script::start(vec![
        paid(),
        ok("/v1/refunds?", &page(&[])),
        ok("/v1/refunds", &refund("re_1", "pending")),
    ])
    .await;
    let done = script.stripe.refund(&refund_request()).await.unwrap();
    assert_eq!((done.report.id.as_str(), done.report.state), ("re_1", RefundState::Pending));
    assert_eq!(done.claim_url, None);
    let asked = script.asked();
    let [post] = posts(&asked)[..] else { panic!("{} calls", asked.len()) };
    assert_eq!(post.headers["idempotency-key"], format!("refund:{REFUND}"));
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(&post.body).into_owned().collect();
    assert!(form.contains(&("amount".to_owned(), "2000000".to_owned())), "{form:?}");
}

/// The key is forgotten after a day; the refund is found all the same.
#[tokio::test]
async fn what_was_given_back_long_ago_is_not_given_again() {
    let known = page(&[refund("re_1", "succeeded")]);
    let script = Script::start(vec![paid(), ok("/v1/refunds?", &known)]).await;
    let done = script.stripe.refund(&refund_request()).await.unwrap();
    assert_eq!((done.report.id.as_str(), done.report.state), ("re_1", RefundState::Done));
    assert!(posts(&script.asked()).is_empty());
}

/// A refusal puts the money back into the wallet, so that it has to be certain.
#[tokio::test]
async fn only_a_verdict_on_the_refund_is_a_refusal() {
    let error = |status, kind: &str| Answer {
        status,
        ..ok("/v1/refunds", &json!({ "error": { "type": kind } }))
    };
    let none = || ok("/v1/refunds?", &page(&[]));
    for (answers, is_refused) in [
        (vec![paid(), none(), error(400, "invalid_request_error")], true),
        (vec![paid(), none(), error(401, "invalid_request_error")], false),
        (vec![paid(), none(), error(403, "invalid_request_error")], false),
        (vec![paid(), none(), error(400, "idempotency_error")], false),
        (vec![paid(), none(), error(500, "api_error")], false),
        (vec![paid(), none(), ok("/v1/refunds", &json!({}))], false),
        (vec![paid(), error(401, "invalid_request_error")], false),
        (vec![Answer { to: "", ..error(401, "invalid_request_error") }], false),
        (vec![Answer { to: "", ..error(404, "invalid_request_error") }], false),
    ] {
        let outcome = Script::start(answers).await.stripe.refund(&refund_request()).await;
        let refused = matches!(outcome, Err(GatewayError::Refused(_)));
        assert!(outcome.is_err() && refused == is_refused, "{outcome:?}");
    }
}

#[tokio::test]
async fn gives_nothing_back_of_another_payment() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    for (name, value) in [
        ("client_reference_id", json!(other)),
        ("payment_intent", json!(null)),
        ("currency", json!("usd")),
    ] {
        let mut session = session("complete", "paid");
        session[name] = value;
        let script = Script::start(vec![ok("", &session)]).await;
        let outcome = script.stripe.refund(&refund_request()).await;
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{name}: {outcome:?}");
        assert!(posts(&script.asked()).is_empty());
    }
}

#[tokio::test]
async fn missed_events_become_notices() {
    let event = |id: &str, kind: &str, object: Value| json!({ "id": id, "type": kind, "livemode": false, "data": { "object": object } });
    let paid = event("evt_3", "checkout.session.completed", json!({ "id": "cs_test_1" }));
    let mut live = paid.clone();
    live["livemode"] = json!(true);
    let first = json!({ "has_more": true, "data": [paid, live] });
    let refunded = event("evt_1", "charge.refunded", json!({ "payment_intent": "pi_1" }));
    let foreign = event("evt_2", "charge.refunded", json!({ "payment_intent": null }));
    let script = Script::start(vec![ok("", &first), ok("", &page(&[foreign, refunded]))]).await;
    let since = DateTime::from_timestamp(1_763_600_000, 0).unwrap();
    let notices = script.stripe.missed(since).await.unwrap();
    let seen: Vec<(&str, String)> =
        notices.iter().map(|it| (it.event_id.as_str(), it.payment.to_string())).collect();
    let expected = [("evt_3", "payment:cs_test_1".to_owned()), ("evt_1", "alias:pi_1".to_owned())];
    assert_eq!(seen, expected);
    let asked = script.asked();
    let query = asked[0].target.strip_prefix("/v1/events?").unwrap();
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (name, value) in [
        ("created[gte]", "1763600000"),
        ("delivery_success", "false"),
        ("types[0]", "checkout.session.completed"),
        ("limit", "100"),
    ] {
        assert!(query.contains(&(name.to_owned(), value.to_owned())), "{name}: {query:?}");
    }
    assert!(asked[1].target.contains("starting_after=evt_3"), "{}", asked[1].target);
}
