//! Ids, keys and numbers that others write.

use domain::{
    gateways::PaymentRef,
    ids::{ExternalId, RefundId, TopupId},
    ledger::Gateway,
    money::Currency,
    orders::IdempotencyKey,
    providers::{PhoneNumber, Protocol},
};

use crate::bytes;

/// Parts of names.
pub(crate) const WORDS: &[&str] = &[
    "+79584123456",
    "635468021",
    "550e8400-e29b-41d4-a716-446655440000",
    "stripe",
    "IDR",
    "USD",
    "sms_activate",
    "_-",
    " ",
    "\u{a0}",
];

/// What is taken is what was written, up to blanks around it, and is taken again.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    check_key(&text);
    if let Some(id) = ExternalId::parse(&text) {
        assert_eq!(id.as_str(), text.trim());
        assert!((1..=64).contains(&id.as_str().len()));
        assert_eq!(ExternalId::parse(id.as_str()), Some(id));
    }
    if let Some(phone) = PhoneNumber::parse(&text) {
        let digits = phone.reveal();
        assert!((5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(PhoneNumber::parse(&format!(" +{digits}\n")).as_ref(), Some(&phone));
        assert!(!format!("{phone:?}").contains(digits));
    }
    if let Some(payment) = PaymentRef::parse(&text) {
        assert_eq!(payment.to_string(), text);
    }
    assert_eq!(TopupId::parse(&text).is_some(), RefundId::parse(&text).is_some());
    if let Some(topup) = TopupId::parse(&text) {
        assert_eq!(topup.to_string(), text);
    }
    if let Some(gateway) = Gateway::parse(&text) {
        assert_eq!(gateway.code(), text);
    }
    if let Some(currency) = Currency::parse(&text) {
        assert_eq!(currency.code(), text);
    }
    if let Some(protocol) = Protocol::parse(&text) {
        assert_eq!(protocol.as_str(), text);
    }
}

fn check_key(text: &str) {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_key = (1..=128).contains(&text.len()) && text.bytes().all(is_good);
    assert_eq!(IdempotencyKey::parse(text).is_some(), is_key, "{text:?}");
    if let Some(key) = IdempotencyKey::parse(text) {
        assert_eq!(key.as_str(), text);
    }
}
