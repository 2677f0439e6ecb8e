use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    acts::Act,
    delivery::{self, Deliver},
    desk::Duitku,
    transaction::Status,
};
use crate::protocols::gateway::{ActError, Letter, Mailbox, Members, Target, Teller};

impl Teller for Duitku {
    type Shape = Deliver;
    type Act = Act;

    fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    fn usual(&self) -> Deliver {
        self.desk().settings.callbacks
    }

    fn letter(&self, how: Deliver, facts: Members) -> Letter {
        delivery::letter(how, facts, &self.desk().settings)
    }

    fn resolve(&self, target: &Target) -> Result<String, ActError> {
        let desk = self.desk();
        let transaction = match target {
            Target::Id(reference) => desk.transactions.get(reference),
            Target::Order(order_id) => desk.of_order(order_id),
        };
        transaction.map(|it| it.reference.clone()).ok_or(ActError::Unknown)
    }

    fn act(&self, reference: &str, act: Act) -> Result<Vec<String>, ActError> {
        self.desk().act(reference, act)
    }

    fn standing(&self, reference: &str) -> Result<Value, ActError> {
        let desk = self.desk();
        let transaction = desk.transactions.get(reference).ok_or(ActError::Unknown)?;
        Ok(json!({
            "reference": reference,
            "order_id": transaction.inquiry.merchant_order_id,
            "status": transaction.status.name(),
        }))
    }

    fn view(&self, newest: usize) -> Value {
        let callbacks = self.mailbox.view(newest);
        let desk = self.desk();
        let transactions = desk.transactions.newest().take(newest);
        json!({
            "transactions": transactions.map(|(_, it)| it.standing()).collect::<Vec<_>>(),
            "callbacks": callbacks,
            "callbacks_go": desk.settings.callbacks,
            "algorithm": desk.settings.algorithm,
            "repeats": desk.settings.repeats,
            "faults": desk.settings.faults,
        })
    }

    /// Who paid what, transaction by transaction, the newest first. A payer who pays twice shows in
    /// `paid` but not in `reported`, which is all that the status call tells.
    fn truth(&self) -> Value {
        let desk = self.desk();
        let orders = desk.transactions.newest().map(|(reference, transaction)| {
            let amount = transaction.inquiry.payment_amount;
            json!({
                "order_id": transaction.inquiry.merchant_order_id,
                "reference": reference,
                "status": transaction.status.name(),
                "currency": "IDR",
                "amount": amount,
                "paid": transaction.received(),
                "reported": if transaction.status == Status::Paid { amount } else { 0 },
                "refunded": 0,
                "payments": transaction.payments,
            })
        });
        json!({ "orders": orders.collect::<Vec<_>>() })
    }
}
