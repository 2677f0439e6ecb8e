//! Adding customers and giving them tokens.

use std::sync::Arc;

use super::{
    MintedToken, Mode, PasswordHasher, TokenMint, TokenRecord, TokenTerms,
    tokens::{TokenError, check},
};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::UserId,
    ledger::{PostError, chart::test_credit},
    money::Amount,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    test_mode,
    time::Clock,
};

/// Adds a customer with an empty wallet.
#[derive(Clone)]
pub struct AddCustomer {
    store: Arc<dyn Store>,
    hasher: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
}

impl AddCustomer {
    /// Shortest password (NIST SP 800-63B asks for at least 8 where it is the only factor's text).
    const MIN_PASSWORD: usize = 8;
    /// Longest password that is hashed.
    const MAX_PASSWORD: usize = 256;

    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        hasher: Arc<dyn PasswordHasher>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, hasher, clock }
    }

    /// Runs the use case. Without a password the customer can only be used by token.
    pub async fn execute(
        &self,
        email: &str,
        password: Option<String>,
    ) -> Result<UserId, RegisterError> {
        let email = normalise(email).ok_or(RegisterError::Email)?;
        let hash = match password {
            Some(text) if !(Self::MIN_PASSWORD..=Self::MAX_PASSWORD).contains(&text.len()) => {
                return Err(RegisterError::Password);
            }
            Some(text) => Some(self.hasher.hash(text).await?),
            None => None,
        };
        retrying(ATTEMPTS, || self.insert(&email, hash.as_deref())).await
    }

    async fn insert(&self, email: &str, hash: Option<&str>) -> Result<UserId, RegisterError> {
        let mut uow = self.store.begin().await?;
        let user = uow.identity().insert_customer(email, hash, self.clock.now()).await?;
        let user = user.ok_or(RegisterError::Taken)?;
        uow.ledger().open_wallet(user).await?;
        uow.commit().await?;
        Ok(user)
    }
}

/// Lower case, one `@` with something on both sides, at most 254 characters (RFC 5321).
fn normalise(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (local, host) = email.split_once('@')?;
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let fits = !local.is_empty() && !host.is_empty() && !host.contains('@') && email.len() <= 254;
    (plain && fits).then_some(email)
}

/// Gives a customer an API token.
#[derive(Clone)]
pub struct IssueToken {
    store: Arc<dyn Store>,
    mint: Arc<dyn TokenMint>,
    clock: Arc<dyn Clock>,
}

impl IssueToken {
    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>, mint: Arc<dyn TokenMint>, clock: Arc<dyn Clock>) -> Self {
        Self { store, mint, clock }
    }

    /// Runs the use case: a token that is good for everything. The secret is not stored and cannot
    /// be shown again.
    pub async fn execute(&self, user: UserId, name: &str) -> Result<MintedToken, StoreError> {
        self.issue(user, name, (Mode::Live, TokenTerms::default())).await
    }

    /// The same for the customer's test account, which is made when there is none: a wallet with
    /// [`test_mode::GRANT`] of money that is worth nothing, and whatever else a customer has.
    pub async fn execute_test(&self, of: UserId, name: &str) -> Result<MintedToken, PostError> {
        let account = retrying(ATTEMPTS, || self.test_account(of)).await?;
        Ok(self.issue(account, name, (Mode::Test, TokenTerms::default())).await?)
    }

    /// The same for a token that is good for less, in either account.
    pub async fn execute_on(
        &self,
        user: UserId,
        name: &str,
        (mode, terms): (Mode, TokenTerms),
    ) -> Result<MintedToken, TokenError> {
        check(&terms, self.clock.now())?;
        let user = match mode {
            Mode::Live => user,
            Mode::Test => retrying(ATTEMPTS, || self.test_account(user)).await?,
        };
        Ok(self.issue(user, name, (mode, terms)).await?)
    }

    async fn test_account(&self, of: UserId) -> Result<UserId, PostError> {
        let mut uow = self.store.begin().await?;
        let account = uow.identity().test_account(of, self.clock.now()).await?;
        uow.ledger().open_test_wallet(account).await?;
        if let Some(grant) = Amount::new(test_mode::GRANT) {
            uow.ledger().post(&test_credit(account, grant)).await?;
        }
        uow.commit().await?;
        Ok(account)
    }

    async fn issue(
        &self,
        user: UserId,
        name: &str,
        (mode, terms): (Mode, TokenTerms),
    ) -> Result<MintedToken, StoreError> {
        let minted = self.mint.mint(mode);
        let record = TokenRecord {
            user,
            hash: minted.hash,
            hint: minted.hint(),
            name: name.chars().take(100).collect(),
            terms,
            replaces: None,
        };
        retrying(ATTEMPTS, || self.insert(&record)).await?;
        Ok(minted)
    }

    async fn insert(&self, record: &TokenRecord) -> Result<(), StoreError> {
        let mut uow = self.store.begin().await?;
        uow.identity().insert_token(record, self.clock.now()).await?;
        uow.commit().await
    }
}

/// Why a customer was not added.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Not an address.
    #[error("this is not an e-mail address")]
    Email,
    /// Too short or too long.
    #[error(
        "a password has {min} to {max} bytes",
        min = AddCustomer::MIN_PASSWORD,
        max = AddCustomer::MAX_PASSWORD
    )]
    Password,
    /// The address belongs to a customer already.
    #[error("a customer with this address exists")]
    Taken,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RegisterError {
    fn code(&self) -> Code {
        match self {
            Self::Email | Self::Password => Code::ValidationError,
            Self::Taken => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Email => vec![FieldFault::new("email", self.to_string())],
            Self::Password => vec![FieldFault::new("password", self.to_string())],
            Self::Taken | Self::Store(_) => Vec::new(),
        }
    }
}

impl AsContention for RegisterError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
