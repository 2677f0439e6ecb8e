//! Money given back: a pull payment, from which the payer takes the coins.

use domain::{
    gateways::{RefundRequest, RefundState},
    ids::RefundId,
    money::{Currency, Money},
};
use serde::{Deserialize, Serialize};

use super::invoice::Method;
use crate::pay::minor::Decimal;

/// How the name of any refund begins, ours and those made on the server's own pages.
const NAME: &str = "Refund ";
/// What the payer reads; names which invoice our refunds are of.
const DESCRIPTION: &str = "Refund of invoice ";

/// A refund to be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order<'a> {
    name: String,
    description: String,
    payout_method_id: &'a str,
    /// As much as is said, in the currency that is said.
    refund_variant: &'static str,
    custom_amount: String,
    custom_currency: &'static str,
}

impl<'a> Order<'a> {
    pub(super) fn new(request: &RefundRequest, method: &'a str) -> Self {
        Self {
            name: format!("{NAME}{}", request.refund),
            description: format!("{DESCRIPTION}{}", request.payment_id),
            payout_method_id: method,
            refund_variant: "Custom",
            custom_amount: plain(request.amount),
            custom_currency: request.amount.currency.code(),
        }
    }
}

/// To the last ledger unit: the server splits dollars as far as it is told to.
fn plain(money: Money) -> String {
    let units = money.amount.get();
    match money.currency {
        Currency::Idr | Currency::Xts => units.to_string(),
        Currency::Usd => format!("{}.{:06}", units / 1_000_000, units % 1_000_000),
    }
}

/// Money put aside, as the server shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullPayment {
    pub(super) id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    currency: String,
    amount: Decimal,
    #[serde(default)]
    archived: bool,
    pub(super) view_link: Option<String>,
}

/// A part of it that the payer asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payout {
    state: String,
    original_amount: Option<Decimal>,
}

impl PullPayment {
    /// Our reference when it was ours.
    pub(super) fn reference(&self) -> Option<RefundId> {
        RefundId::parse(self.name.as_deref()?.strip_prefix(NAME)?)
    }

    /// Whether it gives back money of this invoice.
    pub(super) fn is_of(&self, invoice: &str) -> bool {
        let named = |text: Option<&str>, start: &str| {
            text.and_then(|it| it.strip_prefix(start)) == Some(invoice)
        };
        named(self.description.as_deref(), DESCRIPTION) || named(self.name.as_deref(), NAME)
    }

    /// How much it is when it is in `currency`.
    pub(super) fn sum(&self, currency: Currency) -> Option<Money> {
        if self.currency == currency.code() { self.amount.at_most(currency) } else { None }
    }

    /// How much of `received` it gives back. Coins count for the share of all coins that they are.
    pub(super) fn value(&self, methods: &[Method], received: Money) -> Option<Money> {
        let value = self.sum(received.currency).or_else(|| {
            let coin = |it: &&Method| it.currency.as_ref() == Some(&self.currency);
            self.amount.share(methods.iter().find(coin)?.total_paid?, received)
        })?;
        Some(Money { amount: value.amount.min(received.amount), ..value })
    }

    /// How it stands. What was put away with nothing taken from it is ours again.
    pub(super) fn state(&self, payouts: &[Payout]) -> RefundState {
        let is_moving = payouts.iter().any(Payout::is_moving);
        let taken = payouts.iter().filter(|it| it.is_done());
        let sum = taken.clone().try_fold(Decimal::ZERO, |sum, it| sum.plus(it.original_amount?));
        if sum.is_some_and(|sum| sum.covers(self.amount)) {
            RefundState::Done
        } else if is_moving || !self.archived {
            RefundState::Pending
        } else if taken.count() > 0 {
            RefundState::Done
        } else {
            RefundState::Failed
        }
    }
}

impl Payout {
    fn is_done(&self) -> bool {
        self.state == "Completed"
    }

    fn is_moving(&self) -> bool {
        !matches!(self.state.as_str(), "Completed" | "Cancelled")
    }
}

#[cfg(test)]
mod tests;
