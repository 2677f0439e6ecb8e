use secrecy::SecretString;
use url::form_urlencoded::Serializer;

use super::*;
use crate::pay::{duitku::DuitkuAlgorithm, secrets::SecretList};

const KEY: &str = "732B39FC61796845775D2C4FB05332AF";
const ORDER: &str = "0198c2d1-0000-7000-8000-000000000001";
const MD5: &str = "848f34e898c3b6738bad505aaa397b95";
const HMAC: &str = "1112932916c54761fba055faae75cd75b724cac0cdf206d0462b6fbd0a14a5e9";

fn account(algorithm: DuitkuAlgorithm, keys: &[&str]) -> Account {
    let keys = keys.iter().map(|key| SecretString::from(*key)).collect();
    let secrets = SecretList::new(keys).unwrap();
    Account { merchant: "D1234".to_owned(), secrets, algorithm }
}

fn md5() -> Account {
    account(DuitkuAlgorithm::Md5, &[KEY])
}

/// A callback as it is sent, with all fields, changed by `change`.
fn sent(change: &[(&str, &str)]) -> String {
    let fields = [
        ("merchantCode", "D1234"),
        ("amount", "50000"),
        ("merchantOrderId", ORDER),
        ("productDetail", "Balance top-up"),
        ("additionalParam", ""),
        ("paymentCode", "SP"),
        ("resultCode", "00"),
        ("merchantUserId", "someone@example.com"),
        ("reference", "D1234CX80TZJ85Q70QCI"),
        ("signature", MD5),
        ("publisherOrderId", "MGUHWKJX3M1KMSQN5"),
        ("spUserHash", "xxxyyyzzz"),
        ("settlementDate", "2026-11-21"),
        ("issuerCode", "93600523"),
    ];
    let mut form = Serializer::new(String::new());
    for (name, value) in fields {
        let changed = change.iter().find(|(changed, _)| *changed == name);
        form.append_pair(name, changed.map_or(value, |(_, value)| value));
    }
    form.finish()
}

fn notice(result: &str) -> Notice {
    Notice {
        gateway: Gateway::Duitku,
        event_id: format!("{ORDER}:{result}"),
        event_kind: result.to_owned(),
        payment: PaymentRef::Payment(ORDER.to_owned()),
    }
}

#[test]
fn names_the_payment() {
    assert_eq!(read(sent(&[]).as_bytes(), &md5()), Ok(Some(notice("paid"))));
    let hmac = account(DuitkuAlgorithm::HmacSha256, &[KEY]);
    assert_eq!(read(sent(&[("signature", HMAC)]).as_bytes(), &hmac), Ok(Some(notice("paid"))));
}

#[test]
fn an_edition_takes_only_its_own_codes() {
    let hmac = account(DuitkuAlgorithm::HmacSha256, &[KEY]);
    assert_eq!(read(sent(&[]).as_bytes(), &hmac), Err(VerifyError::Malformed));
    let signed = sent(&[("signature", HMAC)]);
    assert_eq!(read(signed.as_bytes(), &md5()), Err(VerifyError::Malformed));
}

#[test]
fn any_of_our_keys_may_have_been_used() {
    let raw = sent(&[]);
    for keys in [&["new", KEY][..], &[KEY, "old"]] {
        assert!(read(raw.as_bytes(), &account(DuitkuAlgorithm::Md5, keys)).is_ok());
    }
    let outcome = read(raw.as_bytes(), &account(DuitkuAlgorithm::Md5, &["new", "old"]));
    assert_eq!(outcome, Err(VerifyError::Mismatch));
}

/// The result is not signed. Changing it makes another hint at the same payment, of which there are
/// only three.
#[test]
fn the_unsigned_result_changes_nothing_but_the_hint() {
    for (result, word) in
        [("00", "paid"), ("01", "failed"), ("02", "other"), ("", "other"), ("0\u{0}", "other")]
    {
        let raw = sent(&[("resultCode", result)]);
        assert_eq!(read(raw.as_bytes(), &md5()), Ok(Some(notice(word))), "{result:?}");
    }
    let raw = sent(&[]).replace("resultCode=00&", "");
    assert_eq!(read(raw.as_bytes(), &md5()), Ok(Some(notice("none"))));
}

