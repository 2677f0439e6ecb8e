use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use domain::{orders::Status, outbox::Queue, providers::UpstreamStatus};
use futures_util::future::join_all;
use runtime::{Exit, telemetry::metrics_handle};
use testkit::{Blow, Market, Moment};
use tokio::time::Instant;
use webhook_ingest::Callbacks;

use crate::support::{Log, PEER, Receiver, count, report};

const ACCEPTED: &str = r#"{"success":true,"data":null}"#;
const NOT_FOUND: &str = r#"{"success":false,"error":{"code":"NOT_FOUND","message":"Not found"}}"#;

#[tokio::test]
async fn a_report_reaches_its_order() {
    let receiver = Receiver::new().await;
    let order = receiver.order_with_sms("123456").await;
    receiver.market.wake.take();
    let before = count("sms_callbacks_total", &["cheap", "applied"]);
    let answer = receiver.report(&order, "123456").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ACCEPTED));
    let order = receiver.market.order(&order).await.unwrap();
    assert_eq!(order.status(), Status::OtpReceived);
    assert_eq!(order.delivery().unwrap().shown_code().as_deref(), Some("123456"));
    assert_eq!(receiver.market.wake.take(), [Queue::Events]);
    assert!(count("sms_callbacks_total", &["cheap", "applied"]) > before);
}

#[tokio::test]
async fn a_repeated_report_is_accepted_and_changes_nothing() {
    let receiver = Receiver::new().await;
    let order = receiver.order_with_sms("123456").await;
    for _ in 0..3 {
        assert_eq!(receiver.report(&order, "123456").await.status, StatusCode::OK);
    }
    assert_eq!(receiver.market.messages(&order).await.unwrap().len(), 1);
    assert_eq!(receiver.pending().await, 0);
}

#[tokio::test]
async fn a_report_without_an_order_is_accepted_and_kept() {
    let receiver = Receiver::new().await;
    let body = r#"{"activationId":"999","text":"Your code is 1234"}"#;
    assert_eq!(receiver.post(&receiver.path, body).await.status, StatusCode::OK);
    assert_eq!(receiver.pending().await, 1);
}

#[tokio::test]
async fn a_late_report_is_accepted() {
    let receiver = Receiver::new().await;
    let order = receiver.market.buy().await.unwrap();
    receiver.market.clock.advance(Market::TERMS.minimum_cancel);
    receiver.market.cancel_order().execute(order.user, order.id).await.unwrap();
    receiver
        .market
        .seller(&order)
        .adapter
        .then_status(Ok(UpstreamStatus::Received { code: Some("123456".into()), text: None }));
    assert_eq!(receiver.report(&order, "123456").await.status, StatusCode::OK);
    assert_eq!(receiver.pending().await, 0);
    assert_eq!(receiver.market.order(&order).await.unwrap().status(), Status::Canceled);
}

#[tokio::test]
async fn every_form_of_a_report_is_understood() {
    let receiver = Receiver::new().await;
    let order = receiver.order_with_sms("4711").await;
    let id = order.lease().unwrap().external_id.to_string();
    let fields = format!("activationId={id}&text=Your+code+is+4711&code=4711&receivedAt=now");
    let asked = receiver.get(&format!("{}?{fields}", receiver.path)).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    let request = Request::post(&receiver.path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(fields))
        .unwrap();
    assert_eq!(receiver.send(request).await.status, StatusCode::OK);
    assert_eq!(receiver.market.messages(&order).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_unknown_path_looks_like_any_other() {
    let receiver = Receiver::new().await;
    let longest = format!("/sms/{}", "a".repeat(5000));
    for path in ["/sms/guess", "/sms/%00", "/sms/%ff", "/sms/a%2Fb", "/sms/", "/nowhere", &longest]
    {
        for body in ["", "{}", r#"{"activationId":1,"text":"x"}"#] {
            let answer = receiver.post(path, body).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_FOUND, NOT_FOUND));
        }
    }
    assert_eq!(receiver.pending().await, 0);
}

