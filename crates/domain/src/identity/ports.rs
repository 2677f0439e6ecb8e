use async_trait::async_trait;

use super::{Customer, MintedToken, Mode, TokenHash, TokenOwner, TokenRecord};
use crate::{ids::UserId, store::StoreError, time::Timestamp};

/// Customers and tokens inside a unit of work.
#[async_trait]
pub trait IdentityRepo: Send {
    /// Stores a customer; nothing when the address is taken.
    async fn insert_customer(
        &mut self,
        email: &str,
        password_hash: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<UserId>, StoreError>;

    /// The test account of a customer, which is a customer of its own; made when there is none.
    async fn test_account(&mut self, of: UserId, at: Timestamp) -> Result<UserId, StoreError>;

    /// Stores a token.
    async fn insert_token(&mut self, token: &TokenRecord, at: Timestamp) -> Result<(), StoreError>;
}

/// Reading customers and tokens.
#[async_trait]
pub trait IdentityQueries: Send + Sync {
    /// The customer with this address.
    async fn by_email(&self, email: &str) -> Result<Option<Customer>, StoreError>;

    /// Who owns this token, unless it is revoked.
    async fn token_owner(&self, hash: TokenHash) -> Result<Option<TokenOwner>, StoreError>;
}

/// Makes tokens and recognises them.
pub trait TokenMint: Send + Sync {
    /// A fresh token, which tells its mode by its first letters.
    fn mint(&self, mode: Mode) -> MintedToken;

    /// What is stored of `text`, or nothing when it cannot be a token of ours.
    fn recognise(&self, text: &str) -> Option<TokenHash>;
}

/// Hashes passwords, slowly and in bounded memory.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// A salted hash in PHC text form. Waits for its turn: only as many run as there is memory
    /// set aside for.
    async fn hash(&self, password: String) -> Result<String, StoreError>;

    /// Whether `password` is the one behind `hash`.
    async fn verify(&self, password: String, hash: String) -> Result<bool, StoreError>;
}
