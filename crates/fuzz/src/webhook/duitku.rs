//! Callbacks of Duitku: the body, in both editions of the signature.

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use domain::{
    gateways::{Notice, PaymentRef, VerifyError},
    ids::TopupId,
};
use form_urlencoded::{Serializer, parse};
use infra::pay::duitku::{Duitku, DuitkuAlgorithm, DuitkuSettings};

use super::{Delivery, SECRETS, STRANGE, Verdict, hash, is_believed};
use crate::bytes;

/// Parts of callbacks.
pub(crate) const WORDS: &[&str] = &[
    "merchantCode=D1234",
    "&amount=50000",
    "&merchantOrderId=",
    "0198c2d1-0000-7000-8000-000000000001",
    "&resultCode=00",
    "&resultCode=01",
    "&signature=",
    "%00",
    "%2D",
    "+",
    "&",
    "=",
    "D1234",
    "5000",
    "0198C2D1",
];
const MERCHANT: &str = "D1234";
const ORDER: &str = "0198c2d1-0000-7000-8000-000000000001";
const SIGNED: [&str; 3] = ["merchantCode", "amount", "merchantOrderId"];
const ALGORITHMS: [DuitkuAlgorithm; 2] = [DuitkuAlgorithm::Md5, DuitkuAlgorithm::HmacSha256];

/// What is believed was signed with a key of ours, and each field that counts is there once. What
/// we sign is believed, and changing a bit of it brings nothing or a hint at the same payment.
pub(crate) fn check(input: &[u8]) {
    for algorithm in ALGORITHMS {
        let outcome = verdict(algorithm, input);
        if is_believed(&outcome) {
            check_signature(algorithm, input);
        }
        check_signed(algorithm, input);
    }
}

fn check_signed(algorithm: DuitkuAlgorithm, input: &[u8]) {
    let first = signed(algorithm, input, SECRETS[0]);
    let outcome = verdict(algorithm, &first);
    assert!(is_believed(&outcome), "{outcome:?} of {}", bytes::text(&first));
    let second = verdict(algorithm, &signed(algorithm, input, SECRETS[1]));
    assert_eq!(second, outcome);
    let strange = verdict(algorithm, &signed(algorithm, input, STRANGE));
    assert_eq!(strange, Err(VerifyError::Mismatch));
    let order = fields(&first)["merchantOrderId"].join("");
    assert_eq!(matches!(outcome, Ok(Some(_))), TopupId::parse(&order).is_some(), "{order}");
    let changed = bytes::flipped(&first, bytes::choice(input)).unwrap();
    match (verdict(algorithm, &changed), outcome) {
        (Err(_), _) | (Ok(None), Ok(None)) => {}
        (Ok(Some(Notice { payment, .. })), Ok(Some(notice))) if payment == notice.payment => {}
        (other, _) => panic!("{other:?} of {}", bytes::text(&changed)),
    }
}

fn verdict(algorithm: DuitkuAlgorithm, body: &[u8]) -> Verdict {
    let delivery = Delivery { header: None, body: body.to_vec() };
    let verdict = super::verdict(gateway(algorithm), &delivery);
    if let Ok(Some(notice)) = &verdict {
        let order = fields(body)["merchantOrderId"].join("");
        let words = ["paid", "failed", "other", "none"].map(|word| format!("{order}:{word}"));
        assert!(words.contains(&notice.event_id), "{}", notice.event_id);
        assert_eq!(notice.payment, PaymentRef::Payment(order));
    }
    verdict
}

fn check_signature(algorithm: DuitkuAlgorithm, body: &[u8]) {
    let fields = fields(body);
    let message: Vec<&str> =
        SIGNED.iter().flat_map(|name| &fields[*name]).map(|it| &**it).collect();
    assert_eq!(message.len(), SIGNED.len(), "{fields:?}");
    assert_eq!(message[0], MERCHANT);
    let [given] = fields["signature"].as_slice() else { panic!("{fields:?}") };
    let is_code = |key| code(algorithm, &message, key) == *given;
    assert!(SECRETS.into_iter().any(is_code), "{fields:?}");
}

fn fields(body: &[u8]) -> BTreeMap<String, Vec<String>> {
    let names = SIGNED.into_iter().chain(["signature", "resultCode"]);
    let mut fields: BTreeMap<_, _> = names.map(|name| (name.to_owned(), Vec::new())).collect();
    for (name, value) in parse(body) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    fields
}

/// A callback that says what the input says, as far as it can be said.
fn signed(algorithm: DuitkuAlgorithm, input: &[u8], key: &str) -> Vec<u8> {
    let fields = fields(input);
    let said = |name: &str, default: &str| {
        let said = fields[name].first().map(|it| it.chars().take(100).collect::<String>());
        said.unwrap_or_else(|| default.to_owned())
    };
    let (amount, order) = (said("amount", "50000"), said("merchantOrderId", ORDER));
    let code = code(algorithm, &[MERCHANT, &amount, &order], key);
    Serializer::new(String::new())
        .append_pair("merchantCode", MERCHANT)
        .append_pair("amount", &amount)
        .append_pair("merchantOrderId", &order)
        .append_pair("productDetail", "Balance top-up")
        .append_pair("resultCode", &said("resultCode", "00"))
        .append_pair("signature", &code)
        .finish()
        .into_bytes()
}

fn code(algorithm: DuitkuAlgorithm, message: &[&str], key: &str) -> String {
    let message = message.concat();
    match algorithm {
        DuitkuAlgorithm::Md5 => hash::md5(&[message.as_bytes(), key.as_bytes()]),
        DuitkuAlgorithm::HmacSha256 => hash::hmac(key.as_bytes(), message.as_bytes()),
    }
}

fn gateway(algorithm: DuitkuAlgorithm) -> &'static Duitku {
    static GATEWAYS: OnceLock<[Duitku; 2]> = OnceLock::new();
    let [md5, hmac] = GATEWAYS.get_or_init(|| ALGORITHMS.map(new));
    match algorithm {
        DuitkuAlgorithm::Md5 => md5,
        DuitkuAlgorithm::HmacSha256 => hmac,
    }
}

fn new(algorithm: DuitkuAlgorithm) -> Duitku {
    let settings = DuitkuSettings {
        api_base: "https://pay.example".to_owned(),
        merchant_code: MERCHANT.to_owned(),
        api_keys: SECRETS.map(Into::into).to_vec(),
        algorithm,
        livemode: true,
        payment_method: "SP".to_owned(),
        shop_name: "Switchboard".to_owned(),
        email: "pay@app.example".to_owned(),
        callback_url: "https://hooks.example/duitku".to_owned(),
        return_url: "https://app.example/back".to_owned(),
        expiry: Duration::from_hours(1),
        timeout: Duration::from_secs(1),
    };
    Duitku::new(settings).unwrap()
}
