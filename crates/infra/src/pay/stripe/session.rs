//! Checkout sessions: what we ask for and what we are told.

use std::collections::BTreeMap;

use domain::{
    gateways::{Checkout, CheckoutRequest, GatewayError},
    ids::TopupId,
    money::Amount,
};
use serde::Deserialize;
use url::{Url, form_urlencoded::Serializer};
use uuid::Uuid;

use super::minor::{self, RUPIAH};

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
/// `expires_at` the page stays open for a day.
pub(super) fn creation_form(request: &CheckoutRequest, pages: &Pages) -> Option<String> {
    let topup = request.topup.to_string();
    let amount = minor::from_whole(request.amount, RUPIAH)?.to_string();
    let mut form = Serializer::new(String::new());
    form.append_pair("mode", "payment")
        .append_pair("client_reference_id", &topup)
        .append_pair("success_url", &pages.success)
        .append_pair("cancel_url", &pages.cancel)
        .append_pair("adaptive_pricing[enabled]", "false")
        .append_pair("line_items[0][quantity]", "1")
        .append_pair("line_items[0][price_data][currency]", RUPIAH)
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
    pub(super) payment_status: Option<String>,
    client_reference_id: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    livemode: bool,
}

impl Session {
    /// The page to pay on, if the session is the one that was asked for.
    pub(super) fn checked(
        self,
        request: &CheckoutRequest,
        livemode: bool,
    ) -> Result<Checkout, GatewayError> {
        if self.livemode != livemode {
            return Err(GatewayError::Refused("test and live mode are mixed"));
        }
        if self.amount() != Some(request.amount) || self.topup() != Some(request.topup) {
            return Err(GatewayError::Refused("it opened another payment than asked for"));
        }
        let usable = |url: &String| {
            Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        };
        let url = self.url.filter(usable);
        let url = url.ok_or(GatewayError::Refused("there is no page to pay on"))?;
        if !is_id(&self.id) {
            return Err(GatewayError::Refused("the payment has no usable id"));
        }
        Ok(Checkout { payment_id: self.id, url })
    }

    /// The whole rupiah it is about; nothing for other currencies and fractions.
    pub(super) fn amount(&self) -> Option<Amount> {
        let currency = self.currency.as_deref().filter(|it| *it == RUPIAH)?;
        minor::to_whole(self.amount_total?, currency)
    }

    /// Our reference.
    pub(super) fn topup(&self) -> Option<TopupId> {
        let echoed = self.metadata.as_ref().and_then(|it| it.get("topup_id"));
        [self.client_reference_id.as_ref(), echoed]
            .into_iter()
            .flatten()
            .find_map(|text| Uuid::try_parse(text).ok())
            .map(TopupId::new)
    }
}

/// Whether `text` can be stored as one of Stripe's ids.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
