//! Checkout sessions: what we ask for and what we are told.

use std::collections::BTreeMap;

use chrono::DateTime;
use domain::{
    gateways::{Checkout, CheckoutRequest, GatewayError, PaymentStatus},
    ids::TopupId,
    money::Money,
    time::Timestamp,
};
use serde::Deserialize;
use url::{Url, form_urlencoded::Serializer};

use super::{
    minor::{self, Rest},
    status,
};

/// What the payer sees as the thing bought.
const PRODUCT: &str = "Balance top-up";
/// Stripe's own ids are shorter; what is longer is not one.
const LONGEST_ID: usize = 255;

/// Where customers are sent back to.
pub(super) struct Pages {
    pub(super) success: String,
    pub(super) cancel: String,
}

/// The body that opens a session for `request`, the same each time it is asked for. Without
/// `expires_at` the page stays open for a day, which is as long as Stripe remembers the call.
pub(super) fn creation_form(request: &CheckoutRequest, pages: &Pages) -> Option<String> {
    let topup = request.topup.to_string();
    let amount = minor::from_money(request.charge, Rest::Refused)?.to_string();
    let mut form = Serializer::new(String::new());
    form.append_pair("mode", "payment")
        .append_pair("client_reference_id", &topup)
        .append_pair("success_url", &pages.success)
        .append_pair("cancel_url", &pages.cancel)
        .append_pair("adaptive_pricing[enabled]", "false")
        .append_pair("line_items[0][quantity]", "1")
        .append_pair("line_items[0][price_data][currency]", minor::code(request.charge.currency))
        .append_pair("line_items[0][price_data][unit_amount]", &amount)
        .append_pair("line_items[0][price_data][product_data][name]", PRODUCT)
        .append_pair("metadata[topup_id]", &topup)
        // Refunds and disputes tell of the payment, never of the session.
        .append_pair("payment_intent_data[metadata][topup_id]", &topup);
    Some(form.finish())
}

/// A session as Stripe shows it, as far as we read it.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    url: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    status: Option<String>,
    payment_status: Option<String>,
    payment_intent: Option<Expandable>,
    client_reference_id: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    expires_at: Option<i64>,
    livemode: bool,
}

/// An object, or only its id where it was not asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Expandable {
    Id(String),
    Object(Intent),
}

/// The payment behind a session.
#[derive(Debug, Deserialize)]
struct Intent {
    id: String,
    status: String,
    amount_received: i64,
    currency: String,
}

impl Session {
    /// The same session, unless it is of the other mode.
    pub(super) fn of_mode(self, livemode: bool) -> Result<Self, GatewayError> {
        if self.livemode == livemode {
            Ok(self)
        } else {
            Err(GatewayError::Refused("test and live mode are mixed"))
        }
    }

    /// The page to pay on, if the session is the one that was asked for.
    pub(super) fn checked(self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        if self.charge() != Some(request.charge) || self.topup() != Some(request.topup) {
            return Err(GatewayError::Refused("it opened another payment than asked for"));
        }
        let usable = |url: &String| {
            Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        let expires_at = self.expires_at();
        let url = self.url.filter(usable);
        let url = url.ok_or(GatewayError::Refused("there is no page to pay on"))?;
        if !is_id(&self.id) {
            return Err(GatewayError::Refused("the payment has no usable id"));
        }
        Ok(Checkout { payment_id: self.id, url, expires_at })
    }

    /// What it was opened for; nothing for other currencies and fractions.
    pub(super) fn charge(&self) -> Option<Money> {
        minor::to_money(self.amount_total?, self.currency.as_deref()?, Rest::Refused)
    }

    /// How the payment stands; nothing for states that are not documented.
    pub(super) fn payment(&self) -> Option<PaymentStatus> {
        let intent = match &self.payment_intent {
            Some(Expandable::Object(intent)) => Some(intent.status.as_str()),
            _ => None,
        };
        status::judge(self.status.as_deref(), self.payment_status.as_deref()?, intent)
    }

    /// What arrived, once the payment is settled. The intent says it best: a session that needed no
    /// payment is settled too.
    pub(super) fn received(&self) -> Option<Money> {
        match &self.payment_intent {
            Some(Expandable::Object(intent)) => {
                minor::to_money(intent.amount_received, &intent.currency, Rest::Dropped)
            }
            Some(Expandable::Id(_)) if self.payment_status.as_deref() == Some("paid") => {
                self.charge()
            }
            _ => None,
        }
    }

    /// The id by which refunds and disputes know the payment.
    pub(super) fn intent(&self) -> Option<&str> {
        let id = match self.payment_intent.as_ref()? {
            Expandable::Id(id) => id,
            Expandable::Object(intent) => &intent.id,
        };
        is_id(id).then_some(id)
    }

    /// Our reference.
    pub(super) fn topup(&self) -> Option<TopupId> {
        let echoed = self.metadata.as_ref().and_then(|it| it.get("topup_id"));
        [self.client_reference_id.as_ref(), echoed]
            .into_iter()
            .flatten()
            .find_map(|text| TopupId::parse(text))
    }

    fn expires_at(&self) -> Option<Timestamp> {
        DateTime::from_timestamp(self.expires_at?, 0)
    }
}

/// Whether `text` can be one of Stripe's ids. They become part of addresses.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
