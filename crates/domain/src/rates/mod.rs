//! What a US dollar costs in rupiah.

mod dollars;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    money::Amount,
    store::StoreError,
    time::{Clock, Timestamp},
};

pub use dollars::{DollarLimit, Places};

/// Whole rupiah per US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdrPerUsd(i64);

impl IdrPerUsd {
    /// Accepts 1 000 to 1 000 000: what lies outside is a mistake of the source.
    pub const fn new(rupiah: i64) -> Option<Self> {
        if rupiah >= 1_000 && rupiah <= 1_000_000 { Some(Self(rupiah)) } else { None }
    }

    /// Whole rupiah per US dollar.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// What `amount` of rupiah costs in dollars, rounded up to the cent, in millionths.
    pub fn cents_for(self, amount: Amount) -> Option<Amount> {
        const CENTS_PER_DOLLAR: i128 = 100;
        const MICROS_PER_CENT: i128 = 10_000;
        let cents = i128::from(amount.get()).checked_mul(CENTS_PER_DOLLAR)?;
        let rate = i128::from(self.0);
        let up = cents.checked_add(rate - 1)?.checked_div(rate)?;
        i64::try_from(up.checked_mul(MICROS_PER_CENT)?).ok().and_then(Amount::new)
    }

    /// Whether another rate is further from this one than so many hundredths of it.
    const fn is_beyond(self, percent: i64, other: Self) -> bool {
        // Both are a million at most.
        (other.0 - self.0).abs() * 100 > self.0 * percent
    }
}

/// A rate and how old it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The rate itself.
    pub idr_per_usd: IdrPerUsd,
    /// When its source made it; nothing for the operator's fixed rate.
    pub as_of: Option<Timestamp>,
}

/// The rate to calculate with now.
#[async_trait]
pub trait ExchangeRate: Send + Sync {
    /// The newest believable rate, or what the operator has set for the time when that is too old;
    /// nothing where no rate at all is better than a fixed one.
    async fn current(&self) -> Result<Option<Rate>, StoreError>;
}

/// Somebody who publishes rates.
#[async_trait]
pub trait RateSource: Send + Sync {
    /// The rate and when it was made.
    async fn fetch(&self) -> Result<(IdrPerUsd, Timestamp), RateError>;
}

/// Remembers rates.
#[async_trait]
pub trait RateBook: Send + Sync {
    /// The newest rate with the time it was made; nothing before the first.
    async fn newest_rate(&self) -> Result<Option<(IdrPerUsd, Timestamp)>, StoreError>;

    /// Adds a rate; one made earlier than the newest changes nothing.
    async fn remember_rate(&self, rate: IdrPerUsd, made_at: Timestamp) -> Result<(), StoreError>;
}

/// Why a source gave no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// No usable answer.
    #[error("no usable answer from the source of rates: {0}")]
    Unavailable(&'static str),
    /// An answer that nobody should calculate with.
    #[error("the rate is not believable: {0}")]
    Absurd(&'static str),
}

/// The remembered rate while it is fresh, and the operator's otherwise.
#[derive(Clone)]
pub struct CurrentRate {
    book: Arc<dyn RateBook>,
    clock: Arc<dyn Clock>,
    fallback: Option<IdrPerUsd>,
    max_age: Duration,
}

impl CurrentRate {
    /// Falls back to `fallback`, if there is one, when the newest rate is older than `max_age`.
    pub fn new(
        book: Arc<dyn RateBook>,
        clock: Arc<dyn Clock>,
        fallback: Option<IdrPerUsd>,
        max_age: Duration,
    ) -> Self {
        Self { book, clock, fallback, max_age }
    }
}

#[async_trait]
impl ExchangeRate for CurrentRate {
    async fn current(&self) -> Result<Option<Rate>, StoreError> {
        let oldest = self.clock.now() - self.max_age;
        let newest = self.book.newest_rate().await?.filter(|(_, made)| *made >= oldest);
        let fresh = newest.map(|(idr_per_usd, made)| Rate { idr_per_usd, as_of: Some(made) });
        Ok(fresh.or(self.fallback.map(|idr_per_usd| Rate { idr_per_usd, as_of: None })))
    }
}

/// Fetches the rate and remembers it.
#[derive(Clone)]
pub struct RefreshRate {
    source: Arc<dyn RateSource>,
    book: Arc<dyn RateBook>,
    clock: Arc<dyn Clock>,
    fixed: IdrPerUsd,
}

impl RefreshRate {
    /// A larger step between two rates is a mistake of the source, or a matter for the operator.
    const MAX_STEP_PERCENT: i64 = 10;
    /// The same against the operator's fixed rate, where none is remembered or only an old one.
    const MAX_DISTANCE_PERCENT: i64 = 30;
    /// How long a rate says what the next one must be close to.
    const MEMORY: Duration = Duration::from_hours(3 * 24);

    /// Wires the use case; `fixed` is what the first rate is compared with.
    pub fn new(
        source: Arc<dyn RateSource>,
        book: Arc<dyn RateBook>,
        clock: Arc<dyn Clock>,
        fixed: IdrPerUsd,
    ) -> Self {
        Self { source, book, clock, fixed }
    }

    /// One fetch; answers with the new rate.
    pub async fn run_once(&self) -> Result<IdrPerUsd, RefreshError> {
        let (rate, made_at) = self.source.fetch().await?;
        if made_at > self.clock.now() + Duration::from_hours(24) {
            return Err(RateError::Absurd("it is from the future").into());
        }
        let oldest = self.clock.now() - Self::MEMORY;
        let (before, limit) = match self.book.newest_rate().await? {
            Some((newest, made)) if made >= oldest => (newest, Self::MAX_STEP_PERCENT),
            _ => (self.fixed, Self::MAX_DISTANCE_PERCENT),
        };
        if before.is_beyond(limit, rate) {
            return Err(RateError::Absurd("it jumped").into());
        }
        self.book.remember_rate(rate, made_at).await?;
        Ok(rate)
    }
}

/// Why the rate was not refreshed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The source has none that can be used.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
