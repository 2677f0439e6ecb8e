use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Between nine and eleven tenths of `interval`, so that instances do not move in step.
pub(crate) fn around(interval: Duration) -> Duration {
    interval.mul_f64(0.9 + 0.2 * fraction())
}

/// Anything up to `most`.
pub(crate) fn up_to(most: Duration) -> Duration {
    most.mul_f64(fraction())
}

/// Each `RandomState` has fresh keys, which is all the randomness a pause needs.
fn fraction() -> f64 {
    let random = RandomState::new().hash_one(()) >> 32;
    f64::from(u32::try_from(random).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_within_a_tenth_and_does_not_repeat() {
        let pauses: Vec<_> = (0..100).map(|_| around(Duration::from_secs(10))).collect();
        let near = Duration::from_secs(9)..=Duration::from_secs(11);
        assert!(pauses.iter().all(|pause| near.contains(pause)), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
