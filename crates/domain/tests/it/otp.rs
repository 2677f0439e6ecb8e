//! Codes in messages as services write them, and numbers that are none.

use std::{collections::BTreeSet, fs, path::Path};

use domain::inbox::otp::{readable, recognise};
use proptest::prelude::*;
use testkit::Outcome;

struct Example {
    code: Option<String>,
    text: String,
}

/// The messages: the code or `-`, a tab, and the text with `\n` for ends of lines.
fn corpus() -> Outcome<Vec<Example>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/otp");
    let mut examples = Vec::new();
    for file in fs::read_dir(folder)? {
        for line in fs::read_to_string(file?.path())?.lines() {
            let (code, text) = line.split_once('\t').ok_or(format!("no tab in {line}"))?;
            let code = Some(code.to_owned()).filter(|code| code != "-");
            examples.push(Example { code, text: text.replace("\\n", "\n") });
        }
    }
    Ok(examples)
}

#[test]
fn reads_every_message_of_the_corpus() -> Outcome {
    let corpus = corpus()?;
    let mut misses = Vec::new();
    for Example { code, text } in &corpus {
        let found = recognise(text);
        if found != *code {
            misses.push(format!("{found:?} instead of {code:?}: {text:?}"));
        }
    }
    let (few, all) = (misses.len(), corpus.len());
    assert!(misses.is_empty(), "{few} of {all} are misread:\n{}", misses.join("\n"));
    Ok(())
}

/// What the corpus is for: a message taken out of it is a decision, not a slip.
#[test]
fn the_corpus_is_wide() -> Outcome {
    let all = corpus()?;
    let texts: BTreeSet<&str> = all.iter().map(|example| example.text.as_str()).collect();
    assert_eq!(texts.len(), all.len(), "a message is in it twice");
    let without = all.iter().filter(|example| example.code.is_none()).count();
    let with = all.len() - without;
    assert!(with >= 330 && without >= 170, "{with} with a code and {without} without");
    Ok(())
}

/// Ways to say it, with `{}` for the code.
const TEMPLATES: &[&str] = &[
    "Your code is {}",
    "{} is your verification code. Valid for 10 minutes.",
    "<#> Your login code: {}\nFA+9qCX9VSu",
    "Kode OTP Anda {}. Berlaku 5 menit, hub 1500123",
    "{} adalah kode verifikasi Anda",
    "Ваш код подтверждения: {}. Никому не сообщайте",
    "{} — ваш код",
    "【店】您的验证码是{}，5分钟内有效",
    "{}是您的验证码",
    "Tu código de verificación es {}",
    "{} é o seu código de verificação",
    "رمز التحقق الخاص بك هو {}",
    "आपका ओटीपी {} है",
    "Mã xác thực của bạn là {}",
    "Doğrulama kodunuz: {}",
    "Ihr Bestätigungscode lautet {}",
    "Votre code de vérification est {}",
    "인증번호 [{}]를 입력해주세요.",
    "認証コード：{}です",
    "Order 99120345, Rs 5,000.00, 20-11-2026 12:45. Your OTP: {}",
];

/// Zeros of digits that telephones show.
const ZEROS: &[char] = &['0', '٠', '۰', '०', '০', '๐', '\u{ff10}'];

fn in_script(code: &str, zero: char) -> String {
    let shown = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10)?);
    code.chars().filter_map(shown).collect()
}

proptest! {
    #[test]
    fn whatever_is_found_can_be_typed(text in ".{0,400}") {
        if let Some(code) = recognise(&text) {
            prop_assert!((3..=10).contains(&code.len()), "{code}");
            prop_assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code}");
            prop_assert!(code.bytes().any(|byte| byte.is_ascii_digit()), "{code}");
            let plain = readable(&text);
            let written: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
            prop_assert!(written.contains(&code), "{code} is not in the message");
        }
    }

    #[test]
    fn a_planted_code_is_found(
        template in prop::sample::select(TEMPLATES),
        code in "[0-9]{4,8}|19[0-9]{2}|20[0-9]{2}|20[0-9]{2}1[12][012][0-9]",
        zero in prop::sample::select(ZEROS),
    ) {
        let text = template.replace("{}", &in_script(&code, zero));
        prop_assert_eq!(recognise(&text), Some(code), "{}", text);
    }

    #[test]
    fn a_planted_code_of_letters_and_digits_is_found(code in "[A-Z][0-9][A-Z][0-9][A-Z][0-9]{0,2}") {
        for template in ["Your code is {}", "Kode OTP: {}", "Ваш код {}", "验证码：{}", "Dein Code: {}"] {
            let text = template.replace("{}", &code);
            prop_assert_eq!(recognise(&text), Some(code.clone()), "{}", text);
        }
    }

    #[test]
    fn a_grouped_code_is_put_together(left in "[0-9]{3}", right in "[0-9]{3}", mark in "[-  ]") {
        let text = format!("Your WhatsApp code: {left}{mark}{right}");
        prop_assert_eq!(recognise(&text), Some(format!("{left}{right}")));
    }

    #[test]
    fn a_name_of_a_site_brings_its_code(words in "[^@]{0,60}", code in "[A-Z]{0,3}[0-9]{4,6}") {
        let text = format!("{words}\n@example.com #{code}");
        prop_assert_eq!(recognise(&text), Some(code));
    }
}
