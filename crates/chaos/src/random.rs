//! Choices that a seed repeats.

/// The `SplitMix64` generator.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// A stream of its own for each purpose, so that one more draw here moves nothing there.
    pub(crate) fn of(seed: u64, purpose: &str) -> Self {
        // FNV-1a; the hashers of the standard library promise no stable results.
        let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut random = Self(seed ^ hash);
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to and without `end`; 0 when that is nothing.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Nothing only when there is nothing to choose from.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let many = u64::try_from(from.len()).unwrap_or(u64::MAX);
        from.get(usize::try_from(self.below(many)).unwrap_or(0))
    }

    /// One of `choices`, each as likely as its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> Option<T> {
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total);
        for (weight, choice) in choices {
            if left < *weight {
                return Some(*choice);
            }
            left -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_itself_for_the_same_seed_and_purpose_only() {
        let draw = |seed, purpose| {
            let mut random = Random::of(seed, purpose);
            [random.next(), random.next()]
        };
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn weighs_choices() {
        let mut random = Random::of(7, "weights");
        let drawn: Vec<_> =
            (0..1000).filter_map(|_| random.weighted(&[(9, 'a'), (0, 'b'), (1, 'c')])).collect();
        let many = |letter| drawn.iter().filter(|it| **it == letter).count();
        assert_eq!(drawn.len(), 1000);
        assert!(many('a') > 800 && many('b') == 0 && many('c') > 50, "{}", many('a'));
        assert_eq!(random.weighted::<u8>(&[]), None);
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
