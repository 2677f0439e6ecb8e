use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use domain::{
    identity::{MintedToken, Mode, PasswordHasher, TokenHash, TokenMint, TokenNews},
    store::StoreError,
};

/// Mints tokens that count from one and whose hash is their number.
#[derive(Debug, Default)]
pub struct CountingMint {
    last: AtomicU64,
}

const PREFIX: &str = "sb_test_";

impl TokenMint for CountingMint {
    fn mint(&self, _mode: Mode) -> MintedToken {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        MintedToken { secret: format!("{PREFIX}{number:016}"), hash: hash(number) }
    }

    fn recognise(&self, text: &str) -> Option<TokenHash> {
        text.strip_prefix(PREFIX)?.parse().ok().map(hash)
    }
}

fn hash(number: u64) -> TokenHash {
    let mut bytes = [0; 32];
    for (byte, source) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *byte = source;
    }
    TokenHash(bytes)
}

/// Remembers which tokens were said to be over, or to have changed.
#[derive(Debug, Default)]
pub struct RecordingTokenNews {
    ended: Mutex<Vec<TokenHash>>,
    changed: Mutex<Vec<TokenHash>>,
}

impl RecordingTokenNews {
    /// All of them since the last call, in order.
    pub fn take(&self) -> Vec<TokenHash> {
        std::mem::take(&mut self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All that were said to have changed since the last call, in order.
    pub fn take_changed(&self) -> Vec<TokenHash> {
        std::mem::take(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl TokenNews for RecordingTokenNews {
    async fn ended(&self, tokens: &[TokenHash]) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).extend(tokens);
        true
    }

    async fn changed(&self, tokens: &[TokenHash]) -> bool {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(tokens);
        true
    }
}

/// "Hashes" by writing a word in front: fast, and enough to see what was hashed.
#[derive(Debug, Default, Clone, Copy)]
pub struct PlainHasher;

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: String) -> Result<String, StoreError> {
        Ok(format!("plain:{password}"))
    }

    async fn verify(&self, password: String, hash: String) -> Result<bool, StoreError> {
        Ok(hash == format!("plain:{password}"))
    }
}
