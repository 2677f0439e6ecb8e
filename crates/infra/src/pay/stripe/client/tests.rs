use super::*;

fn outcome(status: u16, advice: Option<bool>, kind: &str) -> (bool, bool) {
    let status = StatusCode::from_u16(status).unwrap();
    let failure = Failure::of_status(status, advice, kind);
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
fn pauses_grow_within_their_limits() {
    for _ in 0..200 {
        assert_eq!(pause(1), FIRST_PAUSE);
        assert!((FIRST_PAUSE..=FIRST_PAUSE * 2).contains(&pause(2)));
        assert!((LONGEST_PAUSE / 2..=LONGEST_PAUSE).contains(&pause(9)));
        assert!(pause(u32::MAX) <= LONGEST_PAUSE);
    }
}
