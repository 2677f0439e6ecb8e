//! Notifications, read only after their signature was checked.

use domain::{
    gateways::{Notice, PaymentRef, VerifyError},
    ledger::Gateway,
};
use serde::Deserialize;

use crate::pay::text::is_id;

#[derive(Deserialize)]
struct Webhook {
    #[serde(rename = "type")]
    kind: String,
    uuid: String,
    status: String,
}

/// Which payment `raw` is about; nothing for payouts, wallets and whatever else there may be.
///
/// Notifications have no id. Their code stands in for it: it is the same for the same content.
pub(super) fn read(
    gateway: Gateway,
    raw: &[u8],
    code: &str,
) -> Result<Option<Notice>, VerifyError> {
    let webhook: Webhook = serde_json::from_slice(raw).map_err(|_| VerifyError::Unreadable)?;
    if webhook.kind != "payment" {
        return Ok(None);
    }
    if !is_id(&webhook.uuid) || !is_id(&webhook.status) {
        return Err(VerifyError::Unreadable);
    }
    Ok(Some(Notice {
        gateway,
        event_id: code.to_owned(),
        event_kind: webhook.status,
        payment: PaymentRef::Payment(webhook.uuid),
    }))
}
