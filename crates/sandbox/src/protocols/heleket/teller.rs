use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    acts::Act,
    delivery::{self, Deliver},
    desk::Heleket,
    input::Named,
};
use crate::protocols::gateway::{ActError, Letter, Mailbox, Members, Target, Teller};

impl Teller for Heleket {
    type Shape = Deliver;
    type Act = Act;

    fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    fn usual(&self) -> Deliver {
        self.desk().settings.callbacks
    }

    fn letter(&self, how: Deliver, facts: Members) -> Letter {
        delivery::letter(how, &facts, &self.desk().settings.keys)
    }

    fn resolve(&self, target: &Target) -> Result<String, ActError> {
        let named = match target {
            Target::Id(uuid) => Named::Uuid(uuid.clone()),
            Target::Order(order_id) => Named::Order(order_id.clone()),
        };
        self.desk().find(&named).ok_or(ActError::Unknown)
    }

    fn act(&self, uuid: &str, act: Act) -> Result<Vec<String>, ActError> {
        self.desk().act(uuid, act)
    }

    fn standing(&self, uuid: &str) -> Result<Value, ActError> {
        let desk = self.desk();
        let invoice = desk.invoices.get(uuid).ok_or(ActError::Unknown)?;
        Ok(json!({
            "uuid": uuid,
            "order_id": invoice.order.order_id,
            "status": invoice.status.name(),
            "is_final": invoice.status.is_final(),
        }))
    }

    fn view(&self, newest: usize) -> Value {
        let callbacks = self.mailbox.view(newest);
        let desk = self.desk();
        let invoices = desk.invoices.newest().take(newest);
        json!({
            "invoices": invoices.map(|(_, it)| object(it.result(&desk.rates())))
                .collect::<Vec<_>>(),
            "callbacks": callbacks,
            "callbacks_go": desk.settings.callbacks,
            "refunds": desk.settings.refunds,
            "faults": desk.settings.faults,
        })
    }

    fn truth(&self) -> Value {
        let desk = self.desk();
        let orders = desk.invoices.newest().map(|(uuid, invoice)| {
            let received = invoice.received();
            json!({
                "order_id": invoice.order.order_id,
                "uuid": uuid,
                "status": invoice.status.name(),
                "is_final": invoice.status.is_final(),
                "currency": invoice.order.currency,
                "amount": invoice.order.amount.to_string(),
                "paid": received.to_string(),
                "reported": received.whole_cents().to_string(),
                "unconfirmed": invoice.seen().minus(received).to_string(),
                "refunded": invoice.refunded.to_string(),
                "refund_address": invoice.refund_address,
                "payments": invoice.deposits,
            })
        });
        json!({ "orders": orders.collect::<Vec<_>>() })
    }
}

fn object(members: Members) -> Value {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
