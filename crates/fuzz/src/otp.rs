//! Finding the code in a message.

use domain::inbox::otp::recognise;

use crate::bytes;

/// Parts of messages.
pub(crate) const WORDS: &[&str] = &[
    "code",
    "kode",
    "код",
    "验证码",
    "pin",
    "OTP",
    "123-456",
    "123 456",
    "G-482913",
    "7341",
    ": ",
    "12345678",
    "İ",
    "ß",
    ". ",
];

/// The code is in the message, and adding a plain one to a message without digits finds it.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    if let Some(code) = recognise(&text) {
        assert!((4..=8).contains(&code.len()), "a code of {} characters", code.len());
        assert!(code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        assert!(is_written_in(&code, &text), "{code} is not in the message");
    }
    let bare: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
    assert_eq!(recognise(&bare), None);
    assert_eq!(recognise(&format!("{bare}\nYour code: 482913")).as_deref(), Some("482913"));
    assert_eq!(recognise(&format!("482913\n{bare}")).as_deref(), Some("482913"));
}

/// Whether the digits of `code` stand in `text` one after the other, with at most one gap, where
/// nothing but marks and blanks is.
fn is_written_in(code: &str, text: &str) -> bool {
    let is_gap = |gap: &str| !gap.chars().any(char::is_alphanumeric);
    text.contains(code)
        || (1..code.len()).any(|half| {
            let (left, right) = code.split_at(half);
            text.match_indices(left).any(|(at, _)| {
                let rest = &text[at + left.len()..];
                let gap = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
                rest[gap..].starts_with(right) && is_gap(&rest[..gap])
            })
        })
}
