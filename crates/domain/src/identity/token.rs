use std::fmt;

use crate::{ids::UserId, time::Timestamp};

/// A customer as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: UserId,
    /// Lower-case address.
    pub email: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// SHA-256 of a token: all that is stored of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A fresh token; the only moment at which its text exists.
#[derive(Clone)]
pub struct MintedToken {
    /// What the customer sends.
    pub secret: String,
    /// What is stored.
    pub hash: TokenHash,
}

impl MintedToken {
    /// Prefix and last four characters: enough to tell tokens apart, not to use one.
    pub fn hint(&self) -> String {
        let tail: String = self.secret.chars().rev().take(4).collect();
        let tail: String = tail.chars().rev().collect();
        let prefix: String = self.secret.chars().take(8).collect();
        format!("{prefix}…{tail}")
    }
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MintedToken(…)")
    }
}

/// A token to be stored.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// Whose.
    pub user: UserId,
    /// What is stored of it.
    pub hash: TokenHash,
    /// What is shown of it.
    pub hint: String,
    /// The customer's name for it.
    pub name: String,
}

/// Who sends a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenOwner {
    /// The customer.
    pub user: UserId,
    /// Known, but not allowed anything.
    pub suspended: bool,
}
