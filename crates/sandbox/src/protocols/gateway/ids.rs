use aws_lc_rs::digest;

/// Issues ids that only depend on the seed and on how many were issued before.
pub(crate) struct Ids {
    source: String,
    issued: u64,
}

impl Ids {
    /// Two gateways with the same seed issue different ids, because their names differ.
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        Self { source: format!("{name}:{seed}"), issued: 0 }
    }

    /// The next `length` hexadecimal digits, at most 64.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        self.issued += 1;
        let source = format!("{}:{}", self.source, self.issued);
        let digits = hex::encode(digest::digest(&digest::SHA256, source.as_bytes()));
        digits.chars().take(length).collect()
    }

    /// The next id in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let digits = self.digits(32);
        let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
        let parts = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)];
        parts.join("-")
    }
}
