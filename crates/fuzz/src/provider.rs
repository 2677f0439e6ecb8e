//! Replies of SMS providers: the HTTP status and perhaps the seconds of `Retry-After`, a line
//! break, the body. Each reply is read as the answer to every question.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta};
use domain::{
    money::{Cost, Deposit},
    providers::{
        AcquireError, Activation, ListedOffer, ProviderCatalog, Refusal, SmsCode, UpstreamStatus,
    },
    time::Timestamp,
};
use infra::sms::sms_activate::fuzz::Answer;
use serde_json::Value;

use crate::bytes;

/// Parts of replies.
pub(crate) const WORDS: &[&str] = &[
    "ACCESS_NUMBER:635468021:79584123456",
    "ACCESS_BALANCE:",
    "STATUS_OK:",
    "STATUS_WAIT_CODE",
    "STATUS_CANCEL",
    "NO_NUMBERS",
    "BAD_KEY",
    "NO_ACTIVATION",
    "WRONG_MAX_PRICE:0.5",
    "RENEW_ACTIVATION_NOT_AVAILABLE",
    "NEW_ACTIVATION_IMPOSSIBLE",
    "SIM_OFFLINE",
    "WRONG_ACTIVATION_ID",
    "ASLEEP:635468024:79584437454:1700000000",
    "BANNED:'2026-11-20 10-30-00'",
    "{\"activationId\":1,\"phoneNumber\":\"79584123456\"}",
    "\"status\":\"error\"",
    "\"title\":\"",
    "\"info\":{\"min\":",
    "\"banned_until\":",
    "\"data\":[",
    "\"cost\":",
    "\"count\":",
    "null",
    "200\n",
    "404\n",
    "502\n",
    "429 30\n",
    "\u{feff}",
    "<html>",
];
/// Names of fields that only a number sold has.
const TRACES: [&str; 4] = ["activationId", "phoneNumber", "activation", "phone"];
/// Tokens that say yes to a change of state.
const DONE: [&str; 3] = ["ACCESS_READY", "ACCESS_RETRY_GET", "ACCESS_CANCEL"];

/// Whatever comes is read without harm, and nothing but a number is taken for one. What may be one
/// is never a refusal: the money of the order would be given back.
pub(crate) fn check(input: &[u8]) {
    let (head, body) = bytes::first_line(input);
    let mut words = head.split_ascii_whitespace();
    let status = words.next().and_then(|word| word.parse().ok()).unwrap_or(200);
    let wait = words.next().and_then(|word| word.parse().ok()).map(Duration::from_secs);
    let answer = Answer::new(status, wait, now(), body);
    check_purchase(&answer, status, body);
    check_again(&answer, body);
    check_status(&answer, body);
    check_lists(&answer);
    if let Ok(balance) = answer.balance() {
        // Shown in cents and read again it is at most a cent nearer to nothing.
        let again = Deposit::parse(&balance.to_string()).map(Deposit::micros);
        let lost = again.map(|again| (balance.micros() - again).abs());
        assert!(lost.is_some_and(|lost| lost < 10_000), "{balance}");
    }
    if answer.is_changed(&DONE) == Ok(true) {
        let text = bytes::text(body);
        let says_so = text.contains("success") || DONE.iter().any(|word| text.contains(word));
        assert!(status == 204 || says_so || body.contains(&b'\\'), "{text}");
    }
    // Line ends and the mark that some editors leave mean nothing.
    if let Ok(text) = std::str::from_utf8(body) {
        let text = without_mark(text).trim_end();
        let padded = format!("\u{feff}\r\n {text}\r\n");
        let padded = Answer::new(status, wait, now(), padded.as_bytes());
        let trimmed = Answer::new(status, wait, now(), text.as_bytes());
        assert_eq!(padded.sold(), trimmed.sold());
        assert_eq!(padded.sold_again(), trimmed.sold_again());
        assert_eq!(padded.cost_again(), trimmed.cost_again());
        assert_eq!(padded.status(), trimmed.status());
        assert_eq!(padded.balance(), trimmed.balance());
    }
}

fn check_purchase(answer: &Answer, status: u16, body: &[u8]) {
    let may_be_sold = mentions_sale(body);
    match answer.sold() {
        Ok(activation) => {
            assert!(may_be_sold, "a number out of nothing: {activation:?}");
            check_activation(&activation);
        }
        Err(Some(AcquireError::Refused(refusal))) => {
            assert!(!may_be_sold, "{refusal:?} of what may be sold");
            check_refusal(&refusal);
        }
        Err(Some(AcquireError::Unknown { answered, .. })) => {
            let is_between = matches!(status, 408 | 502 | 504 | 520..=530);
            assert!(answered || is_between, "{status} is the provider's own answer");
        }
        Err(None) => assert!(!may_be_sold, "an unknown action that may have sold"),
    }
}

