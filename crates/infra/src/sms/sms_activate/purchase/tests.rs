use domain::providers::Refusal;
use proptest::prelude::*;

use super::{super::reply::reply, *};

fn read(status: u16, body: &str) -> Result<Activation, NotSold> {
    sold(&reply(status, body))
}

fn refused(status: u16, body: &str) -> Refusal {
    match read(status, body) {
        Err(NotSold::For(AcquireError::Refused(refusal))) => refusal,
        other => panic!("{body}: {other:?}"),
    }
}

/// Whether an unknown outcome was an answer.
fn answered(status: u16, body: &str) -> bool {
    match read(status, body) {
        Err(NotSold::For(AcquireError::Unknown { answered, .. })) => answered,
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[test]
fn a_number_is_read_from_every_shape() {
    let shapes = [
        "ACCESS_NUMBER:635468024:79584123456",
        "ACCESS_NUMBER:635468024:+79584123456\n",
        r#"{"activationId":635468024,"phoneNumber":"79584123456","activationCost":12.50,
            "currency":840,"countryCode":"2","canGetAnotherSms":"1",
            "activationTime":"2022-06-01 17:30:57","activationOperator":"mtt"}"#,
        r#"{"activationId":"635468024","phoneNumber":"79584123456","activationCost":12.5,
            "currency":840,"countryCode":2,"countryPhoneCode":7,"canGetAnotherSms":true,
            "activationTime":"2026-02-18T16:11:33+00:00","activationOperator":null}"#,
        r#"{"activationId":"635468024","phoneNumber":79584123456,"activationCost":"12.50"}"#,
    ];
    for shape in shapes {
        let activation = read(200, shape).unwrap();
        assert_eq!(activation.external_id.as_str(), "635468024", "{shape}");
        assert_eq!(activation.phone.reveal(), "79584123456", "{shape}");
        let cost = activation.cost.map(Cost::micros);
        assert_eq!(cost, shape.starts_with('{').then_some(12_500_000), "{shape}");
    }
}

#[test]
fn a_cost_in_roubles_is_unknown_to_us() {
    let body =
        r#"{"activationId":1,"phoneNumber":"79584123456","activationCost":9,"currency":643}"#;
    assert_eq!(read(200, body).unwrap().cost, None);
}

#[test]
fn an_incomplete_number_may_have_been_sold() {
    let incomplete = [
        "ACCESS_NUMBER",
        "ACCESS_NUMBER:",
        "ACCESS_NUMBER:635468024",
        "ACCESS_NUMBER:0:79584123456",
        "ACCESS_NUMBER:635468024:call us",
        r#"{"activationId":635468024}"#,
        r#"{"activationId":635468024,"phoneNumber":"n/a"}"#,
        r#"{"activationId":635468024,"error":"NO_NUMBERS"}"#,
        r#"{"activationId":0,"phoneNumber":"79584123456"}"#,
        r#"{"phoneNumber":"79584123456","status":"error","message":"BAD_ACTION"}"#,
    ];
    for body in incomplete {
        assert!(answered(200, body), "{body}");
    }
}

