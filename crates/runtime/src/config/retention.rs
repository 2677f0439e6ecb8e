use std::time::Duration;

use super::{Keys, Section};

/// `[retention]`: for how many days what is over is kept. Money, orders and events are kept for
/// good.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Keys of requests: for so long a repeated purchase is told from a new one.
    pub idempotency_keys: Duration,
    /// Providers' callbacks.
    pub sms_callbacks: Duration,
    /// Gateways' notifications, which are evidence as long as a payer may dispute.
    pub payment_notices: Duration,
    /// Numbers that a provider listed and no order owned.
    pub orphan_activations: Duration,
    /// Who retried or discarded dead tasks, and why.
    pub task_interventions: Duration,
    /// Who stopped customers or let them go on, and why.
    pub customer_interventions: Duration,
    /// Messages to customers' servers and the attempts to deliver them.
    pub webhook_messages: Duration,
}

impl Section for Retention {
    fn read(keys: &mut Keys<'_>) -> Self {
        const YEARS: u64 = 3_650;
        let mut days = |key: &str, default: u64, least: u64| {
            Duration::from_hours(24 * keys.within(key, default, least..=YEARS))
        };
        Self {
            idempotency_keys: days("idempotency_keys_days", 7, 1),
            sms_callbacks: days("sms_callbacks_days", 30, 7),
            payment_notices: days("payment_notices_days", 400, 120),
            orphan_activations: days("orphan_activations_days", 90, 7),
            task_interventions: days("task_interventions_days", 400, 90),
            customer_interventions: days("customer_interventions_days", 400, 90),
            webhook_messages: days("webhook_messages_days", 14, 1),
        }
    }
}
