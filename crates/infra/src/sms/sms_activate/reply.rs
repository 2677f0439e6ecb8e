use std::time::Duration;

use domain::time::Timestamp;
use serde_json::Value;

/// Longest line of text that is looked at; the longest known one has 50 characters.
const LONGEST_LINE: usize = 200;

/// What came back over HTTP, before anything is made of it.
pub(super) struct Reply {
    pub(super) status: u16,
    /// The header of that name, in its form of seconds.
    pub(super) retry_after: Option<Duration>,
    pub(super) received_at: Timestamp,
    pub(super) body: Vec<u8>,
}

/// A body, as far as it is in the protocol.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Json(Value),
    /// `HEAD` or `HEAD:rest`.
    Token {
        head: String,
        rest: Option<String>,
    },
    /// One line in words, as some errors are.
    Sentence(String),
    Empty,
    /// A page, broken JSON, bytes that are no text, or much too long.
    Unreadable,
}

impl Reply {
    pub(super) fn content(&self) -> Content {
        let Ok(text) = std::str::from_utf8(&self.body) else { return Content::Unreadable };
        let text =
            text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').trim_end();
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let text = quoted.unwrap_or(text).trim();
        if text.is_empty() {
            return Content::Empty;
        }
        if text.starts_with(['{', '[']) {
            return serde_json::from_str(text).map_or(Content::Unreadable, Content::Json);
        }
        line(text)
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The provider, not something in between, refuses the request as it is.
    pub(super) fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status) && !self.is_intermediate()
    }

    /// Whether something between us and the provider answered because the provider did not yet;
    /// it may still be at work on the request.
    pub(super) fn is_intermediate(&self) -> bool {
        matches!(self.status, 408 | 502 | 504 | 520..=530)
    }
}

/// Codes may hold colons, so only the first one separates.
fn line(text: &str) -> Content {
    let (head, rest) = match text.split_once(':') {
        Some((head, rest)) => (head.trim(), Some(rest.trim())),
        None => (text, None),
    };
    if is_token(head) {
        return Content::Token { head: head.to_owned(), rest: rest.map(str::to_owned) };
    }
    if text.starts_with('<') || text.len() > LONGEST_LINE || text.contains(char::is_control) {
        return Content::Unreadable;
    }
    Content::Sentence(text.to_owned())
}

fn is_token(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= LONGEST_LINE
        && bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What the tests of the codecs start from.
#[cfg(test)]
pub(super) fn reply(status: u16, body: impl AsRef<[u8]>) -> Reply {
    Reply {
        status,
        retry_after: None,
        received_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        body: body.as_ref().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(head: &str, rest: Option<&str>) -> Content {
        Content::Token { head: head.to_owned(), rest: rest.map(str::to_owned) }
    }

    #[test]
    fn tokens_survive_blanks_quotes_and_marks() {
        assert_eq!(reply(200, "NO_NUMBERS").content(), token("NO_NUMBERS", None));
        assert_eq!(reply(200, " NO_NUMBERS\r\n").content(), token("NO_NUMBERS", None));
        assert_eq!(reply(200, "\u{feff}NO_KEY").content(), token("NO_KEY", None));
        assert_eq!(reply(200, "\"BAD_KEY\"").content(), token("BAD_KEY", None));
    }

    #[test]
    fn only_the_first_colon_separates() {
        assert_eq!(reply(200, "STATUS_OK:12:34").content(), token("STATUS_OK", Some("12:34")));
        assert_eq!(reply(200, "STATUS_OK: '7'").content(), token("STATUS_OK", Some("'7'")));
    }

    #[test]
    fn what_is_not_in_the_protocol_is_unreadable() {
        for body in ["<html>ACCESS_NUMBER:1:79580000001</html>", "{\"activationId\":1", "[", "a\0b"]
        {
            assert_eq!(reply(200, body).content(), Content::Unreadable, "{body}");
        }
        assert_eq!(reply(200, b"\xff\xfeNO_NUMBERS").content(), Content::Unreadable);
        assert_eq!(reply(200, "{".repeat(50_000)).content(), Content::Unreadable);
        assert_eq!(reply(200, " \n").content(), Content::Empty);
    }

    #[test]
    fn json_is_read_whatever_its_type_was_called() {
        assert_eq!(reply(200, " {\"a\":1}\n").content(), Content::Json(json!({"a": 1})));
        assert_eq!(
            reply(200, "no free phones").content(),
            Content::Sentence("no free phones".to_owned())
        );
    }
}
