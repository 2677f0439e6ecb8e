//! Orders: our side of a rented number, from reservation to its end.

pub mod cancel;
mod capability;
pub mod close;
pub mod expire;
pub mod finish;
pub mod late;
mod order;
pub mod place;
pub mod poll;
mod ports;
pub mod reactivate;
pub mod resend;
pub mod settle;
mod status;

pub use capability::Capabilities;
pub use order::{Again, Delivery, Lease, Order, OrderState, Quote};
pub use ports::{
    Claim, IdempotencyKey, InFlight, OrderPage, OrderQueries, OrderRepo, OrderView, OrderWork,
    Orphan, Purchases, RequestKey, Reservation, ReserveError, Reserved,
};
pub use status::{FailReason, IllegalTransition, Status};

/// The times that rule an order's life; set by the operator.
#[derive(Debug, Clone, Copy)]
pub struct OrderTerms {
    /// How long a number waits for its SMS, counted from activation.
    pub lifetime: std::time::Duration,
    /// How long the customer must wait before canceling.
    pub minimum_cancel: std::time::Duration,
    /// How long the customer must wait between two requests for a further SMS.
    pub resend_cooldown: std::time::Duration,
    /// How long after its money was set aside a provider may still be asked for a number. Together
    /// with the provider's own deadline it must be less than the patience of
    /// [`settle::SettleReserving`], which otherwise gives orders up whose number is on its way.
    pub ask_within: std::time::Duration,
}
