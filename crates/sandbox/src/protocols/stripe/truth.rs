use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::desk::{Desk, Stripe};

/// What became of the money for one reference of the shop in one currency, in minor units.
#[derive(Default)]
struct Order {
    paid: u64,
    refunded: u64,
    disputed: u64,
    payments: Vec<Value>,
}

impl Stripe {
    /// What was paid and what went back, by the shop's reference; for checkers that trust nobody.
    pub(crate) fn truth(&self) -> Value {
        self.desk().truth()
    }
}

impl Desk {
    fn truth(&self) -> Value {
        let mut refunded: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, refund) in self.refunds.newest().filter(|(_, it)| it.status.takes_money()) {
            *refunded.entry(&refund.intent).or_default() += refund.amount;
        }
        let mut disputed: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, dispute) in self.disputes.newest().filter(|(_, it)| it.has_funds) {
            *disputed.entry(&dispute.intent).or_default() += dispute.amount;
        }
        let mut orders: BTreeMap<(&str, &str), Order> = BTreeMap::new();
        for (id, payment) in self.payments.newest().filter(|(_, it)| it.received() > 0) {
            let session = self.sessions.get(&payment.session);
            let reference = session.and_then(|it| it.client_reference_id.as_deref());
            let order = orders.entry((reference.unwrap_or(""), &payment.currency)).or_default();
            let of = |sums: &BTreeMap<&str, u64>| sums.get(id).copied().unwrap_or(0);
            order.paid += payment.received();
            order.refunded += of(&refunded);
            order.disputed += of(&disputed);
            order.payments.push(json!({
                "id": payment.session,
                "payment_intent": id,
                "paid": payment.received(),
                "refunded": of(&refunded),
                "disputed": of(&disputed),
            }));
        }
        let orders = orders.into_iter().map(|((reference, currency), order)| {
            json!({
                "order_id": reference,
                "currency": currency,
                "paid": order.paid,
                "refunded": order.refunded,
                "disputed": order.disputed,
                "payments": order.payments,
            })
        });
        json!({ "orders": orders.collect::<Vec<_>>() })
    }
}