/// Whatever else the reply says and whatever its status is.
#[test]
fn a_number_inside_a_refusal_may_have_been_sold() {
    for (status, body) in [
        (200, r#"{"status":"error","data":{"activationId":1,"phoneNumber":"79584123456"}}"#),
        (403, r#"{"title":"BANNED","info":[{"phone":79584123456}]}"#),
        (200, "NO_NUMBERS:ACCESS_NUMBER:1:79584123456"),
        (429, "<b>Notice</b>: slow\nACCESS_NUMBER:1:79584123456"),
        (401, "Warning ACCESS_NUMBER:1:79584123456"),
    ] {
        assert!(answered(status, body), "{body}");
    }
    assert!(!answered(502, "<html>ACCESS_NUMBER:1:79584123456"));
    assert_eq!(refused(200, r#"{"error":"NO_NUMBERS","phone":null}"#), Refusal::OutOfStock);
}

#[test]
fn refusals_are_definite() {
    let minimum = domain::money::Cost::from_micros(420_000);
    assert_eq!(refused(200, "NO_NUMBERS"), Refusal::OutOfStock);
    assert_eq!(refused(200, "WRONG_MAX_PRICE:0.42"), Refusal::PriceTooLow { minimum });
    assert_eq!(refused(402, r#"{"title":"NO_BALANCE"}"#), Refusal::UpstreamBalance);
    assert_eq!(refused(200, "BANNED:soon"), Refusal::UpstreamBlocked { until: None });
    assert_eq!(refused(401, "BAD_KEY"), Refusal::UpstreamAuth);
    assert_eq!(refused(200, "BAD_SERVICE"), Refusal::Mapping);
    assert_eq!(refused(200, "ERROR_SQL"), Refusal::Transient);
    assert_eq!(refused(200, "NO_SUCH_THING"), Refusal::Rejected);
    assert_eq!(refused(400, "whatever"), Refusal::Rejected);
    assert_eq!(read(404, r#"{"title":"BAD_ACTION"}"#), Err(NotSold::UnknownAction));
}

#[test]
fn an_answer_that_says_nothing_leaves_the_outcome_open() {
    let nothing = [
        (200, ""),
        (204, ""),
        (200, "<html></html>"),
        (200, "{\"activationId\":"),
        (200, "[]"),
        (200, "{}"),
        (200, "OK"),
        (200, "hello"),
        (302, ""),
        (403, "<html>checking your browser</html>"),
        (500, "Internal Server Error"),
        (500, r#"{"title":"SERVER_ERROR"}"#),
        (503, ""),
    ];
    for (status, body) in nothing {
        assert!(answered(status, body), "{status} {body}");
    }
}

#[test]
fn a_proxy_does_not_answer_for_the_provider() {
    for status in [408, 502, 504, 520, 524] {
        assert!(!answered(status, "<html>gateway time-out</html>"), "{status}");
        assert!(!answered(status, "Bad Gateway"), "{status}");
    }
}

/// What is neither of the two success shapes may never be one.
fn never_sold(status: u16, body: &[u8]) -> Result<(), TestCaseError> {
    let outcome = sold(&reply(status, body));
    prop_assert!(outcome.is_err(), "{:?}", String::from_utf8_lossy(body));
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_never_a_sale(status: u16, body: Vec<u8>) {
        never_sold(status, &body)?;
    }

    #[test]
    fn arbitrary_text_after_the_token_is_a_sale_only_when_valid(rest in "[ -~]{0,40}") {
        if let Ok(activation) = read(200, &format!("ACCESS_NUMBER:{rest}")) {
            let mut parts = rest.split(':');
            let (id, phone) = (parts.next().unwrap(), parts.next().unwrap());
            let id = id.trim().trim_matches(['\'', '"']);
            prop_assert_eq!(activation.external_id.as_str(), id);
            let digits = phone.trim().trim_start_matches('+');
            prop_assert!(digits.trim_end_matches('"').bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    #[test]
    fn other_tokens_are_never_a_sale(head in "[A-Z][A-Z0-9_]{0,30}", rest in "[0-9:]{0,30}") {
        prop_assume!(head != "ACCESS_NUMBER");
        never_sold(200, format!("{head}:{rest}").as_bytes())?;
    }

    #[test]
    fn json_without_a_valid_id_and_phone_is_never_a_sale(
        keys in proptest::collection::vec("[a-zA-Z]{1,14}", 0..6),
        values in proptest::collection::vec("[0-9]{1,12}", 6),
    ) {
        prop_assume!(!keys.iter().any(|key| key == "activationId"));
        let fields: Vec<String> =
            keys.iter().zip(&values).map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
        never_sold(200, format!("{{{}}}", fields.join(",")).as_bytes())?;
    }

    #[test]
    fn a_truncated_sale_is_never_a_definite_no(cut in 0_usize..70) {
        let body = r#"{"activationId":635468024,"phoneNumber":"79584123456","currency":840}"#;
        let part = &body[..cut.min(body.len() - 1)];
        prop_assert!(answered(200, part));
    }
}
