use axum::http::StatusCode;
use domain::providers::{CancelOutcome, ProviderError};

use crate::support::Api;

/// The keys of the full order, in the order in which they are written.
fn full(api_order: &domain::orders::Order, changing: &str, capabilities: &str) -> String {
    let [status, sms, canceled] = changing.split('|').collect::<Vec<_>>().try_into().unwrap();
    let phone = api_order.lease().unwrap().phone.reveal();
    format!(
        r#"{{"id":{},"status":"{status}","created_at":"2027-01-15T08:00:00Z","product_id":1,"catalog_product_id":1,"operator_id":null,"operator_name":null,"phone_number":"+{phone}","amount":30,{sms},"expires_at":"2027-01-15T08:02:00Z","canceled_at":{canceled},"failed_reason":null,{capabilities}}}"#,
        api_order.id
    )
}

const NO_SMS: &str =
    r#""otp_code":null,"otp_message":null,"sms_revision":0,"otp_received_at":null"#;
const SMS: &str = r#""otp_code":"1234","otp_message":"Your code is 1234","sms_revision":1,"otp_received_at":"2027-01-15T08:00:00Z""#;

/// The flags for finish, resend, cancel and replace, and the three times.
fn capabilities(flags: [bool; 3], resend_at: &str, cancel_at: &str) -> String {
    let [finish, resend, cancel] = flags;
    format!(
        r#""can_finish":{finish},"can_resend":{resend},"can_cancel":{cancel},"can_replace":{cancel},"can_reactivate":false,"resend_available_at":{resend_at},"cancel_available_at":{cancel_at},"replace_available_at":{cancel_at}"#
    )
}

async fn shown(api: &Api) -> String {
    let answer = api.get(&format!("/v1/orders/{}", api.order().await.id)).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.body
}

fn envelope(data: &str) -> String {
    format!(r#"{{"success":true,"data":{data}}}"#)
}

#[tokio::test]
async fn shows_every_key_in_every_state() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    let fresh = capabilities([false; 3], "null", r#""2027-01-15T08:00:20Z""#);
    let expected = full(&order, &format!("ACTIVE|{NO_SMS}|null"), &fresh);
    assert_eq!(shown(&api).await, envelope(&expected));

    api.receive(&order, "1234").await;
    let delivered = capabilities([true, true, false], "null", "null");
    let expected = full(&order, &format!("OTP_RECEIVED|{SMS}|null"), &delivered);
    assert_eq!(shown(&api).await, envelope(&expected));

    let id = format!("{{\"id\":{}}}", order.id);
    let resent = api.post("/v1/orders/resend", &id).await;
    let body = format!(r#"{{"order_id":{},"status":"OTP_RECEIVED","resent":true}}"#, order.id);
    assert_eq!(resent.body, envelope(&body));
    let waiting = capabilities([true, false, false], r#""2027-01-15T08:00:10Z""#, "null");
    let expected = full(&order, &format!("OTP_RECEIVED|{SMS}|null"), &waiting);
    assert_eq!(shown(&api).await, envelope(&expected));

    let finished = api.post("/v1/orders/finish", &id).await;
    let body = format!(r#"{{"order_id":{},"status":"COMPLETED"}}"#, order.id);
    assert_eq!(finished.body, envelope(&body));
    let over = capabilities([false; 3], "null", "null");
    let over = over.replace(r#""can_reactivate":false"#, r#""can_reactivate":true"#);
    let expected = full(&order, &format!("COMPLETED|{SMS}|null"), &over);
    assert_eq!(shown(&api).await, envelope(&expected));
}

#[tokio::test]
async fn cancels_and_says_what_came_back() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    let id = format!("{{\"id\":{}}}", order.id);
    let early = api.post("/v1/orders/cancel", &id).await;
    assert_eq!((early.status, early.code()), (StatusCode::CONFLICT, "CANCEL_TOO_EARLY".to_owned()));
    assert_eq!(early.retry_after.as_deref(), Some("20"));

    api.market.clock.advance_seconds(20);
    let open = capabilities([false, false, true], "null", "null");
    let expected = full(&order, &format!("ACTIVE|{NO_SMS}|null"), &open);
    assert_eq!(shown(&api).await, envelope(&expected));
    let canceled = api.post("/v1/orders/cancel", &id).await;
    let body = format!(
        r#"{{"order_id":{},"status":"CANCELED","refund_amount":30,"new_balance":1000}}"#,
        order.id
    );
    assert_eq!((canceled.status, canceled.body), (StatusCode::OK, envelope(&body)));
    let over = capabilities([false; 3], "null", "null");
    let expected = full(&order, &format!("CANCELED|{NO_SMS}|\"2027-01-15T08:00:20Z\""), &over);
    assert_eq!(shown(&api).await, envelope(&expected));

    let again = api.post("/v1/orders/cancel", &id).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "CONFLICT".to_owned()));
}

#[tokio::test]
async fn an_order_stays_active_when_its_provider_does_not_cancel() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    api.market.clock.advance_seconds(20);
    let id = format!("{{\"id\":{}}}", order.id);
    let silent = ProviderError::Unavailable("no answer");
    api.market.cheap.adapter.then_cancel(Err(silent)).then_cancel(Ok(CancelOutcome::TooEarly));
    let answer = api.post("/v1/orders/cancel", &id).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.code(), "PROVIDER_ERROR");
    assert_eq!(api.post("/v1/orders/cancel", &id).await.code(), "CANCEL_TOO_EARLY");
    assert_eq!(api.order().await.status().as_str(), "ACTIVE");
}

