//! The little that is read of what a customer's server answers.

use std::time::Duration;

use domain::time::Timestamp;
use reqwest::{
    Response,
    header::{HeaderMap, RETRY_AFTER},
};

/// How much of an answer is read and kept.
const KEPT_BYTES: usize = 4 * 1024;

/// The pause that the server asks for, in seconds or as a date.
pub(super) fn wish(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = chrono::DateTime::parse_from_rfc2822(text).ok()?.to_utc();
    until.signed_duration_since(now).to_std().ok()
}

/// The beginning of an answer, as far as it has come when its connection is given up: a server
/// that never ends does not keep us.
pub(super) async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(chunk.get(..chunk.len().min(KEPT_BYTES)).unwrap_or_default());
        if bytes.len() >= KEPT_BYTES {
            break;
        }
    }
    bytes.truncate(KEPT_BYTES);
    bytes
}

/// What is kept of it: text only, without what we sent, and without characters that could trick
/// whoever shows it.
pub(super) fn printable(bytes: &[u8], confidences: &[&str]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // A character may have been cut in two at the end, and nowhere else.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_plain = |c: &char| *c == '\n' || *c == '\t' || !c.is_control();
    let mut text: String = text.chars().filter(is_plain).collect();
    for confidence in confidences {
        text = text.replace(confidence, "…");
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        headers
    }

    #[test]
    fn reads_seconds_and_dates() {
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        assert_eq!(wish(&headers("120"), now), Some(Duration::from_mins(2)));
        let date = "Fri, 20 Nov 2026 10:05:00 GMT";
        assert_eq!(wish(&headers(date), now), Some(Duration::from_mins(5)));
        for nothing in ["", "soon", "-1", "1.5", "Fri, 20 Nov 2026 09:00:00 GMT"] {
            assert_eq!(wish(&headers(nothing), now), None, "{nothing}");
        }
        assert_eq!(wish(&HeaderMap::new(), now), None);
    }

    #[test]
    fn keeps_text_only() {
        assert_eq!(printable(b"all good\n", &[]).as_deref(), Some("all good\n"));
        assert_eq!(printable(b"a\0b\x1b[31mc", &[]).as_deref(), Some("ab[31mc"));
        assert_eq!(printable(&[0xff, 0xfe, 0x00], &[]), None);
        assert_eq!(
            printable("grüß".as_bytes().split_last().unwrap().1, &[]).as_deref(),
            Some("grü")
        );
        assert_eq!(printable(b"", &[]), None);
    }

    #[test]
    fn keeps_nothing_of_what_was_sent() {
        let answer = br#"got {"otp_code":"4711","phone_number":"6281234"}"#;
        let kept = printable(answer, &["Your code is 4711", "6281234", "4711"]).unwrap();
        assert_eq!(kept, r#"got {"otp_code":"…","phone_number":"…"}"#);
    }
}
