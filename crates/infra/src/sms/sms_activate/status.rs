use domain::providers::{ProviderError, SmsCode, SmsText, UpstreamStatus};
use serde_json::Value;

use super::{
    reply::{Content, Reply},
    signal::{complaint, unanswered},
    value::{field, text},
    words::Signal,
};

/// Longer ones are no codes but whole messages; the longest codes of services have 12 characters.
const LONGEST_CODE: usize = 32;

/// Reads the reply to getStatus.
pub(super) fn status(reply: &Reply) -> Result<UpstreamStatus, ProviderError> {
    let content = reply.content();
    if let Content::Token { head, rest } = &content {
        match head.as_str() {
            "STATUS_OK" => return Ok(received(rest.as_deref().unwrap_or_default())),
            "STATUS_WAIT_CODE" | "STATUS_WAIT_RETRY" | "STATUS_WAIT_RESEND" => {
                return Ok(UpstreamStatus::Waiting);
            }
            "STATUS_CANCEL" | "STATUS_FINISH" | "ACCESS_CANCEL" => {
                return Ok(UpstreamStatus::Ended);
            }
            _ => {}
        }
    }
    match complaint(reply, &content) {
        Some(complaint) if complaint.signal == Signal::Missing => Ok(UpstreamStatus::Missing),
        _ => Err(unanswered(reply, &content)),
    }
}

fn received(rest: &str) -> UpstreamStatus {
    if let Some(code) = code(rest) {
        return UpstreamStatus::Received { code: Some(code), text: None };
    }
    UpstreamStatus::Received { code: None, text: SmsText::parse(rest) }
}

/// A code without the quotes and blanks that some put around it.
fn code(raw: &str) -> Option<SmsCode> {
    let code = raw.trim_matches(['\'', '"', ' ']);
    let fits = (1..=LONGEST_CODE).contains(&code.len());
    (fits && code.chars().all(|c| !c.is_whitespace() && !c.is_control())).then(|| code.into())
}

/// What getStatusV2 knows.
#[derive(Debug, PartialEq)]
pub(super) enum Detail {
    /// The whole message, and the code where it is told apart.
    Message { code: Option<SmsCode>, text: SmsText },
    /// Nothing more.
    Nothing,
    /// There is no such action.
    UnknownAction,
}

/// Reads the reply to getStatusV2, in the shape with `sms` and in the one with `data`.
pub(super) fn detail(reply: &Reply) -> Detail {
    let content = reply.content();
    let complaint = complaint(reply, &content);
    if complaint.is_some_and(|complaint| complaint.signal == Signal::UnknownAction) {
        return Detail::UnknownAction;
    }
    let Content::Json(value) = &content else { return Detail::Nothing };
    let sms = field(value, &["sms", "data"]).filter(|sms| sms.is_object());
    let word = |sms: &Value, name: &str| field(sms, &[name]).and_then(text);
    let message = sms.and_then(|sms| word(sms, "text")).and_then(|raw| SmsText::parse(&raw));
    let Some(text) = message else { return Detail::Nothing };
    let code = sms.and_then(|sms| word(sms, "code")).and_then(|raw| code(&raw));
    Detail::Message { code, text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::reply::reply, *};

    fn read(status: u16, body: &str) -> Result<UpstreamStatus, ProviderError> {
        super::status(&reply(status, body))
    }

    fn with_code(code: &str) -> UpstreamStatus {
        UpstreamStatus::Received { code: Some(code.into()), text: None }
    }

    #[test]
    fn codes_lose_their_quotes_and_keep_their_colons() {
        for body in ["STATUS_OK:12345", "STATUS_OK: '12345'", "STATUS_OK:\"12345\"\n"] {
            assert_eq!(read(200, body), Ok(with_code("12345")), "{body}");
        }
        assert_eq!(read(200, "STATUS_OK:12:34"), Ok(with_code("12:34")));
        assert_eq!(read(200, "STATUS_OK:G-123456"), Ok(with_code("G-123456")));
    }

    #[test]
    fn a_whole_message_in_place_of_a_code_is_a_message() {
        let text = Some(SmsText::new("Your code is 12: 34"));
        assert_eq!(
            read(200, "STATUS_OK:Your code is 12: 34"),
            Ok(UpstreamStatus::Received { code: None, text })
        );
        let empty = UpstreamStatus::Received { code: None, text: None };
        for body in ["STATUS_OK", "STATUS_OK: \0 \0"] {
            assert_eq!(read(200, body), Ok(empty.clone()), "{body}");
        }
    }

    #[test]
    fn waiting_and_ended_have_several_names() {
        for body in ["STATUS_WAIT_CODE", "STATUS_WAIT_RETRY:1", "STATUS_WAIT_RETRY"] {
            assert_eq!(read(200, body), Ok(UpstreamStatus::Waiting), "{body}");
        }
        assert_eq!(read(200, "STATUS_WAIT_RESEND"), Ok(UpstreamStatus::Waiting));
        for body in ["STATUS_CANCEL", "STATUS_FINISH", "ACCESS_CANCEL"] {
            assert_eq!(read(200, body), Ok(UpstreamStatus::Ended), "{body}");
        }
        for (status, body) in [(200, "NO_ACTIVATION"), (404, r#"{"title":"NOT_FOUND"}"#)] {
            assert_eq!(read(status, body), Ok(UpstreamStatus::Missing), "{body}");
        }
    }

    #[test]
    fn anything_else_is_no_status() {
        assert_eq!(read(200, "BAD_KEY"), Err(ProviderError::Refused("our key is not accepted")));
        for (status, body) in [(200, ""), (500, "oops"), (200, "<html>"), (404, "Not Found")] {
            let outcome = read(status, body);
            assert!(matches!(outcome, Err(ProviderError::Unavailable(_))), "{body}: {outcome:?}");
        }
    }

    #[test]
    fn the_message_is_read_from_both_shapes() {
        let told = Detail::Message {
            code: Some("12345".into()),
            text: SmsText::new("Your code is 12345"),
        };
        let old = r#"{"verificationType":0,"sms":{"dateTime":"2025-07-09 01:14:45",
            "code":"12345","text":"Your code is 12345"},"call":null}"#;
        let new = r#"{"verificationType":"sms","data":{"id":"7","phoneFrom":"Vk","code":12345,
            "text":"Your code is 12345","service":"vk"}}"#;
        assert_eq!(detail(&reply(200, old)), told);
        assert_eq!(detail(&reply(200, new)), told);
    }

    #[test]
    fn no_message_is_no_failure() {
        let bodies = [
            "STATUS_CANCEL",
            r#"{"sms":null}"#,
            r#"{"data":[]}"#,
            "",
            r#"{"sms":{"code":"1"}}"#,
            r#"{"sms":{"code":"1","text":"\u0000"}}"#,
        ];
        for body in bodies {
            assert_eq!(detail(&reply(200, body)), Detail::Nothing, "{body}");
        }
        assert_eq!(detail(&reply(200, "BAD_ACTION")), Detail::UnknownAction);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_never_a_status(http: u16, body: Vec<u8>) {
            let reply = reply(http, &body);
            let outcome = super::status(&reply);
            prop_assert!(outcome.is_err());
            let has_message = matches!(detail(&reply), Detail::Message { .. });
            prop_assert!(!has_message);
        }
    }
}
