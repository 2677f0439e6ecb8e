//! Secrets at rest, tokens, passwords and signatures.

mod mac;
mod password;
mod seal;
mod token;

pub use mac::{constant_time_eq, hmac_sha256};
pub use password::Argon2Hasher;
pub use seal::{DayKey, SealError, Sealer};
pub use token::Tokens;
