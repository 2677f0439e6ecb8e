//! The readers of replies, for the crate that tries them on anything.

use std::time::Duration;

use domain::{
    money::{Cost, Deposit},
    providers::{
        AcquireError, Activation, ActiveActivation, ListedOffer, ProviderCatalog, ProviderError,
        SmsCode, SmsText, UpstreamStatus,
    },
    time::Timestamp,
};

use super::{
    again, balance, catalog, change, listing, prices, purchase,
    reply::Reply,
    status::{self, Detail},
    value,
};

/// A reply that nobody sent.
pub struct Answer(Reply);

impl Answer {
    /// As if it had come at `received_at`.
    pub fn new(
        status: u16,
        retry_after: Option<Duration>,
        received_at: Timestamp,
        body: &[u8],
    ) -> Self {
        Self(Reply { status, retry_after, received_at, body: body.to_vec() })
    }

    /// As the answer to a purchase; an error of nothing means that there is no such action.
    pub fn sold(&self) -> Result<Activation, Option<AcquireError>> {
        purchase::sold(&self.0).map_err(|error| match error {
            purchase::NotSold::UnknownAction => None,
            purchase::NotSold::For(error) => Some(error),
        })
    }

    /// As the answer to getExtraActivation.
    ///
    /// # Errors
    /// Why there is no number.
    pub fn sold_again(&self) -> Result<Activation, AcquireError> {
        again::sold(&self.0)
    }

    /// As the answer to checkExtraActivation.
    ///
    /// # Errors
    /// Why there is no price.
    pub fn cost_again(&self) -> Result<Cost, ProviderError> {
        again::cost(&self.0)
    }

    /// As the answer to getStatus.
    pub fn status(&self) -> Result<UpstreamStatus, ProviderError> {
        status::status(&self.0)
    }

    /// The code and the message, as the answer to getStatusV2.
    pub fn detail(&self) -> Option<(Option<SmsCode>, SmsText)> {
        match status::detail(&self.0) {
            Detail::Message { code, text } => Some((code, text)),
            Detail::Nothing | Detail::UnknownAction => None,
        }
    }

    /// As a page of getActiveActivations; nothing when there is no such action.
    pub fn page(&self) -> Result<Option<Vec<ActiveActivation>>, ProviderError> {
        listing::page(&self.0).map(|page| match page {
            listing::Page::Rows(rows) => Some(rows),
            listing::Page::UnknownAction => None,
        })
    }

    /// Whether it says that the change asked for is made; `done` are the tokens that say yes.
    pub fn is_changed(&self, done: &[&str]) -> Result<bool, ProviderError> {
        change::change(&self.0, done).map(|change| change == change::Change::Done)
    }

    /// As the answer to getBalance.
    pub fn balance(&self) -> Result<Deposit, ProviderError> {
        balance::balance(&self.0)
    }

    /// As a price list.
    pub fn offers(&self) -> Option<Vec<ListedOffer>> {
        prices::offers(&self.0.body)
    }

    /// As the price list in a catalog of these countries and services.
    pub fn catalog(
        &self,
        countries: &Self,
        services: &Self,
    ) -> Result<ProviderCatalog, ProviderError> {
        catalog::catalog(&countries.0, &services.0, &self.0)
    }
}

/// The decimal form in which a price is sent.
pub fn decimal(cost: Cost) -> String {
    value::decimal(cost)
}
