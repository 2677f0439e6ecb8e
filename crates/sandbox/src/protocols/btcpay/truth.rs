use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    desk::{Btcpay, Desk},
    exact::Exact,
    invoice::Invoice,
    method::Payment,
};

/// What became of the money for one order of the shop in one currency.
#[derive(Default)]
struct Order {
    amount: Exact,
    paid: Exact,
    pending: Exact,
    refunded: Exact,
    promised: Exact,
    payments: Vec<Value>,
}

impl Btcpay {
    /// What was paid and what went back, by the shop's order; for checkers that trust nobody.
    pub(crate) fn truth(&self) -> Value {
        self.desk().truth()
    }
}

impl Desk {
    fn truth(&self) -> Value {
        let mut orders: BTreeMap<(&str, &str), Order> = BTreeMap::new();
        for (id, invoice) in self.invoices.newest() {
            let order = orders.entry(key(invoice)).or_default();
            let settled = invoice.settled();
            order.amount = order.amount.plus(invoice.amount.unwrap_or(Exact::ZERO));
            order.paid = order.paid.plus(settled);
            order.pending = order.pending.plus(invoice.paid().minus(settled));
            order.payments.push(json!({
                "id": id,
                "amount": invoice.amount,
                "paid": settled,
                "status": invoice.status,
                "additional_status": invoice.additional,
                "payments": invoice.payments.iter().map(Payment::object).collect::<Vec<_>>(),
            }));
        }
        for (_, pull) in self.pull_payments.newest() {
            let Some(invoice) = self.invoices.get(&pull.invoice_id) else { continue };
            let Some(order) = orders.get_mut(&key(invoice)) else { continue };
            let coins = pull.currency == "BTC";
            let sum = if coins { pull.amount.times(invoice.rate) } else { pull.amount };
            if pull.is_paid_out() {
                order.refunded = order.refunded.plus(sum);
            } else if pull.is_open() {
                order.promised = order.promised.plus(sum);
            }
        }
        let orders = orders.into_iter().map(|((order_id, currency), order)| {
            json!({
                "order_id": order_id,
                "currency": currency,
                "amount": order.amount,
                "paid": order.paid,
                "unconfirmed": order.pending,
                "refunded": order.refunded,
                "promised": order.promised,
                "payments": order.payments,
            })
        });
        json!({ "orders": orders.collect::<Vec<_>>() })
    }
}

fn key(invoice: &Invoice) -> (&str, &str) {
    (invoice.order_id().unwrap_or(""), &invoice.currency)
}
