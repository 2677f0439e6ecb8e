use secrecy::SecretString;

use super::*;

const KEY: &str = "cm_payment_key";
const CODE: &str = "fbe55db1b47987aa512ea2186b3784b1";
/// The body of the vector, before it was signed.
const BODY: &str = concat!(
    r#"{"type":"payment","uuid":"u-1","order_id":"top_01","amount":"25.00","status":"paid","#,
    r#""is_final":true,"additional_data":"a\/b"}"#
);

fn secrets(keys: &[&str]) -> SecretList {
    SecretList::new(keys.iter().map(|key| SecretString::from(*key)).collect()).unwrap()
}

fn checked<'a>(raw: &'a [u8], keys: &[&str]) -> Result<&'a str, VerifyError> {
    check(raw, &secrets(keys))
}

/// The vector as it is sent: the code is the last member.
fn sent() -> String {
    with_code(BODY, CODE)
}

fn with_code(body: &str, code: &str) -> String {
    format!(r#"{},"sign":"{code}"}}"#, body.strip_suffix('}').unwrap())
}

#[test]
fn signs_and_checks_the_known_vector() {
    assert_eq!(sign(BODY.as_bytes(), &secrets(&[KEY])), CODE);
    assert_eq!(checked(sent().as_bytes(), &[KEY]), Ok(CODE));
}

#[test]
fn an_empty_body_is_signed_as_nothing() {
    // md5("cm_payment_key")
    assert_eq!(sign(b"", &secrets(&[KEY])), "a6fdb26b6f333d8f4bb627135a6eb51c");
}

#[test]
fn the_code_may_stand_anywhere() {
    let first = format!(r#"{{"sign":"{CODE}",{}"#, BODY.strip_prefix('{').unwrap());
    let middle = BODY.replacen(r#","amount""#, &format!(r#","sign":"{CODE}","amount""#), 1);
    for raw in [first, middle] {
        assert_eq!(checked(raw.as_bytes(), &[KEY]), Ok(CODE), "{raw}");
    }
}

/// Something on the way has written the same values anew.
#[test]
fn blanks_and_slashes_may_be_written_otherwise() {
    let raw = sent();
    let plain = raw.replace("\\/", "/");
    let spaced = raw.replace("\":", "\" :\n ").replace(",\"", " ,\t\"");
    for raw in [&plain, &spaced, &spaced.replace("\\/", "/")] {
        assert_eq!(checked(raw.as_bytes(), &[KEY]), Ok(CODE), "{raw}");
    }
}

/// The sender may also sign what it does not escape.
#[test]
fn the_bytes_as_they_came_count_first() {
    let body = BODY.replace("\\/", "/");
    let code = sign(body.as_bytes(), &secrets(&[KEY]));
    assert_ne!(code, CODE);
    assert_eq!(checked(with_code(&body, &code).as_bytes(), &[KEY]), Ok(&*code));
}

#[test]
fn any_of_our_keys_may_have_been_used() {
    let raw = sent();
    for keys in [&["new", KEY][..], &[KEY, "old"]] {
        assert_eq!(checked(raw.as_bytes(), keys), Ok(CODE));
    }
    for keys in [&["new", "old"][..], &["cm_payment_ke"], &["cm_payment_keyy"], &["CM_PAYMENT_KEY"]]
    {
        assert_eq!(checked(raw.as_bytes(), keys), Err(VerifyError::Mismatch), "{keys:?}");
    }
}

/// Every other value of every byte, of the body and of the code.
#[test]
fn refuses_every_single_change() {
    let raw = sent().into_bytes();
    for position in 0..raw.len() {
        for change in 1..=u8::MAX {
            let mut raw = raw.clone();
            raw[position] ^= change;
            let outcome = checked(&raw, &[KEY]);
            assert!(outcome.is_err(), "byte {position} ^ {change}");
        }
    }
}

#[test]
fn refuses_every_single_change_of_the_key() {
    let raw = sent();
    for (position, bit) in (0..KEY.len()).flat_map(|p| (0..7).map(move |bit| (p, bit))) {
        let mut key = KEY.as_bytes().to_vec();
        key[position] ^= 1 << bit;
        let key = String::from_utf8(key).unwrap();
        assert_eq!(checked(raw.as_bytes(), &[&key]), Err(VerifyError::Mismatch), "{key:?}");
    }
}

#[test]
fn refuses_missing_and_added_bytes() {
    let raw = sent();
    for position in 0..raw.len() {
        let mut less = raw.clone();
        // Without its backslash a slash is still the same slash.
        if less.remove(position) != '\\' {
            assert!(checked(less.as_bytes(), &[KEY]).is_err(), "{less}");
        }
        let mut more = raw.clone();
        more.insert(position, 'x');
        assert!(checked(more.as_bytes(), &[KEY]).is_err(), "{more}");
    }
    for end in 0..raw.len() {
        assert!(checked(&raw.as_bytes()[..end], &[KEY]).is_err(), "{end}");
    }
}

#[test]
fn only_a_plain_code_is_one() {
    for code in [
        "",
        &CODE[1..],
        &format!("{CODE}0"),
        &CODE.to_uppercase(),
        "zbe55db1b47987aa512ea2186b3784b1",
        "\\u0066be55db1b47987aa512ea2186b3784b1",
    ] {
        let raw = with_code(BODY, code);
        assert_eq!(checked(raw.as_bytes(), &[KEY]), Err(VerifyError::Malformed), "{code}");
    }
    for value in ["null", "7", "[]", "{}", "true"] {
        let raw = with_code(BODY, CODE).replace(&format!("\"{CODE}\""), value);
        assert_eq!(checked(raw.as_bytes(), &[KEY]), Err(VerifyError::Malformed), "{value}");
    }
}

#[test]
fn two_codes_are_ambiguous() {
    let raw = with_code(&sent(), CODE);
    assert_eq!(checked(raw.as_bytes(), &[KEY]), Err(VerifyError::Malformed));
}
