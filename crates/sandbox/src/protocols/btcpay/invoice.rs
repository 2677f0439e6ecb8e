use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    exact::Exact,
    input::Checkout,
    method::{Method, Payment, PaymentStatus},
};

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    New,
    Processing,
    Expired,
    Invalid,
    Settled,
}

/// What is unusual about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Additional {
    None,
    PaidLate,
    PaidPartial,
    Marked,
    PaidOver,
}

/// What an invoice went through, which the webhook tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Processing { over_paid: bool },
    Settled { manually: bool, over_paid: bool },
    Expired { partially: bool },
    ExpiredPaidPartial,
    PaidAfterExpiration,
    Invalid { manually: bool },
}

/// Something to pay, in a currency, by any of several methods.
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) store_id: String,
    /// Absent when any payment will do.
    pub(super) amount: Option<Exact>,
    pub(super) currency: String,
    /// One coin in the invoice's currency, fixed when the invoice was made.
    pub(super) rate: Exact,
    pub(super) metadata: Map<String, Value>,
    pub(super) checkout: Checkout,
    pub(super) created: i64,
    pub(super) expires_at: i64,
    pub(super) monitored_until: i64,
    pub(super) status: Status,
    pub(super) additional: Additional,
    pub(super) payments: Vec<Payment>,
    pub(super) checkout_link: String,
}

impl Invoice {
    pub(super) fn order_id(&self) -> Option<&str> {
        self.metadata.get("orderId").and_then(Value::as_str)
    }

    /// What has come, confirmed or not, with all the places that the rate brings.
    pub(super) fn paid(&self) -> Exact {
        self.sum(|payment| payment.status != PaymentStatus::Invalid)
    }

    /// What has come and is confirmed.
    pub(super) fn settled(&self) -> Exact {
        self.sum(|payment| payment.status == PaymentStatus::Settled)
    }

    fn sum(&self, counts: impl Fn(&Payment) -> bool) -> Exact {
        let counted = self.payments.iter().filter(|payment| counts(payment));
        counted.fold(Exact::ZERO, |sum, payment| sum.plus(payment.value.times(self.rate)))
    }

    /// What is still missing, in coins of `method`.
    pub(super) fn due(&self, method: Method) -> Exact {
        let missing = self.amount.unwrap_or(Exact::ZERO).minus(self.paid()).or_zero();
        missing.over_up(self.rate, method.places())
    }

    fn is_enough(&self, sum: Exact) -> bool {
        let Some(amount) = self.amount else { return sum.is_positive() };
        let whole = Exact::new(100, 0);
        sum.times(whole) >= amount.times(whole.minus(self.checkout.payment_tolerance))
    }

    /// Whether more came than was asked for. A coin cannot be split to the last digit of every
    /// amount, so what rounding up brings is dust and no excess.
    pub(super) fn is_over_paid(&self) -> bool {
        let Some(amount) = self.amount else { return false };
        let excess = self.paid().minus(amount);
        let exact = |method: &Method| {
            let coins = amount.over_up(self.rate, method.places());
            coins.times(self.rate) == self.paid()
        };
        excess.is_positive() && !Method::ALL.iter().any(exact)
    }

    /// Goes where the payments and the time lead, and tells of each step.
    pub(super) fn follow(&mut self, now: i64) -> Vec<Change> {
        let mut changes = Vec::new();
        let has_payment = self.paid().is_positive();
        let is_paid = self.is_enough(self.paid());
        if self.status == Status::New && is_paid {
            self.status = Status::Processing;
            self.additional = Additional::None;
            changes.push(Change::Processing { over_paid: self.is_over_paid() });
        }
        if self.status == Status::Processing && !is_paid {
            self.status = Status::New;
            self.additional = Additional::None;
        }
        if self.status == Status::New {
            let partial = if has_payment { Additional::PaidPartial } else { Additional::None };
            self.additional = partial;
            if self.expires_at <= now {
                self.status = Status::Expired;
                changes.push(Change::Expired { partially: has_payment });
                if has_payment {
                    changes.push(Change::ExpiredPaidPartial);
                }
            }
        } else if self.status == Status::Expired {
            self.follow_late(is_paid, has_payment, &mut changes);
        }
        if self.status == Status::Processing {
            let over_paid = self.is_over_paid();
            self.additional = if over_paid { Additional::PaidOver } else { Additional::None };
            if self.is_enough(self.settled()) {
                self.status = Status::Settled;
                changes.push(Change::Settled { manually: false, over_paid });
            } else if self.monitored_until <= now {
                self.status = Status::Invalid;
                changes.push(Change::Invalid { manually: false });
            }
        }
        changes
    }

    /// Money after the end never settles an invoice; a person has to.
    fn follow_late(&mut self, is_paid: bool, has_payment: bool, changes: &mut Vec<Change>) {
        if self.additional == Additional::Marked {
            return;
        }
        let late = match (is_paid, has_payment) {
            (true, _) => Additional::PaidLate,
            (false, true) => Additional::PaidPartial,
            (false, false) => Additional::None,
        };
        if late == Additional::PaidLate && self.additional != Additional::PaidLate {
            changes.push(Change::PaidAfterExpiration);
        }
        self.additional = late;
    }

    /// The states that a person may put it in now.
    pub(super) fn markable(&self) -> Vec<Status> {
        let all = [Status::Settled, Status::Invalid];
        all.into_iter().filter(|status| *status != self.status).collect()
    }

    /// A person decides; nothing when the state cannot be had now.
    pub(super) fn mark(&mut self, status: Status) -> Option<Change> {
        if !self.markable().contains(&status) {
            return None;
        }
        self.status = status;
        self.additional = Additional::Marked;
        Some(match status {
            Status::Settled => Change::Settled { manually: true, over_paid: self.is_over_paid() },
            _ => Change::Invalid { manually: true },
        })
    }

    /// The invoice as the API shows it.
    pub(super) fn object(&self) -> Value {
        json!({
            "id": self.id,
            "storeId": self.store_id,
            "amount": self.amount.unwrap_or_else(|| self.paid()),
            "paidAmount": self.paid(),
            "currency": self.currency,
            "type": if self.amount.is_some() { "Standard" } else { "TopUp" },
            "checkoutLink": self.checkout_link,
            "createdTime": self.created,
            "expirationTime": self.expires_at,
            "monitoringExpiration": self.monitored_until,
            "status": self.status,
            "additionalStatus": self.additional,
            "availableStatusesForManualMarking": self.markable(),
            "archived": false,
            "metadata": self.metadata,
            "checkout": self.checkout,
        })
    }
}
