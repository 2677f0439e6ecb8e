use super::*;

#[test]
fn repeats_what_may_succeed_later() {
    let outcome = |status: u16| {
        let failure = Failure::of_status(StatusCode::from_u16(status).unwrap());
        (matches!(failure.error, GatewayError::Refused(_)), failure.is_passing)
    };
    for status in [408, 500, 502, 503, 504] {
        assert_eq!(outcome(status), (false, true), "{status}");
    }
    for status in [301, 307, 400, 401, 403, 404, 409, 422] {
        assert_eq!(outcome(status), (true, false), "{status}");
    }
    assert_eq!(outcome(429), (false, false));
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

/// Runs `repeating` over `outcomes` in turn; answers what came of it and how many were used.
async fn repeated(mut outcomes: Vec<Result<u8, Failure>>) -> (Result<u8, GatewayError>, usize) {
    let before = outcomes.len();
    outcomes.reverse();
    let outcome = repeating(Gateway::Heleket, || std::future::ready(outcomes.pop().unwrap())).await;
    (outcome, before - outcomes.len())
}

#[tokio::test(start_paused = true)]
async fn tries_three_times_and_no_more() {
    let passing = || Err(Failure::passing("no"));
    let busy = || Err(Failure::of_status(StatusCode::TOO_MANY_REQUESTS));
    for (outcomes, expected) in [
        (vec![Ok(7)], (Ok(7), 1)),
        (vec![passing(), passing(), Ok(7)], (Ok(7), 3)),
        (vec![passing(), passing(), passing(), Ok(7)], (Err(GatewayError::Unavailable("no")), 3)),
        (vec![Err(Failure::refused("bad")), Ok(7)], (Err(GatewayError::Refused("bad")), 1)),
        (vec![busy(), Ok(7)], (Err(GatewayError::Unavailable("it is busy")), 1)),
    ] {
        assert_eq!(repeated(outcomes).await, expected);
    }
}
