use super::{super::reply::reply, *};

fn of(status: u16, body: &str) -> Option<Complaint> {
    let reply = reply(status, body);
    complaint(&reply, &reply.content())
}

fn signal(status: u16, body: &str) -> Option<Signal> {
    of(status, body).map(|complaint| complaint.signal)
}

#[test]
fn the_same_complaint_is_understood_in_every_dialect() {
    let dialects = [
        (Signal::Auth, 200, "BAD_KEY"),
        (Signal::Auth, 401, "BAD_KEY"),
        (Signal::Auth, 401, ""),
        (Signal::Auth, 200, r#"{"status":0,"message":"No access","data":[]}"#),
        (Signal::Auth, 200, r#"{"error":"Invalid API key"}"#),
        (Signal::Auth, 200, r#"{"error":"BAD_KEY"}"#),
        (Signal::Auth, 403, r#"{"title":"BAD_API_KEY","details":"..."}"#),
        (Signal::Balance, 402, r#"{"title":"NO_BALANCE","details":"..."}"#),
        (Signal::Balance, 402, "<html></html>"),
        (Signal::OutOfStock, 200, "no free phones"),
        (Signal::OutOfStock, 404, "NO_NUMBERS"),
        (Signal::OutOfStock, 200, "The service is prohibited for sale by administration"),
        (Signal::OutOfStock, 200, r#"{"status":"error","message":"NO_NUMBERS"}"#),
        (Signal::OutOfStock, 200, r#"{"status":"error","error":"NO_NUMBERS"}"#),
        (Signal::Mapping, 200, r#"{"status":"false","msg":"service is incorrect"}"#),
        (Signal::Mapping, 200, r#"{"error":"Bad country"}"#),
        (Signal::Mapping, 200, "UNPROCESSABLE_ENTITY:service:REQUIRED"),
        (Signal::Mapping, 422, r#"{"title":"UNPROCESSABLE_ENTITY","info":{"field":"service"}}"#),
        (Signal::UnknownAction, 404, r#"{"title":"BAD_ACTION"}"#),
        (Signal::UnknownAction, 200, "WRONG_ACTION"),
        (Signal::Transient, 200, "ERROR_SQL"),
        (Signal::Broken, 500, r#"{"title":"SERVER_ERROR"}"#),
        (Signal::Blocked, 429, "Too Many Requests"),
        (Signal::Blocked, 403, r#"{"title":"CHANNELS_LIMIT","info":{"max_allowed":5}}"#),
        (Signal::Missing, 404, r#"{"title":"NOT_FOUND"}"#),
        (Signal::Delivered, 409, r#"{"title":"NEW_OTP_RECEIVED","info":{"data":[]}}"#),
        (Signal::Delivered, 400, "order has sms"),
        (Signal::Other, 400, "some words"),
        (Signal::Other, 200, "NO_SUCH_THING"),
        (Signal::Other, 200, r#"{"status":"error"}"#),
        (Signal::Other, 405, r#"{"status":0,"message":"The POST method is not supported"}"#),
    ];
    for (expected, status, body) in dialects {
        assert_eq!(signal(status, body), Some(expected), "{status} {body}");
    }
}

#[test]
fn words_count_more_than_the_http_status() {
    assert_eq!(signal(500, "NO_NUMBERS"), Some(Signal::OutOfStock));
    assert_eq!(signal(401, "NO_BALANCE"), Some(Signal::Balance));
}

#[test]
fn what_might_be_a_success_is_no_complaint() {
    let quiet = [
        "OK",
        "ACCESS_ERROR",
        "STATUS_NOT_KNOWN",
        "ORDER_ALREADY_EXISTS",
        r#"{"status":"success"}"#,
        r#"{"error":""}"#,
        r#"{"error":null}"#,
        "{}",
        "hello there",
        "",
        "<html>BAD_KEY</html>",
    ];
    for body in quiet {
        assert_eq!(of(200, body), None, "{body}");
    }
    assert_eq!(of(404, "<html>Not Found</html>"), None);
    assert_eq!(of(503, "Service Unavailable"), None);
}

#[test]
fn a_page_that_does_not_exist_is_no_missing_activation() {
    assert_eq!(signal(404, "Not Found"), Some(Signal::Other));
    assert_eq!(signal(404, r#"{"error":"Not Found"}"#), Some(Signal::Other));
}

#[test]
fn the_least_price_is_read_from_both_forms() {
    let minimum = |status, body| of(status, body).unwrap().minimum.map(Cost::micros);
    assert_eq!(minimum(200, "WRONG_MAX_PRICE:0.42"), Some(420_000));
    assert_eq!(minimum(200, "WRONG_MAX_PRICE"), None);
    let json = r#"{"title":"WRONG_MAX_PRICE","info":{"min":0.1234}}"#;
    assert_eq!(minimum(400, json), Some(123_400));
}

#[test]
fn the_end_of_a_block_is_read_from_every_form() {
    let ends = |body| of(403, body).unwrap().until.map(|at| at.to_rfc3339());
    let seconds = r#"{"title":"BANNED","info":{"scope":"global","retry_after_seconds":3600}}"#;
    assert_eq!(ends(seconds).as_deref(), Some("2026-11-20T11:00:00+00:00"));
    let unix = r#"{"title":"BANNED","info":{"banned_until":1795172400}}"#;
    assert_eq!(ends(unix).as_deref(), Some("2026-11-20T11:00:00+00:00"));
    let naive = "BANNED:'2026-11-20 14-30-00'";
    assert_eq!(ends(naive).as_deref(), Some("2026-11-20T11:30:00+00:00"));
    assert_eq!(ends("BANNED:'forever'"), None);
    let endless = r#"{"title":"BANNED","info":{"banned_until":99999999999}}"#;
    assert_eq!(ends(endless).as_deref(), Some("2026-11-21T10:00:00+00:00"));
    let mut limited = reply(429, "RATE_LIMIT");
    limited.retry_after = Some(Duration::from_secs(10));
    let complaint = complaint(&limited, &limited.content()).unwrap();
    assert_eq!(complaint.until, Some(limited.received_at + Duration::from_secs(10)));
}

#[test]
fn a_ban_of_one_pair_is_not_a_ban_of_the_account() {
    let body = r#"{"title":"BANNED","info":{"scope":"specific","retry_after_seconds":1800}}"#;
    assert_eq!(signal(403, body), Some(Signal::OutOfStock));
}
