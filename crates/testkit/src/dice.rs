/// Reproducible randomness: the same seed throws the same numbers on every machine.
///
/// `SplitMix64`, which is enough to choose among possibilities and nothing else.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts the sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; zero when `bound` is zero.
    pub const fn below(&mut self, bound: u32) -> u32 {
        // The upper half times the bound, divided by 2^32: no modulo, hardly any bias.
        (((self.throw() >> 32) * bound as u64) >> 32) as u32
    }

    /// True in `per_mille` of a thousand cases.
    pub const fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of `items`; nothing when there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let bound = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items.get(usize::try_from(self.below(bound)).unwrap_or_default())
    }

    /// An independent sequence for another purpose.
    #[must_use]
    pub const fn fork(&mut self) -> Self {
        Self(self.throw())
    }
}
