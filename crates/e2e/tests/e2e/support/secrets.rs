//! Secrets that are planted where the system keeps some, and the search for them in its logs.

use std::{collections::BTreeSet, sync::Mutex};

/// `bytes` random bytes as hexadecimal digits.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut buffer).unwrap();
    hex::encode(buffer)
}

/// Eight digits, which no duration or id in a log line has.
pub(crate) fn random_code() -> String {
    let mut buffer = [0; 4];
    aws_lc_rs::rand::fill(&mut buffer).unwrap();
    (90_000_000 + u32::from_le_bytes(buffer) % 10_000_000).to_string()
}

/// What must not be found in any log.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    /// A value not even a fragment of which would occur by chance.
    pub(crate) fn plant(&self, secret: &str) {
        assert!(secret.len() >= 8, "{secret:?} could be found by chance");
        self.0.lock().unwrap().insert(secret.to_owned());
    }

    /// Plants a random one behind `prefix`.
    pub(crate) fn make(&self, prefix: &str) -> String {
        let secret = format!("{prefix}{}", random_hex(16));
        self.plant(&secret);
        secret
    }

    /// Panics when one of them is told in `text`, or a panic is.
    pub(crate) fn assert_unseen(&self, place: &str, text: &str) {
        let secrets = self.0.lock().unwrap();
        for line in text.lines() {
            let found = secrets.iter().find(|secret| line.contains(secret.as_str()));
            assert!(found.is_none(), "{found:?} is in {place}: {line}");
            assert!(!line.contains("panicked"), "{place} tells of a panic: {line}");
        }
    }
}
