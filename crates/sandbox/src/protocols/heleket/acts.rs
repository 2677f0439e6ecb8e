use serde::Deserialize;

use super::{
    desk::{Desk, Heleket, RefundOutcome},
    input::Create,
    invoice::{Deposit, Invoice, Issued, Status},
};
use crate::{
    decimal::Decimal,
    protocols::gateway::{ActError, Callback, PayKind},
};

/// How far over and under the due amount a payer goes who does not say.
const PART_PERCENT: u32 = 10;

/// A payer's deposit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pay {
    pub(crate) kind: PayKind,
    /// Instead of what the kind stands for, in the currency of the invoice.
    pub(crate) amount: Option<Decimal>,
    /// Seen, but not confirmed yet.
    pub(crate) is_unconfirmed: bool,
}

/// Something that happens to an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    /// The chain confirms what was seen.
    Confirm,
    /// The chain drops what was seen.
    Revert,
    /// The time to pay runs out.
    Expire,
    Process,
    Fail,
    SystemFail,
    /// Held for a review of where the money comes from.
    Lock,
    Unlock,
    /// A refund begins without a call, as an operator can do.
    Refund,
    RefundPaid,
    RefundFail,
}

impl Heleket {
    /// Deposits money and returns the callbacks to send.
    pub(crate) fn pay(&self, uuid: &str, pay: &Pay) -> Result<Vec<String>, ActError> {
        self.desk().pay(uuid, pay)
    }

    /// Changes what an invoice is for, without telling.
    pub(crate) fn alter(
        &self,
        uuid: &str,
        amount: Option<Decimal>,
        currency: Option<String>,
    ) -> Result<(), ActError> {
        let mut desk = self.desk();
        let invoice = desk.invoice(uuid)?;
        invoice.order.amount = amount.unwrap_or(invoice.order.amount);
        if let Some(currency) = currency {
            invoice.order.currency = currency;
        }
        Ok(())
    }

    /// A genuine callback about the paid invoice of an order that is in no book.
    pub(crate) fn invent(&self, url: String, order_id: String, amount: Decimal) -> String {
        let mut desk = self.desk();
        let order = Create {
            amount,
            currency: "USD".to_owned(),
            order_id: order_id.clone(),
            url_success: None,
            url_callback: None,
            additional_data: None,
            lifetime_seconds: 0,
            is_payment_multiple: true,
            accuracy_payment_percent: 0,
        };
        let uuid = desk.ids.uuid();
        let issued = Issued { uuid, address: String::new(), url: String::new(), now: desk.now };
        let mut invoice = Invoice::new(order, issued);
        invoice.deposits.push(desk.deposit(amount, false));
        invoice.confirm();
        invoice.settle();
        let facts = invoice.facts(&desk.rates());
        let status = invoice.status.name();
        self.mailbox.record(Callback { order_id, status, url: Some(url), facts })
    }
}

impl Desk {
    fn invoice(&mut self, uuid: &str) -> Result<&mut Invoice, ActError> {
        self.invoices.get_mut(uuid).ok_or(ActError::Unknown)
    }

    pub(super) fn pay(&mut self, uuid: &str, pay: &Pay) -> Result<Vec<String>, ActError> {
        let mut recorded = Vec::new();
        let invoice = self.invoice(uuid)?;
        let amount = pay.amount.map_or_else(|| invoice.amount_of(pay.kind), Ok)?;
        if pay.kind == PayKind::Late && !invoice.is_expired {
            recorded.extend(self.expire(uuid));
        }
        let invoice = self.invoice(uuid)?;
        let is_late = invoice.is_expired;
        let was_final = invoice.status.is_final();
        let deposit = self.deposit(amount, is_late);
        let invoice = self.invoice(uuid)?;
        invoice.deposits.push(deposit);
        if !was_final && !invoice.status.is_held() {
            invoice.status = Status::ConfirmCheck;
            recorded.extend(self.record(uuid));
        }
        if !pay.is_unconfirmed {
            recorded.extend(self.act(uuid, Act::Confirm)?);
        }
        Ok(recorded)
    }

    fn deposit(&mut self, amount: Decimal, is_late: bool) -> Deposit {
        let at = self.now.rfc3339();
        Deposit { txid: self.ids.digits(64), amount, is_confirmed: false, is_late, at }
    }