/// A number that is rented again is a purchase like any other: only more words are a refusal.
fn check_again(answer: &Answer, body: &[u8]) {
    let may_be_sold = mentions_sale(body);
    match (answer.sold_again(), answer.sold()) {
        (Ok(again), first) => assert_eq!(Ok(again), first),
        (Err(AcquireError::Refused(refusal)), first) => {
            assert!(!may_be_sold && first.is_err(), "{refusal:?} of what may be sold");
            check_refusal(&refusal);
        }
        (Err(unknown), first) => assert_eq!(Err(Some(unknown)), first),
    }
    answer.cost_again().into_iter().for_each(check_cost);
}

fn mentions_sale(body: &[u8]) -> bool {
    let token: &[u8] = b"ACCESS_NUMBER";
    body.windows(token.len()).any(|window| window == token)
        || without_mark(&bytes::text(body))
            .trim_end()
            .trim_matches('"')
            .parse()
            .is_ok_and(|value| has_trace(&value))
}

fn without_mark(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn has_trace(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(has_trace),
        Value::Object(members) => members.iter().any(|(name, value)| {
            (TRACES.contains(&&**name) && !value.is_null()) || has_trace(value)
        }),
        _ => false,
    }
}

fn check_refusal(refusal: &Refusal) {
    match refusal {
        Refusal::PriceTooLow { minimum: Some(minimum) } => check_cost(*minimum),
        Refusal::UpstreamBlocked { until: Some(until) } => {
            assert!(*until <= now() + TimeDelta::days(1), "blocked until {until}");
        }
        _ => {}
    }
}

fn check_activation(activation: &Activation) {
    let id = activation.external_id.as_str();
    assert!((1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!id.starts_with('-') && id.bytes().any(|byte| byte != b'0'), "{id}");
    let phone = activation.phone.reveal();
    assert!((5..=15).contains(&phone.len()) && phone.bytes().all(|byte| byte.is_ascii_digit()));
    activation.cost.into_iter().for_each(check_cost);
}

fn check_status(answer: &Answer, body: &[u8]) {
    if let Ok(UpstreamStatus::Received { code, text }) = answer.status() {
        assert!(bytes::text(body).contains("STATUS_OK"), "a message out of nothing");
        check_code(code.as_ref().map(SmsCode::reveal));
        assert!(text.is_none_or(|text| !text.reveal().trim().is_empty()), "an empty message");
    }
    if let Some((code, text)) = answer.detail() {
        check_code(code.as_ref().map(SmsCode::reveal));
        assert!(!text.reveal().trim().is_empty(), "an empty message");
    }
}

fn check_code(code: Option<&str>) {
    let Some(code) = code else { return };
    assert!((1..=32).contains(&code.len()), "{code:?}");
    assert!(!code.contains(|c: char| c.is_whitespace() || c.is_control()), "{code:?}");
}

fn check_lists(answer: &Answer) {
    for row in answer.page().ok().flatten().unwrap_or_default() {
        check_activation(&row.activation);
        let country = row.country.unwrap_or_default();
        assert!(country.bytes().all(|byte| byte.is_ascii_digit()), "{country}");
    }
    answer.offers().unwrap_or_default().iter().for_each(check_offer);
    if let Ok(catalog) = answer.catalog(answer, answer) {
        check_catalog(&catalog);
    }
}

fn check_offer(offer: &ListedOffer) {
    let ListedOffer { country, service, cost, stock } = offer;
    check_cost(*cost);
    assert!(cost.micros() > 0 && (1..=1_000_000_000).contains(stock), "{offer:?}");
    assert!((1..=6).contains(&country.len()), "{country}");
    assert!(country.bytes().all(|byte| byte.is_ascii_digit()), "{country}");
    assert!((1..=32).contains(&service.len()) && service.is_ascii(), "{service}");
}

/// Every offer can be found by names that are there, once.
fn check_catalog(catalog: &ProviderCatalog) {
    let countries: BTreeSet<_> = catalog.countries.iter().map(|it| &it.external_code).collect();
    let services: BTreeSet<_> = catalog.services.iter().map(|it| &it.external_code).collect();
    let offers: BTreeSet<_> = catalog.offers.iter().map(|it| (&it.country, &it.service)).collect();
    assert_eq!(countries.len(), catalog.countries.len());
    assert_eq!(services.len(), catalog.services.len());
    assert_eq!(offers.len(), catalog.offers.len());
    for offer in &catalog.offers {
        check_offer(offer);
        assert!(countries.contains(&offer.country) && services.contains(&offer.service));
    }
    let names = catalog.countries.iter().map(|it| &it.name);
    for name in names.chain(catalog.services.iter().map(|it| &it.name)) {
        assert!((1..=100).contains(&name.trim().chars().count()), "{name:?} is no name");
        assert!(!name.contains(char::is_control), "{name:?}");
    }
}

fn check_cost(cost: Cost) {
    assert!((0..=Cost::MAX_MICROS).contains(&cost.micros()), "{cost:?}");
}

/// A fixed moment, so that an input means the same each time.
fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_168_800, 0).unwrap()
}
