//! Those who take payments for us.
//!
//! A notification of a gateway is a hint and nothing more: it names a payment, and what happened to
//! it is read from the gateway itself. So it does not matter how much of it a signature covers,
//! whether it is old, repeated, out of order, or never came.

mod ports;
mod report;

pub use ports::{
    Checkout, CheckoutRequest, GatewayDirectory, GatewayError, GatewayTerms, Notice,
    PaymentGateway, PaymentRef, RefundRequest, RefundWay, Refunded, VerifyError, WebhookHeaders,
};
pub use report::{
    DisputeReport, DisputeState, PaymentReport, PaymentStatus, RefundReport, RefundState,
};
