use domain::providers::ProviderError;

use super::{
    reply::{Content, Reply},
    signal::{complaint, unanswered},
    words::Signal,
};

/// What a provider said to a request to change an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Done, now or before.
    Done,
    /// Not yet allowed.
    TooEarly,
    /// An SMS is there.
    Delivered,
    /// Refused because of its present state, which has to be asked for.
    Contested,
    /// Not known.
    Missing,
}

/// Reads the reply to setStatus; `done` are the tokens that say yes.
pub(super) fn change(reply: &Reply, done: &[&str]) -> Result<Change, ProviderError> {
    let content = reply.content();
    match &content {
        Content::Token { head, .. } if done.contains(&head.as_str()) => return Ok(Change::Done),
        // A yes to another question: the activation is not where we thought.
        Content::Token { head, .. }
            if head.starts_with("ACCESS_") || head.starts_with("STATUS_") =>
        {
            return Ok(Change::Contested);
        }
        Content::Empty if reply.status == 204 => return Ok(Change::Done),
        Content::Json(value) if value.get("status").is_some_and(|it| it == "success") => {
            return Ok(Change::Done);
        }
        _ => {}
    }
    match complaint(reply, &content).map(|complaint| complaint.signal) {
        Some(Signal::TooEarly) => Ok(Change::TooEarly),
        Some(Signal::Delivered) => Ok(Change::Delivered),
        Some(Signal::NotAllowed) => Ok(Change::Contested),
        Some(Signal::Missing) => Ok(Change::Missing),
        _ => Err(unanswered(reply, &content)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::reply::reply, *};

    fn read(status: u16, body: &str) -> Result<Change, ProviderError> {
        change(&reply(status, body), &["ACCESS_CANCEL", "STATUS_CANCEL"])
    }

    #[test]
    fn every_dialect_of_an_answer_is_understood() {
        let dialects = [
            (Change::Done, 200, "ACCESS_CANCEL"),
            (Change::Done, 200, "STATUS_CANCEL"),
            (Change::Done, 204, ""),
            (Change::Done, 200, r#"{"status":"success"}"#),
            (Change::TooEarly, 200, "EARLY_CANCEL_DENIED"),
            (Change::TooEarly, 409, r#"{"title":"EARLY_CANCEL_DENIED","info":{}}"#),
            (Change::Delivered, 409, r#"{"title":"OTP_RECEIVED"}"#),
            (Change::Delivered, 400, "order has sms"),
            (Change::Contested, 200, "BAD_STATUS"),
            (Change::Contested, 409, r#"{"title":"ACTIVATION_NOT_ACTIVE"}"#),
            (Change::Contested, 409, r#"{"title":"FREE_CANCELLATION_EXPIRED"}"#),
            (Change::Contested, 200, "ACCESS_ACTIVATION"),
            (Change::Missing, 200, "NO_ACTIVATION"),
            (Change::Missing, 404, r#"{"title":"NOT_FOUND"}"#),
        ];
        for (expected, status, body) in dialects {
            assert_eq!(read(status, body), Ok(expected), "{status} {body}");
        }
    }

    #[test]
    fn an_empty_answer_is_a_yes_only_when_it_says_so() {
        assert!(read(200, "").is_err());
        assert!(read(500, "").is_err());
        assert!(read(200, r#"{"status":"error"}"#).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_change_nothing(http: u16, body: Vec<u8>) {
            prop_assume!(http != 204);
            prop_assert!(change(&reply(http, &body), &["ACCESS_CANCEL"]).is_err());
        }
    }
}
