use std::time::Duration;

use super::Policy;

/// A policy as the generic cell rate algorithm counts it, in microseconds: what is stored of an
/// account is the moment at which all of its units are back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Until one unit is back.
    pub interval: f64,
    /// Units that can be spent at once.
    pub burst: u32,
}

/// What the algorithm says of one account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// When all units are back without the charge.
    pub from: f64,
    /// When all units would be back if the charge were made.
    pub full_at: f64,
    /// How long the charge has to wait; nothing when it can be made now.
    pub wait: f64,
    /// Units left without the charge.
    pub before: u32,
    /// Units left with it.
    pub after: u32,
}

impl Bucket {
    /// More than times of this era are rounded by, in microseconds: whoever waits as long as it
    /// was told is not refused for less.
    const ROUNDING: f64 = 0.5;

    /// The policy in these terms.
    pub fn of(policy: &Policy) -> Self {
        let window = policy.window.as_secs_f64() * 1e6;
        Self { interval: window / f64::from(policy.quota.max(1)), burst: policy.burst.max(1) }
    }

    /// Weighs a charge at `now` on an account that was to be full again at `full_at`.
    pub fn decide(&self, full_at: f64, now: f64, cost: u32) -> Decision {
        let from = full_at.max(now);
        let next = from + f64::from(cost.min(self.burst)) * self.interval;
        let room = now + f64::from(self.burst) * self.interval;
        Decision {
            from,
            full_at: next,
            wait: if next - room > Self::ROUNDING { next - room } else { 0.0 },
            before: self.units(room - from),
            after: self.units(room - next),
        }
    }

    fn units(&self, time: f64) -> u32 {
        // Sums of fractions miss whole numbers by a hair. The cast cuts and saturates.
        let units = (time / self.interval + 1e-6).floor().clamp(0.0, f64::from(self.burst));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between zero and the burst, which fits"
        )]
        let units = units as u32;
        units
    }
}

/// Microseconds as a duration, rounded up.
pub(super) fn time(micros: f64) -> Duration {
    Duration::from_secs_f64(micros.clamp(0.0, 1e15).ceil() / 1e6)
}