#[tokio::test]
async fn guesses_and_bursts_cost_one_look_up_each() {
    let receiver = Receiver::new().await;
    for _ in 0..5 {
        receiver.post("/sms/guess", "{}").await;
        receiver.post(&receiver.path, "{}").await;
    }
    receiver.post(&format!("/sms/{}", "a".repeat(129)), "{}").await;
    let calls = receiver.market.chaos.calls();
    assert_eq!(calls, ["by_callback_secret", "by_callback_secret"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_reason() {
    let receiver = Receiver::new().await;
    for body in ["", "{", "[]", r#"{"text":"Your code is 1234"}"#, r#"{"rentId":"1"}"#] {
        let answer = receiver.post(&receiver.path, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(answer.body.contains(r#""code":"VALIDATION_ERROR""#), "{}", answer.body);
        assert!(answer.body.contains(r#""field":"activationId""#), "{}", answer.body);
    }
    assert_eq!(receiver.pending().await, 0);
    assert!(count("sms_callbacks_total", &["cheap", "unreadable"]) >= 5);
}

#[tokio::test]
async fn a_body_that_is_no_sms_is_refused() {
    let receiver = Receiver::new().await;
    for bytes in [64 * 1024 + 1, 300 * 1024] {
        let answer = receiver.post(&receiver.path, " ".repeat(bytes)).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.body.contains(r#""code":"PAYLOAD_TOO_LARGE""#));
    }
}

#[tokio::test]
async fn a_dead_database_asks_the_sender_to_come_back() {
    let receiver = Receiver::new().await;
    let order = receiver.order_with_sms("123456").await;
    for call in ["by_callback_secret", "store_callback"] {
        receiver.market.chaos.strike_next(call, Moment::Before, Blow::Fail);
        let answer = receiver.report(&order, "123456").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{call}");
        assert!(answer.body.contains(r#""code":"SERVICE_UNAVAILABLE""#));
    }
    assert_eq!(receiver.report(&order, "123456").await.status, StatusCode::OK);
    assert_eq!(receiver.market.messages(&order).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_stored_is_accepted_even_if_acting_fails() {
    let receiver = Receiver::new().await;
    let order = receiver.order_with_sms("123456").await;
    receiver.market.chaos.strike_next("has_order", Moment::Before, Blow::Fail);
    assert_eq!(receiver.report(&order, "123456").await.status, StatusCode::OK);
    assert_eq!(receiver.pending().await, 1);
    receiver.market.clock.advance(Duration::from_secs(2));
    assert_eq!(receiver.market.run_tasks().await.unwrap(), 1);
    assert_eq!(receiver.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_provider_keeps_no_sender_waiting() {
    let receiver = Receiver::gated().await;
    let order = receiver.order_with_sms("123456").await;
    let asked = Instant::now();
    assert_eq!(receiver.report(&order, "123456").await.status, StatusCode::OK);
    let waited = asked.elapsed();
    assert!(waited <= Duration::from_millis(2100), "{waited:?}");
    assert_eq!(receiver.market.messages(&order).await.unwrap().len(), 0);
    // The end of the process waits for it as well.
    receiver.supervisor.stop().soft.cancel();
    receiver.gate.add_permits(1);
    assert_eq!(receiver.supervisor.clone().wait().await, Exit::Clean);
    assert_eq!(receiver.market.messages(&order).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_stored_and_left_to_the_task_worker() {
    let receiver = Receiver::gated().await;
    let order = receiver.order_with_sms("123456").await;
    let before = count("sms_callbacks_total", &["cheap", "deferred"]);
    let bodies = (0..600).map(|n| report(&order, "123456").replace("10:00:00", &n.to_string()));
    for answer in join_all(bodies.map(|body| receiver.post(&receiver.path, body))).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(receiver.pending().await, 600);
    assert!(count("sms_callbacks_total", &["cheap", "deferred"]) >= before + 600 - 512);
}

#[tokio::test]
async fn secrets_and_messages_stay_out_of_logs_and_metrics() {
    let (log, _guard) = Log::capture();
    let known_sources = vec!["203.0.113.1".parse().unwrap()];
    let receiver = Receiver::expecting(Callbacks { known_sources, address_header: None }).await;
    let order = receiver.order_with_sms("987654").await;
    receiver.report(&order, "987654").await;
    receiver.post(&receiver.path, "{").await;
    receiver.market.chaos.strike_next("store_callback", Moment::Before, Blow::Fail);
    receiver.report(&order, "987654").await;
    let secret = receiver.path.strip_prefix("/sms/").unwrap();
    let phone = order.lease().unwrap().phone.reveal().to_owned();
    let written = log.text() + &metrics_handle().unwrap().render();
    assert!(written.contains("/sms/{secret}"), "{written}");
    for hidden in [secret, "987654", "Your code", &phone] {
        assert!(!written.contains(hidden), "{hidden} in {written}");
    }
}

#[tokio::test]
async fn strangers_are_reported_and_served() {
    let (log, _guard) = Log::capture();
    let listed = |sources: &[&str], header: Option<&str>| Callbacks {
        known_sources: sources.iter().map(|source| source.parse().unwrap()).collect(),
        address_header: header.map(str::to_owned),
    };
    let peer = PEER.ip().to_string();
    for (callbacks, is_stranger) in [
        (listed(&[], None), false),
        (listed(&[&peer], None), false),
        (listed(&["203.0.113.1"], None), true),
        (listed(&["203.0.113.1"], Some("x-real-ip")), false),
        (listed(&[&peer], Some("x-real-ip")), true),
        (listed(&["203.0.113.1"], Some("x-other")), true),
    ] {
        let receiver = Receiver::expecting(callbacks.clone()).await;
        let order = receiver.order_with_sms("123456").await;
        let told = || log.text().matches("came from an address").count();
        let (before, counted) = (told(), strangers());
        let request = Request::post(&receiver.path).header("x-real-ip", "203.0.113.1");
        let answer = receiver.send(request.body(report(&order, "123456").into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(receiver.market.messages(&order).await.unwrap().len(), 1);
        assert_eq!(told() - before, usize::from(is_stranger), "{callbacks:?}");
        assert!(strangers() >= counted + u64::from(is_stranger));
    }
}

fn strangers() -> u64 {
    count("sms_callbacks_from_strangers_total", &["cheap"])
}
