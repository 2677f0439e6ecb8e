use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{error::StripeError, form::Form};

/// The parameters of a new session that are understood.
pub(super) const CREATE: &[&str] = &[
    "mode",
    "ui_mode",
    "client_reference_id",
    "success_url",
    "cancel_url",
    "expires_at",
    "customer_email",
    "locale",
    "submit_type",
    "payment_method_types[#]",
    "adaptive_pricing[enabled]",
    "line_items[#][quantity]",
    "line_items[#][price_data][currency]",
    "line_items[#][price_data][unit_amount]",
    "line_items[#][price_data][product_data][name]",
    "line_items[#][price_data][product_data][description]",
    "metadata[*]",
    "payment_intent_data[description]",
    "payment_intent_data[metadata][*]",
];

const SHORTEST_LIFE_SECONDS: i64 = 30 * 60;
const LONGEST_LIFE_SECONDS: i64 = 24 * 3600;

/// Currencies with three decimals, whose last digit has to be 0.
const THREE_DECIMALS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// A checkout session.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) status: &'static str,
    pub(super) payment_status: &'static str,
    pub(super) amount_total: u64,
    pub(super) currency: String,
    pub(super) payment_intent: Option<String>,
    pub(super) expires_at: i64,
    pub(super) success_url: String,
    /// What the payment intent and its charge carry.
    pub(super) payment_metadata: BTreeMap<String, String>,
    pub(super) client_reference_id: Option<String>,
    pub(super) livemode: bool,
    created: i64,
    url: String,
    cancel_url: Option<String>,
    customer_email: Option<String>,
    locale: Option<String>,
    submit_type: Option<String>,
    payment_method_types: Vec<String>,
    adaptive_pricing: bool,
    metadata: BTreeMap<String, String>,
}

impl Session {
    /// An open session as `form` describes it. `host` is where the payer's page is served.
    pub(super) fn create(
        id: String,
        form: &Form,
        host: &str,
        now: i64,
    ) -> Result<Self, StripeError> {
        check_choices(form)?;
        let (amount_total, currency) = total(form)?;
        let methods = form.list("payment_method_types");
        let methods = if methods.is_empty() { vec!["card"] } else { methods };
        Ok(Self {
            url: format!("http://{host}/checkout/{id}"),
            id,
            status: "open",
            payment_status: "unpaid",
            amount_total,
            currency,
            payment_intent: None,
            expires_at: expiry(form, now)?,
            success_url: form.required("success_url")?.to_owned(),
            payment_metadata: form.metadata("payment_intent_data[metadata]")?,
            livemode: false,
            created: now,
            cancel_url: form.owned("cancel_url"),
            client_reference_id: form.owned("client_reference_id"),
            customer_email: form.owned("customer_email"),
            locale: form.owned("locale"),
            submit_type: form.owned("submit_type"),
            payment_method_types: methods.into_iter().map(String::from).collect(),
            adaptive_pricing: form.boolean("adaptive_pricing[enabled]")?.unwrap_or(true),
            metadata: form.metadata("metadata")?,
        })
    }

    /// A session somebody opened anew for the same purchase, or for one that nobody knows.
    pub(super) fn again(&self, id: String, reference: Option<String>, now: i64) -> Self {
        let mut session = self.clone();
        if let Some(reference) = reference {
            let given = session.client_reference_id.replace(reference.clone());
            let echoes = [&mut session.metadata, &mut session.payment_metadata];
            for value in echoes.into_iter().flat_map(BTreeMap::values_mut) {
                if given.as_ref() == Some(value) {
                    value.clone_from(&reference);
                }
            }
        }
        let life = self.expires_at - self.created;
        Self {
            url: self.url.replace(&self.id, &id),
            id,
            status: "open",
            payment_status: "unpaid",
            payment_intent: None,
            expires_at: now + life,
            livemode: false,
            created: now,
            ..session
        }
    }

