use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    desk::Desk,
    error::ApiError,
    exact::Exact,
    input,
    invoice::{Additional, Invoice},
    method::Method,
};
use crate::protocols::gateway::ActError;

/// Money put aside for the payer, who claims it with the link.
pub(super) struct PullPayment {
    pub(super) id: String,
    pub(super) invoice_id: String,
    pub(super) amount: Exact,
    pub(super) currency: String,
    /// What became of the payer's claim; nothing before there is one.
    payout: Option<PayoutState>,
    is_archived: bool,
    name: String,
    description: String,
    created: i64,
    view_link: String,
}

/// How far the payer's claim has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum PayoutState {
    AwaitingApproval,
    AwaitingPayment,
    InProgress,
    #[default]
    Completed,
    Cancelled,
}

/// How much goes back.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
enum Variant {
    /// The coins that came.
    RateThen,
    /// What came, in coins of today.
    CurrentRate,
    /// What came, in the invoice's currency.
    Fiat,
    /// What came beyond the amount.
    OverpaidAmount,
    /// As much as is asked for, even more than came: the server leaves that to the shop.
    Custom,
}

/// A refund as the shop asks for it. Nothing makes a repeat harmless: each makes another link.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ask {
    name: Option<String>,
    description: Option<String>,
    payout_method_id: Option<Method>,
    refund_variant: Variant,
    subtract_percentage: Option<Exact>,
    custom_amount: Option<Exact>,
    custom_currency: Option<String>,
}

impl Desk {
    /// Puts money aside for the payer of an invoice.
    pub(super) fn refund(
        &mut self,
        invoice_id: &str,
        body: &[u8],
        host: &str,
    ) -> Result<Value, ApiError> {
        let ask: Ask = input::parse(body)?;
        let invoice = self.invoices.get(invoice_id).ok_or(ApiError::NO_INVOICE)?;
        if !invoice.paid().is_positive() {
            return Err(ApiError::Code(
                axum::http::StatusCode::BAD_REQUEST,
                "non-refundable",
                "Cannot refund this invoice",
            ));
        }
        let today = self.settings.rates.get(&invoice.currency).copied();
        let (amount, currency) = ask.sum(invoice, today.unwrap_or(invoice.rate))?;
        let id = self.ids.digits(22);
        let pull = PullPayment {
            invoice_id: invoice_id.to_owned(),
            amount,
            currency,
            payout: None,
            is_archived: false,
            name: ask.name.unwrap_or_else(|| format!("Refund {invoice_id}")),
            description: ask.description.unwrap_or_default(),
            created: self.now.unix_seconds(),
            view_link: format!("http://{host}/pull-payments/{id}"),
            id: id.clone(),
        };
        let object = pull.object();
        self.pull_payments.insert(&id, pull);
        let event = self.record("InvoiceRefund", invoice_id, json!({ "pullPaymentId": id }));
        self.outgoing.extend(event);
        Ok(object)
    }

    /// The payer claims the money, or the claim moves on.
    pub(super) fn claim(&mut self, id: &str, state: PayoutState) -> Result<(), ActError> {
        let pull = self.pull_payments.get_mut(id).ok_or(ActError::Unknown)?;
        if pull.is_archived {
            return Err(ActError::Conflict("archived".to_owned()));
        }
        if pull.is_paid_out() {
            return Err(ActError::Conflict("paid out".to_owned()));
        }
        pull.payout = Some(state);
        Ok(())
    }

    /// The operator withdraws the offer.
    pub(super) fn archive(&mut self, id: &str) -> Result<(), ActError> {
        let pull = self.pull_payments.get_mut(id).ok_or(ActError::Unknown)?;
        if pull.is_paid_out() {
            return Err(ActError::Conflict("paid out".to_owned()));
        }
        pull.is_archived = true;
        pull.payout = pull.payout.and(Some(PayoutState::Cancelled));
        Ok(())
    }
}

impl Ask {
    fn sum(&self, invoice: &Invoice, today: Exact) -> Result<(Exact, String), ApiError> {
        let places = self.payout_method_id.unwrap_or_default().places();
        let coins = |sum: Exact, rate: Exact| (sum.over(rate, places), "BTC".to_owned());
        let (amount, currency) = match self.refund_variant {
            Variant::RateThen => coins(invoice.paid(), invoice.rate),
            Variant::CurrentRate => coins(invoice.paid(), today),
            Variant::Fiat => (invoice.paid().to_places(2), invoice.currency.clone()),
            Variant::OverpaidAmount if invoice.additional != Additional::PaidOver => {
                return Err(ApiError::invalid("refundVariant", "Invoice is not overpaid"));
            }
            Variant::OverpaidAmount => {
                let asked = invoice.amount.unwrap_or(Exact::ZERO);
                coins(invoice.paid().minus(asked), invoice.rate)
            }
            Variant::Custom => {
                let amount = self.custom_amount.filter(|amount| amount.is_positive());
                let amount = amount.ok_or_else(|| {
                    ApiError::invalid("customAmount", "Amount must be greater than 0")
                })?;
                let currency = self.custom_currency.clone();
                let currency = currency
                    .ok_or_else(|| ApiError::invalid("customCurrency", "Currency is required"))?;
                (amount, currency)
            }
        };
        let kept = Exact::new(100, 0).minus(self.subtract_percentage.unwrap_or(Exact::ZERO));
        let share = amount.times(kept).over(Exact::new(100, 0), places);
        let is_whole = self.subtract_percentage.is_none();
        Ok((if is_whole { amount } else { share }, currency))
    }
}

impl PullPayment {
    pub(super) fn is_paid_out(&self) -> bool {
        self.payout == Some(PayoutState::Completed)
    }

    /// Whether the payer can still have it.
    pub(super) const fn is_open(&self) -> bool {
        !self.is_archived
    }

    /// The pull payment as the API shows it.
    pub(super) fn object(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "currency": self.currency,
            "amount": self.amount,
            "BOLT11Expiration": "30",
            "autoApproveClaims": true,
            "startsAt": self.created,
            "expiresAt": null,
            "archived": self.is_archived,
            "viewLink": self.view_link,
        })
    }

    /// What was claimed of it.
    pub(super) fn payouts(&self) -> Value {
        let payout = self.payout.map(|state| {
            json!({
                "id": format!("payout-{}", self.id),
                "pullPaymentId": self.id,
                "originalAmount": self.amount,
                "originalCurrency": self.currency,
                "state": state,
            })
        });
        Value::from_iter(payout)
    }
}
