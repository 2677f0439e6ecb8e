//! Stopping customers who rent numbers and let them go unused.

use std::time::Duration;

use crate::time::Timestamp;

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
