use serde::Serialize;
use serde_json::{Value, json};

use super::input::Create;
use crate::{clock::Moment, decimal::Decimal, protocols::gateway::Members};

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Check,
    Process,
    ConfirmCheck,
    WrongAmountWaiting,
    Paid,
    PaidOver,
    WrongAmount,
    Fail,
    Cancel,
    SystemFail,
    RefundProcess,
    RefundFail,
    RefundPaid,
    Locked,
}

impl Status {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Process => "process",
            Self::ConfirmCheck => "confirm_check",
            Self::WrongAmountWaiting => "wrong_amount_waiting",
            Self::Paid => "paid",
            Self::PaidOver => "paid_over",
            Self::WrongAmount => "wrong_amount",
            Self::Fail => "fail",
            Self::Cancel => "cancel",
            Self::SystemFail => "system_fail",
            Self::RefundProcess => "refund_process",
            Self::RefundFail => "refund_fail",
            Self::RefundPaid => "refund_paid",
            Self::Locked => "locked",
        }
    }

    /// Unverified for `locked` and the refunds: here a held invoice may still become a paid one,
    /// and one that goes back does not.
    pub(super) const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Check
                | Self::Process
                | Self::ConfirmCheck
                | Self::WrongAmountWaiting
                | Self::Locked
        )
    }

    /// Whether its money can be given back.
    pub(super) const fn is_refundable(self) -> bool {
        matches!(self, Self::Paid | Self::PaidOver | Self::WrongAmount | Self::RefundFail)
    }

    /// Whether money that comes in leaves it as it is.
    pub(super) const fn is_held(self) -> bool {
        matches!(self, Self::Locked | Self::RefundProcess | Self::RefundFail | Self::RefundPaid)
    }
}

/// One deposit, valued in the currency of the invoice.
#[derive(Clone, Serialize)]
pub(super) struct Deposit {
    pub(super) txid: String,
    /// As text, because that is how a checker wants to read it.
    #[serde(serialize_with = "as_text")]
    pub(super) amount: Decimal,
    pub(super) is_confirmed: bool,
    /// Whether it came after the time to pay had run out.
    pub(super) is_late: bool,
    pub(super) at: String,
}

/// A request for money.
pub(super) struct Invoice {
    pub(super) uuid: String,
    pub(super) order: Create,
    pub(super) status: Status,
    pub(super) deposits: Vec<Deposit>,
    pub(super) refunded: Decimal,
    pub(super) refund_address: Option<String>,
    pub(super) expires_at: i64,
    pub(super) is_expired: bool,
    pub(super) address: String,
    pub(super) url: String,
    created: Moment,
    pub(super) updated: Moment,
}

/// What an invoice gets from the gateway when it is made.
pub(super) struct Issued {
    pub(super) uuid: String,
    pub(super) address: String,
    pub(super) url: String,
    pub(super) now: Moment,
}

impl Invoice {
    pub(super) fn new(order: Create, issued: Issued) -> Self {
        let Issued { uuid, address, url, now } = issued;
        Self {
            uuid,
            status: Status::Check,
            deposits: Vec::new(),
            refunded: Decimal::ZERO,
            refund_address: None,
            expires_at: now.plus_seconds(order.lifetime_seconds).unix_seconds(),
            is_expired: false,
            address,
            url,
            order,
            created: now,
            updated: now,
        }
    }

    /// What is confirmed.
    pub(super) fn received(&self) -> Decimal {
        self.sum(|deposit| deposit.is_confirmed)
    }

    /// Everything seen, confirmed or not.
    pub(super) fn seen(&self) -> Decimal {
        self.sum(|_| true)
    }

    fn sum(&self, counts: impl Fn(&Deposit) -> bool) -> Decimal {
        let deposits = self.deposits.iter().filter(|deposit| counts(deposit));
        deposits.fold(Decimal::ZERO, |sum, deposit| sum.plus(deposit.amount))
    }

    /// Turns to the state that the money and the time lead to.
    pub(super) fn settle(&mut self) {
        if self.status.is_held() {
            return;
        }
        let received = self.received();
        let may_miss = Decimal::cents(self.order.accuracy_payment_percent);
        let enough = self.order.amount.minus(self.order.amount.times(may_miss));
        self.status = if received > self.order.amount {
            Status::PaidOver
        } else if received >= enough {
            Status::Paid
        } else if received > Decimal::ZERO && !self.is_expired && self.order.is_payment_multiple {
            Status::WrongAmountWaiting
        } else if received > Decimal::ZERO {
            Status::WrongAmount
        } else if self.deposits.iter().any(|deposit| !deposit.is_confirmed) {
            Status::ConfirmCheck
        } else if self.is_expired {
            Status::Cancel
        } else {
            Status::Check
        };
    }

