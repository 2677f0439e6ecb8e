use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    error::{ApiError, Invalid},
    exact::Exact,
    method::Method,
};

/// A new invoice as the shop asks for it.
///
/// The real server overlooks members that it does not know. Here they are refused, so that a
/// mistyped name shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewInvoice {
    pub(super) amount: Option<Exact>,
    pub(super) currency: Option<String>,
    #[serde(default)]
    pub(super) metadata: Map<String, Value>,
    #[serde(default)]
    pub(super) checkout: Checkout,
    #[serde(default, rename = "additionalSearchTerms")]
    _search_terms: Vec<String>,
    #[serde(default, rename = "receipt")]
    _receipt: Value,
}

/// How the payer is led through.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Checkout {
    pub(super) speed_policy: SpeedPolicy,
    pub(super) payment_methods: Vec<Method>,
    default_payment_method: Option<Method>,
    pub(super) expiration_minutes: u32,
    pub(super) monitoring_minutes: u32,
    /// In per cent of the amount.
    pub(super) payment_tolerance: Exact,
    #[serde(rename = "redirectURL")]
    pub(super) redirect_url: Option<String>,
    redirect_automatically: Option<bool>,
    default_language: Option<String>,
    lazy_payment_methods: Option<bool>,
}

/// How many confirmations a payment needs; only the fast one needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SpeedPolicy {
    #[serde(rename = "HighSpeed")]
    High,
    #[default]
    #[serde(rename = "MediumSpeed")]
    Medium,
    #[serde(rename = "LowMediumSpeed")]
    LowMedium,
    #[serde(rename = "LowSpeed")]
    Low,
}

/// What a store is set to when nobody changes it.
impl Default for Checkout {
    fn default() -> Self {
        Self {
            speed_policy: SpeedPolicy::default(),
            payment_methods: Method::ALL.to_vec(),
            default_payment_method: None,
            expiration_minutes: 15,
            monitoring_minutes: 1440,
            payment_tolerance: Exact::ZERO,
            redirect_url: None,
            redirect_automatically: None,
            default_language: None,
            lazy_payment_methods: None,
        }
    }
}

impl NewInvoice {
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut new: Self = parse(body)?;
        let mut invalid = Vec::new();
        if new.amount.is_some_and(|amount| amount < Exact::ZERO) {
            invalid.push(Invalid::new("amount", "The amount should be 0 or more."));
        }
        if new.checkout.expiration_minutes == 0 {
            let message = "The expiration should be 1 minute or more.";
            invalid.push(Invalid::new("checkout.expirationMinutes", message));
        }
        let tolerance = new.checkout.payment_tolerance;
        if tolerance < Exact::ZERO || tolerance > Exact::new(100, 0) {
            let message = "The tolerance should be between 0 and 100.";
            invalid.push(Invalid::new("checkout.paymentTolerance", message));
        }
        if !invalid.is_empty() {
            return Err(ApiError::Invalid(invalid));
        }
        if new.checkout.payment_methods.is_empty() {
            new.checkout.payment_methods = Method::ALL.to_vec();
        }
        Ok(new)
    }
}

/// Reads a body; what is wrong with it is told as the server tells of a bad member.
pub(super) fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, ApiError> {
    let invalid = |error: serde_json::Error| Invalid::new("", &error.to_string());
    serde_json::from_slice(body).map_err(|error| ApiError::Invalid(vec![invalid(error)]))
}
