//! Invoices: what we ask for and what we are told.

use chrono::DateTime;
use domain::{
    gateways::{Checkout, CheckoutRequest, GatewayError, PaymentStatus},
    ids::TopupId,
    ledger::Gateway,
    money::{Amount, Currency, Money},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

use super::status::{self, Arrived, Coins};
use crate::pay::{
    minor::{self, Decimal},
    text::is_address,
};

/// What the payer sees as the thing bought.
const PRODUCT: &str = "Balance top-up";
/// The server's own ids are 22 characters; what is much longer is not one.
const LONGEST_ID: usize = 100;
/// How long the chain is watched for coins that come after the page has closed.
const MONITORING_MINUTES: u64 = 24 * 60;
/// A coin cannot be split to the last digit of every sum, so that payers send up to a unit of it
/// more. An excess below one part in so many is that, and not meant.
const DUST: i64 = 1_000;

/// How an invoice is shown to payers.
pub(super) struct Page {
    pub(super) redirect_url: String,
    /// All that the store has when empty.
    pub(super) methods: Vec<String>,
    pub(super) minutes: u64,
}

/// An invoice to be opened.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    amount: String,
    currency: &'static str,
    metadata: Metadata,
    checkout: CheckoutOptions<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    order_id: String,
    item_desc: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckoutOptions<'a> {
    /// One confirmation.
    speed_policy: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    payment_methods: &'a [String],
    expiration_minutes: u64,
    monitoring_minutes: u64,
    payment_tolerance: u8,
    #[serde(rename = "redirectURL")]
    redirect_url: &'a str,
    redirect_automatically: bool,
}

/// The body that opens an invoice for `request`.
pub(super) fn document<'a>(request: &CheckoutRequest, page: &'a Page) -> Option<Document<'a>> {
    Some(Document {
        amount: minor::write(request.charge, Gateway::Btcpay)?,
        currency: request.charge.currency.code(),
        metadata: Metadata { order_id: request.topup.to_string(), item_desc: PRODUCT },
        checkout: CheckoutOptions {
            speed_policy: "MediumSpeed",
            payment_methods: &page.methods,
            expiration_minutes: page.minutes,
            monitoring_minutes: MONITORING_MINUTES,
            payment_tolerance: 0,
            redirect_url: &page.redirect_url,
            redirect_automatically: true,
        },
    })
}

/// An invoice as the server shows it, as far as we read it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) store_id: String,
    amount: Decimal,
    /// Everything that came, sure or not, in the invoice's currency at the rates of its opening.
    #[serde(deserialize_with = "sum")]
    paid_amount: Decimal,
    currency: String,
    status: String,
    #[serde(default)]
    additional_status: String,
    #[serde(default)]
    metadata: Value,
    checkout_link: Option<String>,
    created_time: i64,
    expiration_time: Option<i64>,
}

/// A way to pay an invoice.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Method {
    pub(super) currency: Option<String>,
    /// Everything that came by whatever way, in coins of this one.
    pub(super) total_paid: Option<Decimal>,
    #[serde(default)]
    payments: Vec<Payment>,
}

/// Coins that came.
#[derive(Debug, Deserialize)]
struct Payment {
    status: String,
}

impl Invoice {
    /// The page to pay on, if the invoice is the one that was asked for.
    pub(super) fn checked(self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        if self.charge() != Some(request.charge) || self.topup() != Some(request.topup) {
            return Err(GatewayError::Refused("it opened another payment than asked for"));
        }
        let expires_at = self.expires_at();
        let url = self.checkout_link.filter(|link| is_address(link));
        let url = url.ok_or(GatewayError::Refused("there is no page to pay on"))?;
        Ok(Checkout { payment_id: self.id, url, expires_at })
    }

    /// Our reference.
    pub(super) fn topup(&self) -> Option<TopupId> {
        TopupId::parse(self.metadata.get("orderId")?.as_str()?)
    }

    /// What it was opened for.
    pub(super) fn charge(&self) -> Option<Money> {
        self.amount.exactly(Currency::parse(&self.currency)?)
    }

    pub(super) const fn has_coins(&self) -> bool {
        !self.paid_amount.is_zero()
    }

    /// Least is the one to look at, of several with the same reference.
    pub(super) fn rank(&self) -> (bool, i64, String) {
        (!self.has_coins(), self.created_time, self.id.clone())
    }

    /// How it stands and what has arrived for good; nothing for states that are not documented.
    pub(super) fn standing(&self, methods: &[Method]) -> Option<(PaymentStatus, Option<Money>)> {
        let coins = if self.has_coins() { coins(methods) } else { Coins::None };
        let (status, arrived) = status::judge(&self.status, &self.additional_status, coins)?;
        let received = match arrived {
            Arrived::Nothing => None,
            Arrived::Asked => self
                .paid()
                .zip(self.charge())
                .map(|(paid, asked)| Money { amount: paid.amount.min(asked.amount), ..asked }),
            Arrived::Paid => self.paid(),
        };
        Some((status, received))
    }

    /// All that came, without the dust of a payment that was meant to be exact.
    fn paid(&self) -> Option<Money> {
        let paid = self.paid_amount.at_most(Currency::parse(&self.currency)?)?;
        let asked = self.charge().filter(|_| self.additional_status != "PaidOver");
        Some(asked.filter(|asked| is_dust(asked.amount, paid.amount)).unwrap_or(paid))
    }

    fn expires_at(&self) -> Option<Timestamp> {
        DateTime::from_timestamp(self.expiration_time?, 0)
    }
}

fn is_dust(asked: Amount, paid: Amount) -> bool {
    let excess = paid.get().saturating_sub(asked.get());
    excess > 0 && excess <= asked.get() / DUST
}

/// Final only when every payment that counts is.
fn coins(methods: &[Method]) -> Coins {
    let mut statuses = methods
        .iter()
        .flat_map(|method| &method.payments)
        .map(|payment| payment.status.as_str())
        .filter(|status| *status != "Invalid")
        .peekable();
    if statuses.peek().is_some() && statuses.all(|status| status == "Settled") {
        Coins::Final
    } else {
        Coins::Pending
    }
}

/// Fees can exceed what came; that is nothing then.
fn sum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    let shown = if text.starts_with('-') { "0" } else { &text };
    Decimal::parse(shown).ok_or_else(|| D::Error::custom("not a plain decimal"))
}

/// Whether `text` can be one of the server's ids. They become part of addresses.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests;
