use async_trait::async_trait;

use super::{Customer, MintedToken, Mode, StoredToken, TokenHash, TokenOwner, TokenRecord};
use crate::{
    ids::{TokenId, UserId},
    store::StoreError,
    time::Timestamp,
};

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
    async fn insert_token(
        &mut self,
        token: &TokenRecord,
        at: Timestamp,
    ) -> Result<TokenId, StoreError>;

    /// A token, locked until the end of the unit.
    async fn token(&mut self, id: TokenId) -> Result<Option<StoredToken>, StoreError>;

    /// The token that took the place of `id`.
    async fn successor(&mut self, id: TokenId) -> Result<Option<TokenId>, StoreError>;

    /// Ends a token for good; one that was revoked before keeps its date.
    async fn revoke_token(&mut self, id: TokenId, at: Timestamp) -> Result<(), StoreError>;

    /// Lets a token end at `at`, unless it ends earlier anyway.
    async fn limit_token(&mut self, id: TokenId, at: Timestamp) -> Result<(), StoreError>;
}

/// Reading customers and tokens.
#[async_trait]
pub trait IdentityQueries: Send + Sync {
    /// The customer with this address.
    async fn by_email(&self, email: &str) -> Result<Option<Customer>, StoreError>;

    /// Who owns this token, unless it is revoked.
    async fn token_owner(&self, hash: TokenHash) -> Result<Option<TokenOwner>, StoreError>;
}

/// Looking tokens up, for operators.
#[async_trait]
pub trait TokenQueries: Send + Sync {
    /// All tokens of a customer and of its test account, newest first, revoked ones as well.
    async fn tokens(&self, user: UserId) -> Result<Vec<StoredToken>, StoreError>;
}

/// Remembering when tokens were last used.
#[async_trait]
pub trait TokenUse: Send + Sync {
    /// Notes that all of these were used by `at`. Which of them are noted at the same moment by
    /// somebody else may be left out.
    async fn used(&self, tokens: &[TokenId], at: Timestamp) -> Result<(), StoreError>;
}

/// Tells every process that knows tokens.
#[async_trait]
pub trait TokenNews: Send + Sync {
    /// These are good for nothing from now on. False when nobody could be told, who then find out
    /// for themselves within seconds.
    async fn ended(&self, tokens: &[TokenHash]) -> bool;

    /// What is known of these is out of date: their owners were suspended, or are not any more.
    /// False as for [`Self::ended`].
    async fn changed(&self, tokens: &[TokenHash]) -> bool;
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
