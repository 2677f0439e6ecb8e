use super::*;

fn failure(status: u16, advice: Option<bool>, kind: &str, code: Option<&str>) -> Failure {
    let status = StatusCode::from_u16(status).unwrap();
    let fault = Fault { kind: kind.to_owned(), code: code.map(str::to_owned), param: None };
    Failure::of_status(status, advice, &fault)
}

/// Whether it is refused for good, and whether it is tried again.
fn outcome(status: u16, advice: Option<bool>, kind: &str) -> (bool, bool) {
    let failure = failure(status, advice, kind, None);
    (matches!(failure.error, GatewayError::Refused(_)), failure.is_passing)
}

#[test]
fn repeats_what_may_succeed_later() {
    for status in [409, 500, 502, 503] {
        assert_eq!(outcome(status, None, "api_error"), (false, true), "{status}");
    }
    for status in [301, 400, 401, 402, 403, 404] {
        assert_eq!(outcome(status, None, "invalid_request_error"), (true, false), "{status}");
    }
    assert_eq!(outcome(429, None, "invalid_request_error"), (false, false));
}

#[test]
fn the_advice_of_stripe_wins() {
    assert_eq!(outcome(500, Some(false), "api_error"), (false, false));
    assert_eq!(outcome(429, Some(true), "invalid_request_error"), (false, true));
    assert_eq!(outcome(400, Some(true), "invalid_request_error"), (true, true));
}

#[test]
fn a_key_in_use_is_waited_for_and_a_key_used_otherwise_is_not() {
    assert_eq!(outcome(409, None, "idempotency_error"), (false, true));
    assert_eq!(outcome(400, None, "idempotency_error"), (true, false));
}

#[test]
fn a_limit_of_calls_is_no_refusal_whatever_its_status() {
    let failure = failure(400, None, "invalid_request_error", Some("rate_limit"));
    assert!(matches!(failure.error, GatewayError::Unavailable(_)), "{failure:?}");
}

#[test]
fn only_an_object_that_is_missing_is_missing() {
    for (status, code, expected) in [
        (404, Some("resource_missing"), true),
        (404, None, false),
        (400, Some("resource_missing"), false),
        (500, Some("resource_missing"), false),
    ] {
        let failure = failure(status, None, "invalid_request_error", code);
        assert_eq!(failure.is_missing, expected, "{status} {code:?}");
    }
    let advised = failure(404, Some(true), "invalid_request_error", Some("resource_missing"));
    assert!(!advised.is_passing);
}

/// Only then may a customer have back what was to be refunded.
#[test]
fn a_verdict_is_about_the_call_itself() {
    for (status, kind, code, expected) in [
        (400, "invalid_request_error", None, true),
        (400, "invalid_request_error", Some("charge_already_refunded"), true),
        (402, "card_error", None, true),
        (404, "invalid_request_error", Some("resource_missing"), true),
        (400, "idempotency_error", None, false),
        (400, "invalid_request_error", Some("rate_limit"), false),
        (401, "invalid_request_error", None, false),
        (403, "invalid_request_error", None, false),
        (409, "idempotency_error", None, false),
        (429, "invalid_request_error", None, false),
        (500, "api_error", None, false),
        (301, "", None, false),
    ] {
        assert_eq!(failure(status, None, kind, code).is_verdict, expected, "{status} {kind}");
    }
    assert!(!Failure::passing("the connection broke").is_verdict);
}

#[test]
fn pauses_grow_within_their_limits() {
    for _ in 0..200 {
        assert_eq!(pause(1), FIRST_PAUSE);
        assert!((FIRST_PAUSE..=FIRST_PAUSE * 2).contains(&pause(2)));
        assert!((LONGEST_PAUSE / 2..=LONGEST_PAUSE).contains(&pause(9)));
        assert!(pause(u32::MAX) <= LONGEST_PAUSE);
    }
}
