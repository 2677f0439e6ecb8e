use std::fmt;

use crate::{ids::ExternalId, money::Cost};

/// What we ask a provider for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcquireRequest {
    /// The provider's code of the service.
    pub service: String,
    /// The provider's code of the country.
    pub country: String,
    /// The most we pay.
    pub max_cost: Cost,
}

/// A number that a provider rented to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// The provider's id of it.
    pub external_id: ExternalId,
    /// The number.
    pub phone: PhoneNumber,
    /// What it cost, where the provider says so.
    pub cost: Option<Cost>,
}

/// An activation in the provider's list of running ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveActivation {
    /// The number and its id.
    pub activation: Activation,
    /// The provider's code of the service.
    pub service: String,
    /// The provider's code of the country; some providers leave it out.
    pub country: Option<String>,
}

/// What a provider tells of its running activations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// All of them.
    Complete(Vec<ActiveActivation>),
    /// This provider has no such list, so absence proves nothing.
    Unsupported,
}

/// Where an activation stands upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamStatus {
    /// No SMS yet, or a further one is awaited.
    Waiting,
    /// An SMS arrived; the text only where the protocol gives it.
    Received {
        /// The provider's idea of the code.
        code: Option<SmsCode>,
        /// The whole message.
        text: Option<SmsText>,
    },
    /// Over: canceled, expired or finished; the protocol does not tell which.
    Ended,
    /// The provider does not know it (any more).
    Missing,
}

/// What a provider said to a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// Canceled, now or before; we are not charged.
    Canceled,
    /// The provider's own minimum time is not over.
    TooEarly,
    /// An SMS was delivered, so it will be charged.
    Delivered,
    /// The provider does not know it.
    Missing,
}

/// Everything a provider has on sale.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderCatalog {
    /// Countries by the provider's code.
    pub countries: Vec<ListedCountry>,
    /// Services by the provider's code.
    pub services: Vec<ListedService>,
    /// Price and stock.
    pub offers: Vec<ListedOffer>,
}

/// A country as a provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCountry {
    /// The provider's code.
    pub external_code: String,
    /// ISO 3166-1 alpha-2, where it is known.
    pub iso_code: Option<String>,
    /// English name.
    pub name: String,
    /// International dialling prefix with `+`, where it is known.
    pub dial_code: Option<String>,
}

/// A service as a provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedService {
    /// The provider's code, which is the field's common one with this protocol family.
    pub external_code: String,
    /// English name.
    pub name: String,
}

/// Price and stock of one country × service at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOffer {
    /// The provider's code of the country.
    pub country: String,
    /// The provider's code of the service.
    pub service: String,
    /// What we pay.
    pub cost: Cost,
    /// How many there are.
    pub stock: i64,
}

/// A phone number: digits without `+`. Personal data, so it does not print itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Accepts 5 to 15 digits (E.164) with an optional `+`.
    pub fn parse(raw: &str) -> Option<Self> {
        let digits = raw.trim();
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let fits = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(digits.to_owned()))
    }

    /// The digits, for the owner and for storage only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

/// The code in an SMS: a credential, so it does not print itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SmsCode(String);

impl SmsCode {
    /// The code, for the owner and for storage only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SmsCode {
    fn from(code: String) -> Self {
        Self(code)
    }
}

impl From<&str> for SmsCode {
    fn from(code: &str) -> Self {
        Self(code.to_owned())
    }
}

impl fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsCode(…)")
    }
}

/// The text of an SMS: a credential, so it does not print itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SmsText(String);

impl SmsText {
    /// Longest text kept: ten concatenated messages.
    pub const MAX_CHARS: usize = 1_600;

    /// Keeps the text up to its limit, without blanks around it, in which two reports of a message
    /// can differ, and without NUL, which Postgres cannot store.
    pub fn new(raw: &str) -> Self {
        let text: String = raw.chars().filter(|c| *c != '\0').collect();
        let kept: String = text.trim_start().chars().take(Self::MAX_CHARS).collect();
        Self(kept.trim_end().to_owned())
    }

    /// The text, unless nothing of it is left to read.
    pub fn parse(raw: &str) -> Option<Self> {
        Some(Self::new(raw)).filter(|text| !text.0.is_empty())
    }

    /// The text, for the owner and for storage only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsText(…)")
    }
}
