use std::time::Duration;

use chrono::TimeDelta;

use super::Tier;
use crate::time::Timestamp;

/// How much a customer may leave unused; set by the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardTerms {
    /// How far back purchases are judged by their outcome.
    pub window: Duration,
    /// When a customer is stopped for a short while.
    pub soft: Tripwire,
    /// When for long.
    pub hard: Tripwire,
    /// How many orders a customer may cancel within [`Self::CANCELS_WITHIN`].
    pub cancels_per_day: u32,
    /// How many orders of a customer may be unfinished at once.
    pub unfinished_orders: u32,
}

/// What trips, and what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tripwire {
    /// Fewer outcomes than this say nothing.
    pub outcomes: u32,
    /// Of a hundred outcomes, so many without a message are too many.
    pub percent: u32,
    /// How long the customer is stopped.
    pub ban: Duration,
}

/// The outcomes of a customer's purchases within a window. Each is counted up to a bound, far above
/// any tripwire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conduct {
    /// Given up by the customer: canceled, or left to expire.
    pub given_up: u32,
    /// With a message.
    pub delivered: u32,
}

impl GuardTerms {
    /// What a day is where cancels are counted: the last so many hours, not the calendar's.
    pub const CANCELS_WITHIN: TimeDelta = TimeDelta::hours(24);

    /// When the window begins that ends at `now`.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        now - self.window
    }

    /// What follows from a customer's conduct; the harder one where both trip.
    pub fn verdict(&self, conduct: Conduct) -> Option<(Tier, Duration)> {
        let wires = [(Tier::Hard, self.hard), (Tier::Soft, self.soft)];
        let tripped = wires.into_iter().find(|(_, wire)| wire.trips(conduct));
        tripped.map(|(tier, wire)| (tier, wire.ban))
    }
}

impl Tripwire {
    fn trips(&self, Conduct { given_up, delivered }: Conduct) -> bool {
        let (given_up, all) = (u64::from(given_up), u64::from(given_up) + u64::from(delivered));
        all >= u64::from(self.outcomes) && given_up * 100 >= all * u64::from(self.percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: GuardTerms = GuardTerms {
        window: Duration::from_hours(24),
        soft: Tripwire { outcomes: 20, percent: 75, ban: Duration::from_mins(15) },
        hard: Tripwire { outcomes: 60, percent: 90, ban: Duration::from_hours(24) },
        cancels_per_day: 300,
        unfinished_orders: 500,
    };

    #[test]
    fn trips_at_the_share_and_not_before() {
        let verdict = |given_up, delivered| {
            TERMS.verdict(Conduct { given_up, delivered }).map(|(tier, _)| tier)
        };
        for (given_up, delivered, expected) in [
            (0, 0, None),
            (19, 0, None),
            (20, 0, Some(Tier::Soft)),
            (15, 5, Some(Tier::Soft)),
            (14, 6, None),
            (59, 0, Some(Tier::Soft)),
            (60, 0, Some(Tier::Hard)),
            (54, 6, Some(Tier::Hard)),
            (53, 7, Some(Tier::Soft)),
            (1_000, 1_000, None),
            (u32::MAX, 0, Some(Tier::Hard)),
        ] {
            assert_eq!(verdict(given_up, delivered), expected, "{given_up} of {delivered} more");
        }
    }
}
