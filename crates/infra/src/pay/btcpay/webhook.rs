//! Notifications, read only after their signature was checked.

use domain::{
    gateways::{Notice, PaymentRef, VerifyError},
    ledger::Gateway,
};
use serde::Deserialize;

use super::invoice::is_id;
use crate::{
    crypto::hmac_sha256,
    pay::{secrets::SecretList, text},
};

/// Digits of a code.
const CODE: usize = 64;
/// The server's own are shorter.
const LONGEST_KIND: usize = 64;

/// Checks the `BTCPay-Sig` header of `raw`; any of `secrets` may have made it.
pub(super) fn check(header: &str, raw: &[u8], secrets: &SecretList) -> Result<(), VerifyError> {
    let code = header.strip_prefix("sha256=").ok_or(VerifyError::Malformed)?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if code.len() != CODE || !code.bytes().all(is_digit) {
        return Err(VerifyError::Malformed);
    }
    secrets.check(code, |key| vec![hex::encode(hmac_sha256(key, &[raw]))])
}

/// A notification as far as we read it: what happened is asked for afterwards.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    store_id: Option<String>,
    invoice_id: Option<String>,
    payment: Option<Payment>,
}

#[derive(Deserialize)]
struct Payment {
    id: String,
}

/// What tells of a payment and of nothing else.
const OF_PAYMENT: [&str; 7] = [
    "InvoiceCreated",
    "InvoiceReceivedPayment",
    "InvoiceProcessing",
    "InvoicePaymentSettled",
    "InvoiceSettled",
    "InvoiceExpired",
    "InvoiceInvalid",
];

/// Which payment `raw` is about; nothing for other stores and for what is about no invoice. Types
/// that are not documented exist.
///
/// A repeat has another delivery id and so other bytes; what it tells of is the same. What is not
/// documented may tell of a refund: such a payment goes by an alias, for which all is read anew.
pub(super) fn read(raw: &[u8], store: &str) -> Result<Option<Notice>, VerifyError> {
    let event: Event = serde_json::from_slice(raw).map_err(|_| VerifyError::Unreadable)?;
    let Some(invoice) = event.invoice_id else { return Ok(None) };
    if event.store_id.is_some_and(|it| it != store) {
        return Ok(None);
    }
    let payment = event.payment.map_or_else(|| "-".to_owned(), |payment| payment.id);
    let is_kind = text::is_id(&event.kind) && event.kind.len() <= LONGEST_KIND;
    let event_id = format!("{invoice}:{}:{payment}", event.kind);
    if !is_kind || !is_id(&invoice) || !text::is_id(&event_id) {
        return Err(VerifyError::Unreadable);
    }
    let is_of_payment = OF_PAYMENT.contains(&event.kind.as_str());
    let payment = if is_of_payment { PaymentRef::Payment } else { PaymentRef::Alias };
    Ok(Some(Notice {
        gateway: Gateway::Btcpay,
        event_id,
        event_kind: event.kind,
        payment: payment(invoice),
    }))
}

#[cfg(test)]
mod tests;
