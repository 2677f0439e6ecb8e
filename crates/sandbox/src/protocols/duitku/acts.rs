use serde::Deserialize;

use super::{
    desk::{Desk, Duitku},
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
    pub(crate) fn pay(&self, reference: &str, kind: PayKind) -> Result<Vec<String>, ActError> {
        self.desk().pay(reference, kind)
    }

    /// Changes what a transaction is for, without telling.
    pub(crate) fn alter(&self, reference: &str, amount: u64) -> Result<(), ActError> {
        self.desk().transaction(reference)?.inquiry.payment_amount = amount;
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
}

impl Desk {
    /// Lets something happen and returns the callbacks to send.
    pub(super) fn act(&mut self, reference: &str, act: Act) -> Result<Vec<String>, ActError> {
        let transaction = self.transaction(reference)?;
        if transaction.status != Status::Pending {
            return Err(transaction.conflict());
        }
        if act == Act::Expire {
            self.expire(reference);
            return Ok(Vec::new());
        }
        transaction.status = Status::Failed;
        let due = (transaction.expires_at, reference.to_owned());
        self.due.remove(&due);
        Ok(self.record(reference).into_iter().collect())
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
