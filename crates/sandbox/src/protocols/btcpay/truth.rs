use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    desk::{Btcpay, Desk},
    exact::Exact,
    method::Payment,
};

/// What became of the money for one order of the shop, in the invoice's currency.
struct Order {
    currency: String,
    asked: Exact,
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
        let mut orders: BTreeMap<&str, Order> = BTreeMap::new();
        for (id, invoice) in self.invoices.newest() {
            let zero = || Order {
                currency: invoice.currency.clone(),
                asked: Exact::ZERO,
                paid: Exact::ZERO,
                pending: Exact::ZERO,
                refunded: Exact::ZERO,
                promised: Exact::ZERO,
                payments: Vec::new(),
            };
            let order = orders.entry(invoice.order_id().unwrap_or("")).or_insert_with(zero);
            let settled = invoice.settled();
            order.asked = order.asked.plus(invoice.amount.unwrap_or(Exact::ZERO));
            order.paid = order.paid.plus(settled);
            order.pending = order.pending.plus(invoice.paid().minus(settled));
            order.payments.push(json!({
                "id": id,
                "currency": invoice.currency,
                "asked": invoice.amount,
                "paid": settled,
                "status": invoice.status,
                "additional_status": invoice.additional,
                "payments": invoice.payments.iter().map(Payment::object).collect::<Vec<_>>(),
            }));
        }
        for (_, pull) in self.pull_payments.newest() {
            let Some(invoice) = self.invoices.get(&pull.invoice_id) else { continue };
            let order = orders.get_mut(invoice.order_id().unwrap_or(""));
            let Some(order) = order else { continue };
            let coins = pull.currency == "BTC";
            let sum = if coins { pull.amount.times(invoice.rate) } else { pull.amount };
            let place = if pull.is_claimed { &mut order.refunded } else { &mut order.promised };
            *place = place.plus(sum);
        }
        let orders = orders.into_iter().map(|(reference, order)| {
            let view = json!({
                "currency": order.currency,
                "asked": order.asked,
                "paid": order.paid,
                "pending": order.pending,
                "refunded": order.refunded,
                "promised": order.promised,
                "payments": order.payments,
            });
            (reference.to_owned(), view)
        });
        json!({ "orders": orders.collect::<serde_json::Map<_, _>>() })
    }
}