    /// The object as the API shows it.
    pub(super) fn object(&self) -> Value {
        let is_open = self.status == "open";
        json!({
            "id": self.id,
            "object": "checkout.session",
            "adaptive_pricing": { "enabled": self.adaptive_pricing },
            "after_expiration": null,
            "allow_promotion_codes": null,
            "amount_subtotal": self.amount_total,
            "amount_total": self.amount_total,
            "automatic_tax": { "enabled": false, "liability": null, "status": null },
            "billing_address_collection": null,
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "consent": null,
            "created": self.created,
            "currency": self.currency,
            "custom_fields": [],
            "customer": null,
            "customer_creation": "if_required",
            "customer_details": null,
            "customer_email": self.customer_email,
            "expires_at": self.expires_at,
            "invoice": null,
            "livemode": self.livemode,
            "locale": self.locale,
            "metadata": self.metadata,
            "mode": "payment",
            "payment_intent": self.payment_intent,
            "payment_link": null,
            "payment_method_types": self.payment_method_types,
            "payment_status": self.payment_status,
            "setup_intent": null,
            "status": self.status,
            "submit_type": self.submit_type,
            "subscription": null,
            "success_url": self.success_url,
            "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
            "ui_mode": "hosted_page",
            "url": is_open.then_some(&self.url),
        })
    }
}

fn check_choices(form: &Form) -> Result<(), StripeError> {
    form.required("mode")?;
    form.one_of("mode", &["payment"])?;
    form.one_of("ui_mode", &["hosted_page"])?;
    form.one_of("submit_type", &["auto", "book", "donate", "pay"])
}

/// The sum of the line items and their common currency.
fn total(form: &Form) -> Result<(u64, String), StripeError> {
    let mut sum: Option<(u64, &str)> = None;
    for index in form.indices("line_items") {
        let name = |rest: &str| format!("line_items[{index}]{rest}");
        form.required(&name("[price_data][product_data][name]"))?;
        let currency_name = name("[price_data][currency]");
        let currency = form.required(&currency_name)?;
        let integer = |rest: &str| {
            let name = name(rest);
            form.integer(&name)?.ok_or_else(|| StripeError::missing(&name))
        };
        let unit_amount = integer("[price_data][unit_amount]")?;
        let quantity = integer("[quantity]")?;
        let is_code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_lowercase());
        if !is_code || sum.is_some_and(|(_, first)| first != currency) {
            let message = format!("Invalid currency: {currency}.");
            return Err(StripeError::invalid(message).param(&currency_name));
        }
        if THREE_DECIMALS.contains(&currency) && !unit_amount.is_multiple_of(10) {
            let message = format!("The last digit of an amount in {currency} has to be 0.");
            return Err(StripeError::invalid(message).param(&name("[price_data][unit_amount]")));
        }
        let before = sum.map_or(0, |(amount, _)| amount);
        let amount = unit_amount.checked_mul(quantity).and_then(|it| it.checked_add(before));
        let amount = amount.filter(|it| quantity > 0 && i64::try_from(*it).is_ok());
        let amount = amount.ok_or_else(|| {
            StripeError::invalid("Invalid amount or quantity.").param(&name("[quantity]"))
        })?;
        sum = Some((amount, currency));
    }
    let (amount, currency) = sum.ok_or_else(|| StripeError::missing("line_items"))?;
    Ok((amount, currency.to_owned()))
}

fn expiry(form: &Form, now: i64) -> Result<i64, StripeError> {
    let latest = now + LONGEST_LIFE_SECONDS;
    let Some(asked) = form.integer("expires_at")? else { return Ok(latest) };
    let asked = i64::try_from(asked).unwrap_or(i64::MAX);
    if asked < now + SHORTEST_LIFE_SECONDS || asked > latest {
        let message = "The `expires_at` timestamp must be at least 30 minutes and less than 24 \
                       hours from Checkout Session creation.";
        return Err(StripeError::invalid(message).param("expires_at"));
    }
    Ok(asked)
}
