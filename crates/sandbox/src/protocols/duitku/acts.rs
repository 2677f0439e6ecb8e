use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    desk::{Desk, Duitku, Target},
    input::Inquiry,
    transaction::{Payment, Status, Transaction},
};
use crate::protocols::gateway::{ActError, Callback, PayKind};

/// Something that happens to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// The time to pay runs out.
    Expire,
    /// The payer's bank refuses.
    Fail,
}

impl Duitku {
    /// Pays and returns the callbacks to send.
    pub(crate) fn pay(&self, target: &Target, kind: PayKind) -> Result<Vec<String>, ActError> {
        let mut desk = self.desk();
        let reference = desk.target(target)?;
        desk.pay(&reference, kind)
    }

    /// Lets something happen and returns the callbacks to send.
    pub(crate) fn act(&self, target: &Target, act: Act) -> Result<Vec<String>, ActError> {
        let mut desk = self.desk();
        let reference = desk.target(target)?;
        let transaction = desk.transaction(&reference)?;
        if transaction.status != Status::Pending {
            return Err(transaction.conflict());
        }
        if act == Act::Expire {
            desk.expire(&reference);
            return Ok(Vec::new());
        }
        transaction.status = Status::Failed;
        let due = (transaction.expires_at, reference.clone());
        desk.due.remove(&due);
        Ok(desk.record(&reference).into_iter().collect())
    }

    /// Changes what a transaction is for, without telling.
    pub(crate) fn alter(&self, target: &Target, amount: u64) -> Result<(), ActError> {
        let mut desk = self.desk();
        let reference = desk.target(target)?;
        desk.transaction(&reference)?.inquiry.payment_amount = amount;
        Ok(())
    }

    /// A genuine callback about the paid transaction of an order that is in no book.
    pub(crate) fn invent(&self, url: String, order_id: String, amount: u64) -> String {
        let mut desk = self.desk();
        let merchant_code = desk.settings.merchant_code.clone();
        let reference = format!("{merchant_code}{}", desk.ids.digits(16).to_ascii_uppercase());
        let transaction = Transaction {
            inquiry: Inquiry::invented(merchant_code, order_id.clone(), amount),
            reference,
            status: Status::Paid,
            payments: Vec::new(),
            expires_at: 0,
            va_number: String::new(),
            url: String::new(),
        };
        let facts = transaction.facts(desk.now);
        let status = transaction.status.name();
        self.mailbox.record(Callback { order_id, status, url: Some(url), facts })
    }

    /// The reference of the transaction that `target` names now.
    pub(crate) fn reference(&self, target: &Target) -> Result<String, ActError> {
        self.desk().target(target)
    }

    /// The callbacks recorded about an order, the oldest first.
    pub(crate) fn callbacks(&self, target: &Target) -> Result<Vec<String>, ActError> {
        let mut desk = self.desk();
        let reference = desk.target(target)?;
        let order_id = desk.transaction(&reference)?.inquiry.merchant_order_id.clone();
        Ok(self.mailbox.about(&order_id))
    }

    /// How a transaction stands, for the answer to a control.
    pub(crate) fn standing(&self, target: &Target) -> Result<Value, ActError> {
        let mut desk = self.desk();
        let reference = desk.target(target)?;
        let transaction = desk.transaction(&reference)?;
        Ok(json!({
            "reference": reference,
            "order_id": transaction.inquiry.merchant_order_id,
            "status": transaction.status.name(),
        }))
    }
}

impl Desk {
    fn target(&self, target: &Target) -> Result<String, ActError> {
        let transaction = match target {
            Target::Reference(reference) => self.transactions.get(reference),
            Target::Order(order_id) => self.of_order(order_id),
        };
        transaction.map(|it| it.reference.clone()).ok_or(ActError::Unknown)
    }

    fn transaction(&mut self, reference: &str) -> Result<&mut Transaction, ActError> {
        self.transactions.get_mut(reference).ok_or(ActError::Unknown)
    }

    pub(super) fn pay(&mut self, reference: &str, kind: PayKind) -> Result<Vec<String>, ActError> {
        let status = self.transaction(reference)?.status;
        match (kind, status) {
            (PayKind::Exact, Status::Pending)
            | (PayKind::Late, Status::Expired)
            | (PayKind::Second, Status::Paid) => {}
            (PayKind::Late, Status::Pending) => self.expire(reference),
            (PayKind::Over | PayKind::Under, _) => {
                return Err(ActError::Impossible("payers pay exactly what was asked for"));
            }
            _ => return Err(self.transaction(reference)?.conflict()),
        }
        let publisher_order_id = format!("P{}", self.ids.digits(20));
        let at = self.now.rfc3339();
        let transaction = self.transaction(reference)?;
        let is_late = transaction.status == Status::Expired;
        let amount = transaction.inquiry.payment_amount;
        transaction.payments.push(Payment { publisher_order_id, amount, is_late, at });
        transaction.status = Status::Paid;
        let due = (transaction.expires_at, reference.to_owned());
        self.due.remove(&due);
        Ok(self.record(reference).into_iter().collect())
    }
}

impl Transaction {
    fn conflict(&self) -> ActError {
        ActError::Conflict(format!("the transaction is {}", self.status.name()))
    }
}