    /// Lets something happen and returns the callbacks to send.
    pub(super) fn act(&mut self, uuid: &str, act: Act) -> Result<Vec<String>, ActError> {
        let invoice = self.invoice(uuid)?;
        let status = invoice.status;
        let is_moot = act.needs_unconfirmed() && invoice.received() == invoice.seen();
        if is_moot || !act.fits(status) {
            return Err(ActError::Conflict(format!("the invoice is {}", status.name())));
        }
        match act {
            Act::Confirm => {
                invoice.confirm();
                invoice.settle();
            }
            Act::Revert => {
                invoice.deposits.retain(|deposit| deposit.is_confirmed);
                invoice.settle();
            }
            Act::Expire => return Ok(self.expire(uuid).into_iter().collect()),
            Act::Process => invoice.status = Status::Process,
            Act::Fail => invoice.status = Status::Fail,
            Act::SystemFail => invoice.status = Status::SystemFail,
            Act::Lock => invoice.status = Status::Locked,
            Act::Unlock => {
                invoice.status = Status::Process;
                invoice.settle();
            }
            Act::Refund => invoice.status = Status::RefundProcess,
            Act::RefundPaid => {
                invoice.refunded = invoice.received();
                invoice.status = Status::RefundPaid;
            }
            Act::RefundFail => invoice.status = Status::RefundFail,
        }
        if invoice.status.is_final() {
            let due = (invoice.expires_at, uuid.to_owned());
            self.due.remove(&due);
        }
        Ok(self.record(uuid).into_iter().collect())
    }

    /// Ends the time to pay. What that means depends on what has been paid.
    pub(super) fn expire(&mut self, uuid: &str) -> Option<String> {
        let invoice = self.invoices.get_mut(uuid)?;
        let before = invoice.status;
        invoice.is_expired = true;
        let due = (invoice.expires_at, uuid.to_owned());
        if !before.is_final() {
            invoice.settle();
        }
        let has_changed = invoice.status != before;
        self.due.remove(&due);
        if has_changed { self.record(uuid) } else { None }
    }

    /// Begins a refund a shop asked for and lets it end as the settings say.
    pub(super) fn refund(&mut self, uuid: &str, address: String) -> Result<(), ActError> {
        let mut recorded = self.act(uuid, Act::Refund)?;
        self.invoice(uuid)?.refund_address = Some(address);
        match self.settings.refunds {
            RefundOutcome::Paid => recorded.extend(self.act(uuid, Act::RefundPaid)?),
            RefundOutcome::Failed => recorded.extend(self.act(uuid, Act::RefundFail)?),
            RefundOutcome::Held => {}
        }
        self.outgoing.extend(recorded);
        Ok(())
    }
}

impl Act {
    const fn needs_unconfirmed(self) -> bool {
        matches!(self, Self::Confirm | Self::Revert)
    }

    /// Whether it can happen to an invoice in this state.
    fn fits(self, status: Status) -> bool {
        match self {
            Self::Confirm | Self::Revert => true,
            Self::Lock => !status.is_held() && status != Status::Cancel,
            Self::Unlock => status == Status::Locked,
            Self::Refund => status.is_refundable(),
            Self::RefundPaid | Self::RefundFail => status == Status::RefundProcess,
            Self::Expire | Self::Process | Self::Fail | Self::SystemFail => {
                !status.is_final() && status != Status::Locked
            }
        }
    }
}

impl Invoice {
    fn confirm(&mut self) {
        for deposit in &mut self.deposits {
            deposit.is_confirmed = true;
        }
    }

    /// What a payer sends who does not name an amount.
    fn amount_of(&self, kind: PayKind) -> Result<Decimal, ActError> {
        let missing = self.order.amount.minus(self.seen());
        let part = self.order.amount.times(Decimal::cents(PART_PERCENT));
        let is_paid = matches!(self.status, Status::Paid | Status::PaidOver);
        let amount = match kind {
            PayKind::Second if is_paid => self.order.amount,
            PayKind::Exact | PayKind::Over | PayKind::Under if self.status.is_final() => {
                Decimal::ZERO
            }
            PayKind::Second => Decimal::ZERO,
            PayKind::Exact | PayKind::Late => missing,
            PayKind::Over => missing.plus(part),
            PayKind::Under => missing.minus(part),
        };
        if amount > Decimal::ZERO {
            return Ok(amount);
        }
        Err(ActError::Conflict(format!("the invoice is {}", self.status.name())))
    }
}
