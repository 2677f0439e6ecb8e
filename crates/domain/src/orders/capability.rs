use super::{Order, OrderState};
use crate::time::Timestamp;

/// What the customer may do with an order now; decided here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the contract publishes five separate flags")]
pub struct Capabilities {
    /// Delivered and not over.
    pub can_finish: bool,
    /// Delivered, not over, and the last request for a further SMS is long enough ago.
    pub can_resend: bool,
    /// Nothing delivered and the minimum-cancel window is over.
    pub can_cancel: bool,
    /// Same rule as cancel: replacing is canceling and buying again.
    pub can_replace: bool,
    /// Completed and the number can be rented again.
    pub can_reactivate: bool,
    /// When [`Self::can_resend`] becomes true, while it is a matter of waiting.
    pub resend_available_at: Option<Timestamp>,
    /// When [`Self::can_cancel`] becomes true, while it is a matter of waiting.
    pub cancel_available_at: Option<Timestamp>,
    /// When [`Self::can_replace`] becomes true, while it is a matter of waiting.
    pub replace_available_at: Option<Timestamp>,
}

impl Capabilities {
    /// What `order` allows at `now`, as far as it tells by itself: whether its number can be rented
    /// again is a matter of the provider.
    pub fn of(order: &Order, now: Timestamp) -> Self {
        match &order.state {
            OrderState::Active { lease } if now < lease.expires_at => {
                let wait = (now < lease.cancel_from).then_some(lease.cancel_from);
                let open = wait.is_none();
                Self {
                    can_cancel: open,
                    can_replace: open,
                    cancel_available_at: wait,
                    replace_available_at: wait,
                    ..Self::default()
                }
            }
            OrderState::Delivered { lease, .. } => {
                let running = now < lease.expires_at;
                let wait = lease.resend_from.filter(|from| running && now < *from);
                Self {
                    can_finish: true,
                    can_resend: running && wait.is_none(),
                    resend_available_at: wait,
                    ..Self::default()
                }
            }
            _ => Self::default(),
        }
    }

    /// What an order allows at the instant of its activation: the shape that a create answers
    /// with, however late it is replayed.
    pub fn at_activation(order: &Order) -> Self {
        let wait = order.lease().map(|lease| lease.cancel_from);
        Self { cancel_available_at: wait, replace_available_at: wait, ..Self::default() }
    }
}
