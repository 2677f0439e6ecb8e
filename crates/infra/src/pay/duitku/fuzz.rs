//! The reader of transactions, for the crate that tries it on anything.

use domain::{
    gateways::{GatewayError, PaymentReport},
    ids::TopupId,
};

use super::transaction::Status;

/// What a status means for `topup`; nothing when it is none.
pub fn report(status: &[u8], topup: TopupId) -> Option<Result<PaymentReport, GatewayError>> {
    serde_json::from_slice::<Status>(status).ok().map(|status| status.report(topup))
}
