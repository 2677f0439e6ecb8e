use serde::{Deserialize, Serialize};

/// How a duration is spread, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) count: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl Quantiles {
    pub(super) fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        // The smallest value that is not below the share; at least the first one.
        let at = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100).saturating_sub(1);
            values.get(place).copied().unwrap_or(0)
        };
        let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
        Self { count, p50: at(50), p99: at(99), max: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::Quantiles;

    #[test]
    fn takes_values_that_occurred() {
        let values = Quantiles::of((1..=200).rev().collect());
        assert_eq!(values, Quantiles { count: 200, p50: 100, p99: 198, max: 200 });
        assert_eq!(Quantiles::of(vec![7]), Quantiles { count: 1, p50: 7, p99: 7, max: 7 });
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }
}
