//! Stopping customers who rent numbers and let them go unused.

pub mod measures;
mod ports;
mod terms;

use std::time::Duration;

pub use self::{
    ports::{
        CancelRequests, ConductQueries, ConductRepo, Decided, Decision, Measure, Standing, Trip,
    },
    terms::{Conduct, GuardTerms, Tripwire},
};
use crate::{
    ids::UserId,
    store::{StoreError, UnitOfWork},
    time::Timestamp,
};

/// How hard a customer was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// For a short while.
    Soft,
    /// For long.
    Hard,
}

impl Tier {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Soft, Self::Hard];

    /// The name as stored and as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "SOFT",
            Self::Hard => "HARD",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

/// That a customer may not buy for a while. Everything else goes on: looking, canceling, finishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ban {
    /// How hard it is.
    pub tier: Tier,
    /// When it is over.
    pub until: Timestamp,
    /// How long that was off when somebody asked.
    pub left: Duration,
}

impl Ban {
    /// What is left of it at `now`; nothing once it is over.
    pub fn at(tier: Tier, until: Timestamp, now: Timestamp) -> Option<Self> {
        let left = until.signed_duration_since(now).to_std().ok()?;
        (!left.is_zero()).then_some(Self { tier, until, left })
    }
}

/// Judges a customer after an order ended without a message, in the unit that ends it: the wallet
/// is locked, so that of two orders that end at once the second is judged with the first.
pub async fn judge(
    uow: &mut (dyn UnitOfWork + '_),
    terms: &GuardTerms,
    user: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let conduct = uow.conduct().outcomes(user, terms.since(at)).await?;
    let Some((tier, ban)) = terms.verdict(conduct) else { return Ok(()) };
    let Conduct { given_up, delivered } = conduct;
    let all = given_up.saturating_add(delivered);
    let reason = format!("{given_up} of {all} purchases without a message");
    let until = at + ban;
    let trip = Trip { user, tier, since: at, until, reason };
    if uow.conduct().trip(&trip).await? {
        tracing::warn!(user.id = %user, ban.tier = tier.as_str(), ban.until = %until, given_up, delivered, "customer {user} is banned until {until}");
    }
    Ok(())
}
