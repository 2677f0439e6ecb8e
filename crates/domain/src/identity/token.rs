use std::fmt;

use super::TokenTerms;
use crate::{
    ids::{TokenId, UserId},
    time::Timestamp,
};

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

/// Whether a token moves real money and real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Real customers, providers and money.
    #[default]
    Live,
    /// A customer's test account: money of no value, and a provider that is built in.
    Test,
}

impl Mode {
    /// The mode of an account that is, or is not, the test account of another one.
    pub const fn of(is_test: bool) -> Self {
        if is_test { Self::Test } else { Self::Live }
    }

    /// Whether nothing real is touched.
    pub const fn is_test(self) -> bool {
        matches!(self, Self::Test)
    }
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
    /// What it is good for.
    pub terms: TokenTerms,
    /// Whose place it takes, if any.
    pub replaces: Option<TokenId>,
}

/// A stored token as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Its number.
    pub id: TokenId,
    /// Whose.
    pub user: UserId,
    /// What that customer is.
    pub mode: Mode,
    /// What is stored of it.
    pub hash: TokenHash,
    /// What is shown of it.
    pub hint: String,
    /// The customer's name for it.
    pub name: String,
    /// What it is good for.
    pub terms: TokenTerms,
    /// Whose place it took, if any.
    pub replaces: Option<TokenId>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last seen, give or take a minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is good for nothing.
    pub revoked_at: Option<Timestamp>,
}

impl StoredToken {
    /// Whether it opens anything at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && !self.terms.is_over(now)
    }
}

/// Who sends a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    /// The customer.
    pub user: UserId,
    /// The token.
    pub token: TokenId,
    /// What it is good for.
    pub terms: TokenTerms,
    /// Known, but not allowed anything.
    pub suspended: bool,
    /// What the customer is.
    pub mode: Mode,
}

/// The address of a test account. Nobody reads mail there (RFC 2606), so no customer has it.
pub fn test_address(of: UserId) -> String {
    format!("test-of-{of}@test.invalid")
}