/// Every bit of every byte, and what forms are made of in place of it: it is refused, or it is a
/// hint at the same payment.
#[test]
fn no_single_change_names_another_payment() {
    let genuine = sent(&[]).into_bytes();
    let payment = PaymentRef::Payment(ORDER.to_owned());
    let account = md5();
    for position in 0..genuine.len() {
        let bits = (0..8).map(|bit| genuine[position] ^ (1 << bit));
        for byte in bits.chain(*b"&=%+;0\0") {
            let mut raw = genuine.clone();
            raw[position] = byte;
            match read(&raw, &account) {
                Err(_) => {}
                Ok(Some(notice)) if notice.payment == payment => {}
                other => panic!("byte {position} = {byte}: {other:?}"),
            }
        }
    }
}

#[test]
fn every_single_change_of_what_is_signed_is_refused() {
    for (name, value) in [
        ("merchantCode", "D1234"),
        ("amount", "50000"),
        ("merchantOrderId", ORDER),
        ("signature", MD5),
    ] {
        for (position, bit) in (0..value.len()).flat_map(|p| (0..7).map(move |bit| (p, bit))) {
            let mut changed = value.as_bytes().to_vec();
            changed[position] ^= 1 << bit;
            let changed = String::from_utf8(changed).unwrap();
            let outcome = read(sent(&[(name, &changed)]).as_bytes(), &md5());
            assert!(outcome.is_err(), "{name}={changed}: {outcome:?}");
        }
    }
    for (position, bit) in (0..KEY.len()).flat_map(|p| (0..7).map(move |bit| (p, bit))) {
        let mut key = KEY.as_bytes().to_vec();
        key[position] ^= 1 << bit;
        let account = account(DuitkuAlgorithm::Md5, &[&String::from_utf8(key).unwrap()]);
        assert_eq!(read(sent(&[]).as_bytes(), &account), Err(VerifyError::Mismatch));
    }
}

/// The signed fields are written one after the other: the same code fits other cuts of the same
/// text.
#[test]
fn moving_the_border_between_signed_fields_gains_nothing() {
    let text = format!("D123450000{ORDER}");
    let mut accepted = Vec::new();
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let fields = [
                ("merchantCode", &text[..first]),
                ("amount", &text[first..second]),
                ("merchantOrderId", &text[second..]),
            ];
            if let Ok(Some(notice)) = read(sent(&fields).as_bytes(), &md5()) {
                accepted.push(notice.payment);
            }
        }
    }
    assert_eq!(accepted, [PaymentRef::Payment(ORDER.to_owned())]);
}

#[test]
fn payments_of_others_are_no_business_of_ours() {
    for order in ["abcde12345", "", &ORDER.to_uppercase(), &ORDER.replace('-', "")] {
        let fields = ["D1234", "50000", order];
        let code = super::signature::code(DuitkuAlgorithm::Md5, &fields, KEY.as_bytes());
        let raw = sent(&[("merchantOrderId", order), ("signature", &code)]);
        assert_eq!(read(raw.as_bytes(), &md5()), Ok(None), "{order}");
    }
}

#[test]
fn missing_and_repeated_fields_are_refused() {
    let raw = sent(&[]);
    for name in ["merchantCode", "amount", "merchantOrderId", "signature"] {
        let field = raw.split('&').find(|field| field.starts_with(&format!("{name}="))).unwrap();
        let less = raw.replace(field, "x=y");
        assert_eq!(read(less.as_bytes(), &md5()), Err(VerifyError::Malformed), "{less}");
        let more = format!("{raw}&{field}");
        assert_eq!(read(more.as_bytes(), &md5()), Err(VerifyError::Malformed), "{more}");
        let hidden = format!("{raw}&{}", field.replacen('e', "%65", 1));
        assert_eq!(read(hidden.as_bytes(), &md5()), Err(VerifyError::Malformed), "{hidden}");
    }
}

#[test]
fn hostile_bodies_are_turned_away() {
    let raw = sent(&[]);
    let many = format!("{raw}{}", "&a=b".repeat(MOST_FIELDS));
    let long = format!("{raw}&a={}", "x".repeat(LONGEST));
    for raw in ["", "&&&&", "=", "%", "%zz=%", "{}", &many, &long, &"&".repeat(LONGEST)] {
        assert_eq!(read(raw.as_bytes(), &md5()), Err(VerifyError::Malformed), "{}", raw.len());
    }
    assert_eq!(read(b"\xff\xfe\x00=\x80", &md5()), Err(VerifyError::Malformed));
}
