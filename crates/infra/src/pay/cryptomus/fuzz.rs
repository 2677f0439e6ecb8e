//! The reader of invoices, for the crate that tries it on anything.

use domain::gateways::{GatewayError, PaymentReport};

use super::invoice::Invoice;

/// What an invoice means; nothing when it is none.
pub fn report(invoice: &[u8]) -> Option<Result<PaymentReport, GatewayError>> {
    serde_json::from_slice::<Invoice>(invoice).ok().map(Invoice::report)
}
