//! Invoices: what we ask for and what we are told.

use chrono::DateTime;
use domain::{
    gateways::{Checkout, CheckoutRequest, GatewayError, PaymentReport, RefundReport, RefundState},
    ids::TopupId,
    ledger::Gateway,
    money::{Currency, Money},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::status::{self, Arrived, Standing};
use crate::pay::{
    minor::{self, Decimal},
    text::{is_address, is_id},
};

/// What invoices are written in, whatever coin they are paid with.
const CURRENCY: Currency = Currency::Usd;

/// Where customers and notifications are sent.
pub(super) struct Pages {
    pub(super) callback: String,
    pub(super) back: String,
    pub(super) success: String,
}

/// A body as the gateway would write it: compact, slashes escaped. It may sign what it read or
/// what it reads when it writes that anew; both are the same this way.
pub(super) fn encode(body: &impl Serialize) -> Option<String> {
    Some(serde_json::to_string(body).ok()?.replace('/', "\\/"))
}

#[derive(Serialize)]
struct Creation<'a> {
    amount: String,
    currency: &'a str,
    order_id: String,
    url_callback: &'a str,
    url_return: &'a str,
    url_success: &'a str,
    lifetime: u64,
    /// Who paid too little can pay the rest.
    is_payment_multiple: bool,
}

/// The body that opens an invoice for `request`. One for the same top-up is found again by its
/// `order_id`.
pub(super) fn creation(
    gateway: Gateway,
    request: &CheckoutRequest,
    pages: &Pages,
    lifetime: u64,
) -> Option<String> {
    encode(&Creation {
        amount: minor::write(request.charge, gateway)?,
        currency: CURRENCY.code(),
        order_id: request.topup.to_string(),
        url_callback: &pages.callback,
        url_return: &pages.back,
        url_success: &pages.success,
        lifetime,
        is_payment_multiple: true,
    })
}

/// An invoice as the gateway shows it, as far as we read it.
#[derive(Debug, Deserialize)]
pub(super) struct Invoice {
    uuid: String,
    order_id: Option<String>,
    amount: Decimal,
    currency: String,
    /// What has to be paid, in the coin the payer chose.
    #[serde(default, deserialize_with = "lenient")]
    payer_amount: Option<Decimal>,
    /// What was paid, in that coin.
    #[serde(default, deserialize_with = "lenient")]
    payment_amount: Option<Decimal>,
    /// What that is worth.
    #[serde(default, deserialize_with = "lenient")]
    payment_amount_usd: Option<Decimal>,
    status: Option<String>,
    payment_status: Option<String>,
    #[serde(default)]
    is_final: bool,
    url: Option<String>,
    expired_at: Option<i64>,
}

impl Invoice {
    /// The page to pay on, if the invoice is the one that was asked for.
    pub(super) fn checkout(self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        if self.charge() != Some(request.charge) || self.topup() != Some(request.topup) {
            return Err(GatewayError::Refused("it opened another payment than asked for"));
        }
        if !is_id(&self.uuid) {
            return Err(GatewayError::Refused("the payment has no usable id"));
        }
        let url = self.url.filter(|url| is_address(url));
        let url = url.ok_or(GatewayError::Refused("there is no page to pay on"))?;
        let expires_at = self.expired_at.and_then(|at| DateTime::from_timestamp(at, 0));
        Ok(Checkout { payment_id: self.uuid, url, expires_at })
    }

    /// What it means.
    pub(super) fn report(self) -> Result<PaymentReport, GatewayError> {
        if !is_id(&self.uuid) {
            return Err(GatewayError::Unavailable("the payment has no usable id"));
        }
        let word = self.status.as_deref().or(self.payment_status.as_deref()).unwrap_or_default();
        let Standing { status, arrived, is_refunded } = status::judge(word, self.is_final)
            .ok_or(GatewayError::Unavailable("the status of the payment is unknown"))?;
        let received = self.received(arrived)?;
        let refund = received.filter(|_| is_refunded).map(|amount| self.refund(amount));
        Ok(PaymentReport {
            topup: self.topup(),
            status,
            charge: self.charge(),
            received,
            refunds: refund.into_iter().collect(),
            disputes: Vec::new(),
            payment_id: self.uuid,
        })
    }

    fn topup(&self) -> Option<TopupId> {
        TopupId::parse(self.order_id.as_deref()?)
    }

    fn charge(&self) -> Option<Money> {
        let is_ours = self.currency == CURRENCY.code();
        self.amount.exactly(CURRENCY).filter(|_| is_ours)
    }

    fn received(&self, arrived: Arrived) -> Result<Option<Money>, GatewayError> {
        // What was charged is not what we asked for: no part of it can be told from it either.
        let Some(charge) = self.charge() else { return Ok(None) };
        let measured = || self.measured(charge);
        Ok(match arrived {
            Arrived::Nothing => None,
            Arrived::All => Some(charge),
            Arrived::More => Some(at_least(measured().unwrap_or_default(), charge)),
            // Rates move; what is called too little is never more than was asked for.
            Arrived::Less => measured()?.map(|it| at_most(it, charge)),
            Arrived::Unsaid => measured()?,
        })
    }

    /// What arrived, as the gateway values it. All that was asked for, in the payer's coin, is all
    /// of the charge, whatever the rates have done since.
    fn measured(&self, charge: Money) -> Result<Option<Money>, GatewayError> {
        let coins = self.payment_amount.zip(self.payer_amount);
        let value = match (coins, self.payment_amount_usd) {
            (Some((paid, due)), _) if paid == due && !due.is_zero() => Some(charge),
            (_, Some(value)) if value.is_zero() => return Ok(None),
            (_, Some(value)) => value.at_most(CURRENCY),
            (Some((paid, _)), None) if paid.is_zero() => return Ok(None),
            (Some((paid, due)), None) => paid.share(due, charge),
            (None, None) => None,
        };
        value.map(Some).ok_or(GatewayError::Unavailable("what arrived is not stated"))
    }

    /// The gateway knows of one refund of a payment, which is of all that arrived, and has no id
    /// for it.
    fn refund(&self, amount: Money) -> RefundReport {
        let id = format!("{}:refund", self.uuid);
        RefundReport { id, refund: None, amount, state: RefundState::Done }
    }
}

fn at_least(measured: Option<Money>, charge: Money) -> Money {
    measured.filter(|it| it.amount > charge.amount).unwrap_or(charge)
}

fn at_most(measured: Money, charge: Money) -> Money {
    if measured.amount > charge.amount { charge } else { measured }
}

/// Nothing for what is missing or unreadable, so that it matters only where it is needed.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests;
