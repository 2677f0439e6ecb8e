//! Callbacks that tell of an SMS: the query, a line break, the body.

use domain::{ids::ProviderId, inbox::Callback, providers::SmsCode};
use serde_json::json;
use webhook_ingest::fuzz::callback;

use crate::bytes;

/// Parts of callbacks.
pub(crate) const WORDS: &[&str] = &[
    "{\"activationId\":",
    "\"text\":\"",
    "\"code\":",
    "\"receivedAt\":\"",
    "activationId=1",
    "&text=",
    "&code=",
    "null",
    "\\u0000",
    "%00",
    "123456",
    "}",
    "\n",
];

const PROVIDER: ProviderId = ProviderId::new(3);

/// What is taken can be stored and shown, and is taken for the same when it comes again in the
/// documented form.
pub(crate) fn check(input: &[u8]) {
    let (query, body) = bytes::first_line(input);
    let taken = match callback(PROVIDER, &query, body) {
        Ok(taken) => taken,
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|it| matches!(&*it.field, "activationId" | "text")));
            return;
        }
    };
    assert_eq!(taken.provider, PROVIDER);
    check_parts(&taken);
    let again = json!({
        "activationId": taken.external_id.as_str(),
        "text": taken.text.reveal(),
        "code": taken.code.as_ref().map(SmsCode::reveal),
        "receivedAt": taken.received_at,
    });
    assert_eq!(callback(PROVIDER, "", again.to_string().as_bytes()), Ok(taken));
}

fn check_parts(taken: &Callback) {
    let id = taken.external_id.as_str();
    assert!((1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    let text = taken.text.reveal();
    assert!(!text.trim().is_empty(), "an empty message");
    assert!(text.chars().count() <= 1_600 && !text.contains('\0'));
    if let Some(code) = &taken.code {
        let code = code.reveal();
        assert!((1..=32).contains(&code.chars().count()), "{code:?}");
        assert!(!code.contains(char::is_control), "{code:?}");
    }
    assert!(taken.received_at.chars().count() <= 64);
    assert!(!taken.received_at.contains(char::is_control));
}
