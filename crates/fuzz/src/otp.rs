//! Finding the code in a message.

use domain::inbox::otp::{readable, recognise};

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
    "R7K2M",
    "A1B-2C3",
    "４８２",
    "٤٨٢",
    "\n@a.example #",
    "https://",
    "Rp ",
    "call ",
    " minutes",
    "promo code ",
    "20.11.2026",
    "+62 812",
];

/// The code is in the message, and adding a plain one to a message without digits finds it.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    if let Some(code) = recognise(&text) {
        assert!((3..=10).contains(&code.len()), "a code of {} characters", code.len());
        assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code}");
        assert!(code.bytes().any(|byte| byte.is_ascii_digit()), "{code}");
        let written = readable(&text).replace(|c: char| !c.is_ascii_alphanumeric(), "");
        assert!(written.contains(&code), "{code} is not in the message");
    }
    let bare: String = text.chars().filter(|c| !is_digit(*c)).collect();
    assert_eq!(recognise(&bare), None);
    assert_eq!(recognise(&format!("{bare}\nYour code: 482913")).as_deref(), Some("482913"));
    assert_eq!(recognise(&format!("482913\n{bare}")).as_deref(), Some("482913"));
}

fn is_digit(c: char) -> bool {
    readable(c.encode_utf8(&mut [0; 4])).bytes().any(|byte| byte.is_ascii_digit())
}
