use super::{counted, readable, recognise};

/// Steps for each byte of a message: folding, at most two transitions and one end for each
/// character, words, pieces and candidates.
const STEPS_PER_BYTE: usize = 16;

#[test]
fn finds_codes_as_services_write_them() {
    for (text, code) in [
        ("Your WhatsApp code: 123-456. Don't share it", Some("123456")),
        ("G-482913 is your Google verification code.", Some("482913")),
        ("Kode OTP Anda 7341, berlaku 5 menit", Some("7341")),
        ("123 456 is your Instagram code", Some("123456")),
        ("Ваш код: 55512", Some("55512")),
        ("验证码：839201，5分钟内有效", Some("839201")),
        ("In 2026 we moved. Your code is 48291", Some("48291")),
        ("Call +14155550100 now", None),
        ("Hello, welcome back", None),
        ("", None),
    ] {
        assert_eq!(recognise(text).as_deref(), code, "{text}");
    }
}

#[test]
fn steps_grow_with_the_length_alone() {
    for part in [
        "kod 1234 ",
        "code",
        "123 ",
        "1-",
        "1234-",
        "G-1",
        "\u{130}1",
        "verification ",
        "A1B2-",
        "a.b/",
        "$....",
        "((((1",
        "12:30 20.11.2026 ",
        "+62 812 ",
        "@a.b #",
        "\n",
        "promo code 1234. ",
    ] {
        for size in [1 << 10, 1 << 13, 1 << 16] {
            takes_steps_for_its_length(part, size);
        }
    }
    takes_steps_for_its_length("code A1B2-C3 1234. ", 1 << 20);
}

fn takes_steps_for_its_length(part: &str, size: usize) {
    let message = part.repeat(size / part.len());
    let (_, steps) = counted(&message);
    let most = STEPS_PER_BYTE * message.len();
    assert!(steps <= most, "{steps} steps for {size} bytes of {part:?}");
}

#[test]
fn survives_any_text() {
    for text in
        ["-", "--", "1-", "é-1234", "١٢٣٤", "a-b-c", "123-", "\u{0}", "İİİ 1234", "@", "@a.b #"]
    {
        let _ = recognise(text);
    }
}

#[test]
fn reads_what_is_seen() {
    for (text, plain) in [
        (" a\u{a0}\t b \r\n c ", "a b\nc"),
        ("１２３\u{200b}４ ٤٢ ४२ ۴۲", "1234 42 42 42"),
        ("ｃｏｄｅ：１‑２", "code:1-2"),
        ("4\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}", "42"),
    ] {
        assert_eq!(readable(text), plain);
    }
}
