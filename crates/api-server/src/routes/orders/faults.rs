use domain::{
    fault::FieldFault,
    money::Amount,
    orders::{IdempotencyKey, place::PlaceOrders},
    routing::Policy,
};
use http_kit::ApiError;

use super::{
    key::{KEY, KeyHeader},
    limit::Limit,
};

/// Longer than any provider's short name.
const MAX_PROVIDER: usize = 64;

/// Everything wrong with a request, so that a caller need not find it out one by one.
#[derive(Default)]
pub(super) struct Faults(Vec<FieldFault>);

impl Faults {
    /// Refuses the request if anything was found.
    pub(super) fn none(&self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::validation(&self.0)) }
    }

    pub(super) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldFault::new(field, message));
    }

    pub(super) fn key(&mut self, header: &KeyHeader) -> Option<IdempotencyKey> {
        let value = header.value()?;
        let key = value.to_str().ok().and_then(IdempotencyKey::parse);
        if key.is_none() {
            self.add(KEY, "must be 1 to 128 of A-Z, a-z, 0-9, _ and -");
        }
        key
    }

    pub(super) fn id(&mut self, field: &str, id: Option<i64>) -> Option<i64> {
        let good = id.filter(|id| *id > 0);
        if good.is_none() && id.is_some() {
            self.add(field, "must be a positive integer");
        }
        good
    }

    /// `read` says what a limit is in rupiah.
    pub(super) fn price(
        &mut self,
        field: &str,
        limit: Option<&Limit>,
        read: impl FnOnce(&Limit) -> Result<Amount, String>,
    ) -> Option<Amount> {
        read(limit?).map_err(|fault| self.add(field, fault)).ok()
    }

    pub(super) fn policy(&mut self, policy: Option<&str>) -> Policy {
        match policy {
            None | Some("cheapest") => Policy::Cheapest,
            Some("best_success") => Policy::BestSuccess,
            Some(_) => {
                self.add("policy", "must be cheapest or best_success");
                Policy::default()
            }
        }
    }

    /// In lower case, because case makes no difference.
    pub(super) fn provider(&mut self, provider: Option<&str>) -> Option<String> {
        let provider = provider?;
        if !(1..=MAX_PROVIDER).contains(&provider.len()) {
            self.add("prefer_provider", format!("must be 1 to {MAX_PROVIDER} characters"));
        }
        Some(provider.to_ascii_lowercase())
    }

    pub(super) fn quantity(&mut self, quantity: Option<i64>) -> u32 {
        let most = PlaceOrders::MAX_QUANTITY;
        let good = quantity.map_or(Some(1), |quantity| u32::try_from(quantity).ok());
        good.filter(|quantity| (1..=most).contains(quantity)).unwrap_or_else(|| {
            self.add("quantity", format!("must be 1 to {most}"));
            1
        })
    }
}
