//! Replacing tokens and ending them.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{MintedToken, StoredToken, TokenHash, TokenMint, TokenNews, TokenRecord, TokenTerms};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::TokenId,
    ledger::PostError,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::{Clock, Timestamp},
};

/// Gives a customer a new token in place of one that goes on for a while, so that programs can be
/// moved from one to the other.
///
/// Of a token and those that took its place, no more than two are good at once: replacing the
/// second ends the first.
#[derive(Clone)]
pub struct RotateToken {
    store: Arc<dyn Store>,
    mint: Arc<dyn TokenMint>,
    news: Arc<dyn TokenNews>,
    clock: Arc<dyn Clock>,
}

/// A token that took the place of another one.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The new one.
    pub minted: MintedToken,
    /// When the one it replaces ends.
    pub old_ends_at: Timestamp,
    /// The one that ended at once, because it would have been the third.
    pub ended: Option<TokenId>,
    /// Whether every process was told of the one that ended.
    pub told: bool,
}

impl RotateToken {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        mint: Arc<dyn TokenMint>,
        news: Arc<dyn TokenNews>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, mint, news, clock }
    }

    /// Runs the use case. The new token is good for what the old one is; one that was to end lives
    /// as long as the old one was meant to.
    pub async fn execute(&self, id: TokenId, grace: TimeDelta) -> Result<Rotated, TokenError> {
        let (rotated, ended) = retrying(ATTEMPTS, || self.replace(id, grace)).await?;
        let told = ended.is_empty() || self.news.ended(&ended).await;
        Ok(Rotated { told, ..rotated })
    }

    async fn replace(
        &self,
        id: TokenId,
        grace: TimeDelta,
    ) -> Result<(Rotated, Vec<TokenHash>), TokenError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let old = uow.identity().token(id).await?.ok_or(TokenError::Unknown)?;
        if !old.is_live(now) {
            return Err(TokenError::Over);
        }
        if let Some(by) = uow.identity().successor(id).await? {
            return Err(TokenError::Replaced { by });
        }
        let old_ends_at = now.checked_add_signed(grace).ok_or(TokenError::Grace)?;
        let mut ended = Vec::new();
        uow.identity().limit_token(id, old_ends_at).await?;
        if old_ends_at <= now {
            uow.identity().revoke_token(id, now).await?;
            ended.push(old.hash);
        }
        let oldest = match old.replaces {
            Some(oldest) => uow.identity().token(oldest).await?.filter(|it| it.is_live(now)),
            None => None,
        };
        if let Some(oldest) = &oldest {
            uow.identity().revoke_token(oldest.id, now).await?;
            ended.push(oldest.hash);
        }
        let minted = self.mint.mint(old.mode);
        uow.identity().insert_token(&successor(&old, &minted, now), now).await?;
        uow.commit().await?;
        let ended_id = oldest.map(|oldest| oldest.id);
        let old_ends_at = old.terms.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at));
        Ok((Rotated { minted, old_ends_at, ended: ended_id, told: true }, ended))
    }
}

fn successor(old: &StoredToken, minted: &MintedToken, now: Timestamp) -> TokenRecord {
    let life = old.terms.expires_at.map(|end| end.signed_duration_since(old.created_at));
    let expires_at = life.and_then(|life| now.checked_add_signed(life));
    TokenRecord {
        user: old.user,
        hash: minted.hash,
        hint: minted.hint(),
        name: old.name.clone(),
        terms: TokenTerms { expires_at, ..old.terms.clone() },
        replaces: Some(old.id),
    }
}

/// Ends a token now, in every process.
#[derive(Clone)]
pub struct RevokeToken {
    store: Arc<dyn Store>,
    news: Arc<dyn TokenNews>,
    clock: Arc<dyn Clock>,
}

/// How revoking went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Since when the token is good for nothing.
    pub at: Timestamp,
    /// Whether every process was told; otherwise they find out within seconds.
    pub told: bool,
}

impl RevokeToken {
    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>, news: Arc<dyn TokenNews>, clock: Arc<dyn Clock>) -> Self {
        Self { store, news, clock }
    }

    /// Runs the use case. Revoking again tells everybody again.
    pub async fn execute(&self, id: TokenId) -> Result<Revoked, TokenError> {
        let (hash, at) = retrying(ATTEMPTS, || self.revoke(id)).await?;
        Ok(Revoked { at, told: self.news.ended(&[hash]).await })
    }

    async fn revoke(&self, id: TokenId) -> Result<(TokenHash, Timestamp), TokenError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let token = uow.identity().token(id).await?.ok_or(TokenError::Unknown)?;
        uow.identity().revoke_token(id, now).await?;
        uow.commit().await?;
        Ok((token.hash, token.revoked_at.unwrap_or(now)))
    }
}

/// Refuses terms under which a token would be good for nothing.
pub(super) fn check(terms: &TokenTerms, now: Timestamp) -> Result<(), TokenError> {
    if terms.scopes.is_empty() {
        return Err(TokenError::NoScope);
    }
    if terms.is_over(now) {
        return Err(TokenError::Past);
    }
    Ok(())
}

/// Why a token was not given, replaced or ended.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It would open nothing.
    #[error("a token needs at least one scope")]
    NoScope,
    /// It would be over before it is used.
    #[error("a token cannot end in the past")]
    Past,
    /// Beyond what a date can say.
    #[error("the time for which the old token goes on is too long")]
    Grace,
    /// Not among the stored ones.
    #[error("there is no such token")]
    Unknown,
    /// Revoked or expired.
    #[error("this token is over: issue a new one")]
    Over,
    /// Another token has its place already.
    #[error("token {by} took the place of this one already")]
    Replaced {
        /// Which.
        by: TokenId,
    },
    /// The test account could not be furnished.
    #[error("the test account could not be opened")]
    Account(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for TokenError {
    fn code(&self) -> Code {
        match self {
            Self::NoScope | Self::Past | Self::Grace => Code::ValidationError,
            Self::Unknown => Code::NotFound,
            Self::Over | Self::Replaced { .. } => Code::Conflict,
            Self::Account(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::NoScope => vec![FieldFault::new("scopes", self.to_string())],
            Self::Past => vec![FieldFault::new("expires_at", self.to_string())],
            Self::Grace => vec![FieldFault::new("grace", self.to_string())],
            Self::Unknown
            | Self::Over
            | Self::Replaced { .. }
            | Self::Account(_)
            | Self::Store(_) => Vec::new(),
        }
    }
}

impl AsContention for TokenError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
