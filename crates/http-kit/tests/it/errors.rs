use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use domain::fault::{Code, Fault, FieldFault};
use http_kit::{ApiError, Reply, status};
use serde_json::json;

use crate::support::{self, Answer, Log};

#[derive(Debug, thiserror::Error)]
enum BuyError {
    #[error("two fields are wrong")]
    Wrong,
    #[error("the supplier is down")]
    Down,
    #[error("cannot write order 42")]
    Broken(#[source] std::io::Error),
}

impl Fault for BuyError {
    fn code(&self) -> Code {
        match self {
            Self::Wrong => Code::ValidationError,
            Self::Down => Code::ServiceUnavailable,
            Self::Broken(_) => Code::InternalError,
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Wrong => "Look again".to_owned(),
            Self::Down | Self::Broken(_) => self.to_string(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Down).then(|| Duration::from_millis(1001))
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Wrong => vec![
                FieldFault::new("quantity", "must be 1 to 100"),
                FieldFault::new("policy", "is not known"),
            ],
            Self::Down | Self::Broken(_) => Vec::new(),
        }
    }
}

async fn answer<R>(handler: impl Fn() -> R + Clone + Send + Sync + 'static) -> Answer
where
    R: IntoResponse + Send + 'static,
{
    let router = Router::new().route("/", get(async move || handler()));
    support::get(&router, "/").await
}

#[test]
fn every_code_has_the_status_of_the_contract() {
    let contract = [
        ("UNAUTHORIZED", 401),
        ("FORBIDDEN", 403),
        ("NOT_FOUND", 404),
        ("VALIDATION_ERROR", 422),
        ("PROVIDER_ERROR", 422),
        ("NO_OFFER_AVAILABLE", 422),
        ("IDEMPOTENCY_KEY_REUSED", 422),
        ("INSUFFICIENT_BALANCE", 409),
        ("CONFLICT", 409),
        ("CANCEL_TOO_EARLY", 409),
        ("REQUEST_IN_PROGRESS", 409),
        ("PAYLOAD_TOO_LARGE", 413),
        ("RATE_LIMIT_EXCEEDED", 429),
        ("TEMP_BANNED_ABUSE_GUARD", 429),
        ("INTERNAL_ERROR", 500),
        ("SERVICE_UNAVAILABLE", 503),
        ("FX_RATE_UNAVAILABLE", 503),
    ];
    let ours: Vec<_> =
        Code::ALL.iter().map(|code| (code.as_str(), status(*code).as_u16())).collect();
    assert_eq!(ours, contract);
}

#[tokio::test]
async fn a_fault_becomes_the_envelope() {
    let answer = answer(|| ApiError::from(BuyError::Wrong)).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.body,
        r#"{"success":false,"error":{"code":"VALIDATION_ERROR","message":"Look again","details":[{"field":"quantity","message":"must be 1 to 100"},{"field":"policy","message":"is not known"}]}}"#
    );
}

#[tokio::test]
async fn a_retry_is_announced_in_whole_seconds_rounded_up() {
    let answer = answer(|| ApiError::from(BuyError::Down)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(
        answer.body,
        r#"{"success":false,"error":{"code":"SERVICE_UNAVAILABLE","message":"the supplier is down"}}"#
    );
}

#[tokio::test]
async fn an_internal_fault_is_logged_once_with_its_causes_and_hidden() {
    let (log, _guard) = Log::capture();
    let answer = answer(|| {
        ApiError::from(BuyError::Broken(std::io::Error::other("relation orders is gone")))
    })
    .await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        r#"{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Something went wrong on our side"}}"#
    );
    let lines = log.lines_with("cannot write order 42: relation orders is gone");
    assert_eq!(lines.len(), 1, "{}", log.text());
    assert!(lines.iter().all(|line| line.contains("ERROR")));
}

#[tokio::test]
async fn other_faults_are_not_logged() {
    let (log, _guard) = Log::capture();
    answer(|| ApiError::from(BuyError::Wrong)).await;
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn details_may_be_an_object() {
    let answer = answer(|| {
        ApiError::new(Code::TempBannedAbuseGuard)
            .with_details(json!({ "tier": "SOFT" }))
            .with_retry_after(Duration::from_mins(1))
    })
    .await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), "60");
    assert!(answer.body.ends_with(r#""details":{"tier":"SOFT"}}}"#), "{}", answer.body);
}

#[tokio::test]
async fn meta_is_absent_unless_there_is_something_to_say() {
    let plain = answer(|| Reply::new([1, 2])).await;
    assert_eq!(plain.body, r#"{"success":true,"data":[1,2]}"#);
    let paged = answer(|| Reply::new([1]).with_meta(json!({ "page": 1 }))).await;
    assert_eq!(paged.body, r#"{"success":true,"data":[1],"meta":{"page":1}}"#);
}
