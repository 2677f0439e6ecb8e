//! When a gateway is asked about a top-up of which nobody tells us anything.

use std::time::Duration;

use super::{Topup, TopupState};
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How far apart a customer's payment is looked for, by the age of the top-up: a customer who has
/// just paid waits for it.
const STEPS: [(Duration, Duration); 5] = [
    (Duration::from_mins(5), MINUTE),
    (Duration::from_mins(15), Duration::from_mins(2)),
    (HOUR, Duration::from_mins(5)),
    (Duration::from_hours(6), Duration::from_mins(15)),
    (Duration::from_hours(7 * 24), HOUR),
];

/// After which time a top-up of which its gateway never heard is given up.
pub(super) const FORGOTTEN: Duration = DAY;

/// The first look at a new top-up.
pub(super) fn first(created_at: Timestamp) -> Timestamp {
    created_at + MINUTE
}

/// The next look after something changed: soon, and for what seems to be over once more after a
/// day.
pub(super) fn after_change(state: TopupState, now: Timestamp) -> Timestamp {
    now + if state.is_settled() { DAY } else { MINUTE }
}

/// The next look after one that may find nothing; `refunding` while a refund of ours is under way.
pub(super) fn after_look(topup: &Topup, refunding: bool, now: Timestamp) -> Option<Timestamp> {
    if !topup.state.is_settled() {
        let age = (now - topup.created_at).to_std().unwrap_or_default();
        let step = STEPS.iter().find(|(until, _)| age < *until).map_or(DAY, |(_, step)| *step);
        return Some(now + step);
    }
    match topup.state {
        _ if refunding => Some(now + HOUR),
        TopupState::Disputed => Some(now + DAY),
        _ => None,
    }
}
