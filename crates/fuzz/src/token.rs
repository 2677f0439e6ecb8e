//! API tokens.

use domain::identity::TokenMint;
use infra::crypto::Tokens;

use crate::bytes;

/// Parts of tokens.
pub(crate) const WORDS: &[&str] =
    &["vn_live_", "vn_test_", "vn_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123453SpJZW", "3SpJZW"];

/// A token is recognised exactly when its last six characters are the checksum of the others, and
/// no change of one bit leaves it one.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    if let Some(hash) = Tokens.recognise(&text) {
        let (body, sum) = text.split_at(40);
        assert!(body.starts_with("vn_live_") || body.starts_with("vn_test_"), "{body}");
        assert_eq!(sum, checksum(body));
        assert_eq!(Tokens.recognise(&text), Some(hash));
    }
    let made = made_of(&text);
    assert!(Tokens.recognise(&made).is_some(), "{made}");
    let changed = bytes::flipped(made.as_bytes(), bytes::choice(input)).unwrap();
    assert_eq!(Tokens.recognise(&bytes::text(&changed)), None, "{changed:?}");
}

/// A token with as much of `text` in it as fits.
fn made_of(text: &str) -> String {
    let usable = text.chars().filter(char::is_ascii_alphanumeric).chain(std::iter::repeat('x'));
    let body: String = "vn_live_".chars().chain(usable.take(32)).collect();
    format!("{body}{}", checksum(&body))
}

/// CRC-32 as in the standard, bit by bit, written with 62 digits.
fn checksum(body: &str) -> String {
    let mut rest = !body.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    let mut digits = Vec::new();
    for _ in 0..6 {
        let digit = u8::try_from(rest % 62).unwrap();
        digits.push(match digit {
            0..10 => b'0' + digit,
            10..36 => b'A' + digit - 10,
            _ => b'a' + digit - 36,
        });
        rest /= 62;
    }
    digits.iter().rev().copied().map(char::from).collect()
}