#[tokio::test]
async fn nothing_can_be_finished_or_sent_again_before_an_sms() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    let id = format!("{{\"id\":{}}}", order.id);
    for action in ["finish", "resend"] {
        let answer = api.post(&format!("/v1/orders/{action}"), &id).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{action}");
        assert_eq!(answer.code(), "CONFLICT", "{action}");
    }
    for unknown in ["0", "-1", "999999", "9223372036854775807"] {
        let id = format!("{{\"id\":{unknown}}}");
        for action in ["cancel", "finish", "resend"] {
            let answer = api.post(&format!("/v1/orders/{action}"), &id).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action} {unknown}");
        }
        let answer = api.get(&format!("/v1/orders/{unknown}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
    }
    assert_eq!(api.get("/v1/orders/abc").await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn lists_running_orders_without_money_or_number() {
    let api = Api::new().await;
    let done = api.market.buy().await.unwrap();
    api.receive(&done, "9").await;
    api.market.finish_order().execute(api.market.user, done.id).await.unwrap();
    let order = api.market.buy().await.unwrap();
    api.receive(&order, "1234").await;
    let flags = capabilities([true, true, false], "null", "null");
    let expected = format!(
        r#"[{{"id":{},"status":"OTP_RECEIVED",{SMS},"expires_at":"2027-01-15T08:02:00Z","failed_reason":null,"operator_id":null,"operator_name":null,{flags}}}]"#,
        order.id
    );
    assert_eq!(api.get("/v1/orders/active").await.body, envelope(&expected));
}

#[tokio::test]
async fn pages_through_orders_newest_first() {
    let api = Api::new().await;
    for _ in 0..3 {
        api.market.buy().await.unwrap();
        api.market.clock.advance_seconds(1);
    }
    let ids = async |query: &str| -> Vec<i64> {
        let answer = api.get(&format!("/v1/orders{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
        let json = answer.json();
        json["data"].as_array().unwrap().iter().map(|o| o["id"].as_i64().unwrap()).collect()
    };
    let all = ids("").await;
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by(|a, b| a > b), "{all:?}");
    assert_eq!(ids("?limit=2").await, all[..2]);
    assert_eq!(ids("?limit=2&offset=2").await, all[2..]);
    assert_eq!(ids("?status=active&limit=100").await, all);
    assert_eq!(ids("?status=Otp_Received").await, [0; 0]);
    let meta = &api.get("/v1/orders?limit=2").await.json()["meta"];
    assert_eq!(*meta, serde_json::json!({ "limit": 2, "offset": 0, "count": 2 }));
}

#[tokio::test]
async fn refuses_pages_and_states_that_do_not_exist() {
    let api = Api::new().await;
    for (query, fields) in [
        ("limit=0", &["limit"][..]),
        ("limit=101", &["limit"]),
        ("limit=-5&offset=-1&status=NEW", &["limit", "offset", "status"]),
        ("offset=99999999999", &["offset"]),
        ("limit=ten", &["limit"]),
        ("status=FAILED", &["status"]),
        ("status=reserving", &["status"]),
        ("status=", &["status"]),
    ] {
        let answer = api.get(&format!("/v1/orders?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(answer.blamed(), fields, "{query}");
    }
}

#[tokio::test]
async fn orders_without_a_number_are_never_shown() {
    let api = Api::new().await;
    let refusal = testkit::Sale::Refused(domain::providers::Refusal::OutOfStock);
    api.market.cheap.adapter.then_sale(refusal).then_sale(testkit::Sale::RequestLost);
    let body = r#"{"product_id":1}"#;
    assert_eq!(api.post("/v1/orders/create", body).await.code(), "NO_OFFER_AVAILABLE");
    assert_eq!(api.post("/v1/orders/create", body).await.code(), "SERVICE_UNAVAILABLE");
    let hidden = api.market.store.all_orders().await;
    assert_eq!(hidden.len(), 2);
    for path in ["/v1/orders", "/v1/orders/active"] {
        assert_eq!(api.get(path).await.json()["data"], serde_json::json!([]));
    }
    for order in hidden {
        let answer = api.get(&format!("/v1/orders/{}", order.id)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}
