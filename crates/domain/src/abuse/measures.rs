//! Measures that operators take.

use std::sync::Arc;

use super::{Decided, Decision, Measure};
use crate::{
    fault::{Code, Fault},
    identity::{TokenHash, TokenNews, TokenQueries},
    ids::UserId,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Stops customers, and lets them go on, on the word of an operator.
#[derive(Clone)]
pub struct TakeMeasure {
    store: Arc<dyn Store>,
    tokens: Arc<dyn TokenQueries>,
    news: Arc<dyn TokenNews>,
    clock: Arc<dyn Clock>,
}

/// How a measure was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether anything changed.
    pub is_new: bool,
    /// Whether every process was told; otherwise they find out within seconds.
    pub told: bool,
}

impl TakeMeasure {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        tokens: Arc<dyn TokenQueries>,
        news: Arc<dyn TokenNews>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, tokens, news, clock }
    }

    /// Runs the use case. Suspending and resuming tells the servers, also when it was so before;
    /// bans are looked up with every purchase, so nobody needs to be told.
    #[tracing::instrument(skip_all, fields(user.id = %user))]
    pub async fn execute(
        &self,
        user: UserId,
        measure: Measure,
        (operator, reason): (String, String),
    ) -> Result<Taken, MeasureError> {
        let at = self.clock.now();
        if matches!(measure, Measure::Ban { until } if until <= at) {
            return Err(MeasureError::Past);
        }
        let decision = Decision { user, measure, operator, reason, at };
        let decide = || async {
            let mut uow = self.store.begin().await?;
            let decided = uow.conduct().decide(&decision).await?;
            uow.commit().await?;
            Ok::<_, StoreError>(decided)
        };
        let is_new = match retrying(ATTEMPTS, decide).await? {
            Decided::Unknown => return Err(MeasureError::Unknown),
            decided => decided == Decided::Done,
        };
        let told = match measure {
            Measure::Ban { .. } | Measure::Unban => true,
            Measure::Suspend | Measure::Resume => self.tell(user).await?,
        };
        Ok(Taken { is_new, told })
    }

    /// Has the servers look again at the tokens of a customer and of its test account.
    async fn tell(&self, user: UserId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let tokens = self.tokens.tokens(user).await?;
        let live = tokens.into_iter().filter(|token| token.is_live(now));
        let live: Vec<TokenHash> = live.map(|token| token.hash).collect();
        Ok(live.is_empty() || self.news.changed(&live).await)
    }
}

/// Why a measure was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// It would be over before it begins.
    #[error("a ban cannot end in the past")]
    Past,
    /// Not among the stored ones.
    #[error("there is no such customer")]
    Unknown,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for MeasureError {
    fn code(&self) -> Code {
        match self {
            Self::Past => Code::ValidationError,
            Self::Unknown => Code::NotFound,
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for MeasureError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