    /// The invoice as replies show it.
    ///
    /// Unverified: the vendor lists `payment_amount_usd` for callbacks only; here both have it.
    pub(super) fn result(&self, rates: &Rates) -> Members {
        let amounts = self.amounts(rates);
        vec![
            ("uuid", json!(self.uuid)),
            ("order_id", json!(self.order.order_id)),
            ("amount", text(self.order.amount)),
            ("payment_amount", amounts.paid),
            ("payment_amount_usd", amounts.paid_usd),
            ("payer_amount", amounts.due),
            ("payer_amount_exchange_rate", text(rates.payer)),
            ("discount_percent", json!(null)),
            ("discount", json!("0.00")),
            ("payer_currency", json!(PAYER_CURRENCY)),
            ("currency", json!(self.order.currency)),
            ("merchant_amount", amounts.earned),
            ("commission", amounts.commission),
            ("network", json!(NETWORK)),
            ("address", json!(self.address)),
            ("from", self.from()),
            ("txid", self.txid()),
            ("payment_status", json!(self.status.name())),
            ("url", json!(self.url)),
            ("expired_at", json!(self.expires_at)),
            ("status", json!(self.status.name())),
            ("is_final", json!(self.status.is_final())),
            ("additional_data", json!(self.order.additional_data)),
            ("created_at", json!(self.created.rfc3339())),
            ("updated_at", json!(self.updated.rfc3339())),
        ]
    }

    /// What a callback says about the present state.
    pub(super) fn facts(&self, rates: &Rates) -> Members {
        let amounts = self.amounts(rates);
        let mut facts = vec![
            ("type", json!("payment")),
            ("uuid", json!(self.uuid)),
            ("order_id", json!(self.order.order_id)),
            ("amount", text(self.order.amount)),
            ("payment_amount", amounts.paid),
            ("payment_amount_usd", amounts.paid_usd),
            ("merchant_amount", amounts.earned),
            ("commission", amounts.commission),
            ("is_final", json!(self.status.is_final())),
            ("status", json!(self.status.name())),
            ("from", self.from()),
            ("wallet_address_uuid", json!(null)),
            ("network", json!(NETWORK)),
            ("currency", json!(self.order.currency)),
            ("payer_currency", json!(PAYER_CURRENCY)),
            ("payer_amount", amounts.due),
            ("payer_amount_exchange_rate", text(rates.payer)),
            ("transfer_id", json!(null)),
            ("additional_data", json!(self.order.additional_data)),
        ];
        if let Some(deposit) = self.deposits.last() {
            facts.push(("txid", json!(deposit.txid)));
        }
        facts
    }

    fn amounts(&self, rates: &Rates) -> Amounts {
        let paid = self.received().times(rates.payer);
        let commission = paid.times(rates.commission);
        let when_paid = |amount: Decimal| {
            if paid == Decimal::ZERO { Value::Null } else { text(amount) }
        };
        Amounts {
            due: text(self.order.amount.times(rates.payer)),
            paid: when_paid(paid),
            paid_usd: when_paid(self.received().whole_cents()),
            commission: when_paid(commission),
            earned: when_paid(paid.minus(commission)),
        }
    }

    fn from(&self) -> Value {
        json!(self.deposits.last().map(|_| "TSandboxPayerWallet"))
    }

    fn txid(&self) -> Value {
        json!(self.deposits.last().map(|deposit| &deposit.txid))
    }
}

const PAYER_CURRENCY: &str = "USDT";
const NETWORK: &str = "tron";

/// What the gateway reckons with.
#[derive(Clone, Copy)]
pub(super) struct Rates {
    /// Coins per unit of the invoice's currency.
    pub(super) payer: Decimal,
    /// The gateway's part of what was paid.
    pub(super) commission: Decimal,
}

struct Amounts {
    due: Value,
    paid: Value,
    paid_usd: Value,
    commission: Value,
    earned: Value,
}

fn text(amount: Decimal) -> Value {
    json!(amount.to_string())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn as_text<S: serde::Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}
