//! What callers say of themselves: the header `Authorization` in the first line, the place where
//! their stream broke off in the second.

use api_server::fuzz::{bearer, place};
use domain::{identity::TokenMint, ids::EventSeq};
use infra::crypto::Tokens;

use crate::bytes;

/// Parts of headers.
pub(crate) const WORDS: &[&str] = &[
    "Bearer ",
    "bearer  ",
    "Basic ",
    "vn_live_",
    "vn_test_",
    "vn_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123453SpJZW",
    "\n",
    "0",
    "-1",
    "+1",
    "9223372036854775807",
    "9223372036854775808",
    "\t",
];

/// A token is what stands behind the word, whoever it is of. A place is one that we give out: in
/// digits, and never negative; all else is no place, which ends in a reset and not in a gap.
pub(crate) fn check(input: &[u8]) {
    let (header, rest) = bytes::first_line(input);
    check_bearer(&header);
    check_place(&bytes::first_line(rest).0);
}

fn check_bearer(header: &str) {
    let Some(token) = bearer(header) else {
        let word = header.get(.."bearer ".len()).unwrap_or_default();
        let is_text = header.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
        assert!(!(is_text && word.eq_ignore_ascii_case("bearer ")), "{header:?} is not read");
        return;
    };
    assert_eq!(token.trim(), token);
    assert!(header.ends_with(&token) || header.trim_end().ends_with(&token), "{header:?}");
    // What is recognised is the same without the blanks around it.
    if let Some(hash) = Tokens.recognise(&token) {
        let again = bearer(&format!("BEARER {token} ")).unwrap();
        assert_eq!(Tokens.recognise(&again), Some(hash));
    }
}

fn check_place(text: &str) {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(place) = place(text) else {
        assert!(!((1..=18).contains(&text.len()) && is_digits(text)), "{text:?} is a place");
        return;
    };
    let digits = text.strip_prefix('+').unwrap_or(text);
    assert!(!digits.is_empty() && is_digits(digits), "{text:?}");
    assert!(place.get() >= 0);
    assert_eq!(digits.trim_start_matches('0'), shown(place).trim_start_matches('0'));
    assert_eq!(place_again(place), Some(place));
}

/// As it is sent to clients.
fn shown(place: EventSeq) -> String {
    place.get().to_string()
}

fn place_again(seq: EventSeq) -> Option<EventSeq> {
    place(&shown(seq))
}
