//! What any gateway may send as an id or an address.

use url::Url;

/// Gateways' own ids are shorter; what is longer is not one.
const LONGEST_ID: usize = 255;
/// Browsers and our storage take more, but no gateway needs it.
const LONGEST_ADDRESS: usize = 2_000;

/// Whether `text` can be stored as one of a gateway's ids.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a browser can be sent to `text`.
pub(super) fn is_address(text: &str) -> bool {
    text.len() <= LONGEST_ADDRESS
        && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_visible() {
        assert!(is_id("u-1") && is_id(&"x".repeat(255)));
        for text in ["", "a b", "a\n", "é", "a\u{0}", &"x".repeat(256)] {
            assert!(!is_id(text), "{text:?}");
        }
    }

    #[test]
    fn addresses_are_of_the_web() {
        assert!(is_address("https://pay.example/x") && is_address("http://127.0.0.1:1/"));
        for text in ["", "/pay", "javascript:alert(1)", "ftp://pay.example/", "https://"] {
            assert!(!is_address(text), "{text}");
        }
        assert!(!is_address(&format!("https://pay.example/{}", "x".repeat(2_000))));
    }
}
