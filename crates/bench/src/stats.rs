//! Few numbers from many.

/// Middle, least and greatest of a handful of measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    /// All zero when nothing was measured.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        let median = f64::midpoint(at(last / 2), at(sorted.len() / 2));
        Self { median, least: at(0), greatest: at(last) }
    }
}

/// The duration that `percent` of the sorted ones do not exceed, in milliseconds.
pub(crate) fn percentile_ms(sorted_us: &[u32], percent: f64) -> f64 {
    // A share of a length is a position: never negative, never beyond the length.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
    let rank = (count(sorted_us.len()) * percent / 100.0).ceil() as usize;
    sorted_us.get(rank.saturating_sub(1)).map_or(0.0, |us| f64::from(*us) / 1000.0)
}

/// A count as a number to divide by; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "nothing here counts beyond 2^53")]
pub(crate) fn count(items: usize) -> f64 {
    items as f64
}

/// As [`count`], for counters.
#[expect(clippy::cast_precision_loss, reason = "nothing here counts beyond 2^53")]
pub(crate) fn counter(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_middle_whatever_the_order() {
        let odd = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!(odd, Spread { median: 2.0, least: 1.0, greatest: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median.to_bits(), 2.5_f64.to_bits());
        assert_eq!(Spread::of([]).greatest.to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn ranks_durations() {
        let hundred: Vec<u32> = (1..=100).map(|ms| ms * 1000).collect();
        let at = |percent| percentile_ms(&hundred, percent);
        assert_eq!(
            [at(50.0), at(99.0), at(100.0)].map(f64::to_bits),
            [50.0, 99.0, 100.0].map(f64::to_bits)
        );
        assert_eq!(percentile_ms(&[7000], 99.0).to_bits(), 7.0_f64.to_bits());
        assert_eq!(percentile_ms(&[], 99.0).to_bits(), 0.0_f64.to_bits());
    }
}
