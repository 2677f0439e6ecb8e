use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use domain::{
    identity::{IdentityQueries, TokenHash, TokenMint, TokenOwner},
    ids::{TokenId, UserId},
    time::{Clock, Timestamp},
};
use http_kit::ApiError;
use moka::{Expiry, future::Cache};
use tokio::sync::broadcast;

use super::{AuthError, UsedTokens};

/// Knows whose token is whose, and remembers it for a moment.
#[derive(Clone)]
pub struct Callers {
    mint: Arc<dyn TokenMint>,
    identity: Arc<dyn IdentityQueries>,
    clock: Arc<dyn Clock>,
    remembered: Cache<TokenHash, Option<Arc<TokenOwner>>>,
    ended: Arc<Ended>,
    endings: broadcast::Sender<TokenHash>,
    used: UsedTokens,
}

impl Callers {
    /// Tokens remembered at once; the busiest stay when there are more.
    const REMEMBERED: u64 = 50_000;
    /// Endings that a stream may be behind with; one further behind looks for itself.
    const ENDINGS: usize = 256;

    /// Asks `identity` about tokens that `mint` could have made.
    pub fn new(
        mint: Arc<dyn TokenMint>,
        identity: Arc<dyn IdentityQueries>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let remembered =
            Cache::builder().max_capacity(Self::REMEMBERED).expire_after(Freshness).build();
        Self {
            mint,
            identity,
            clock,
            remembered,
            ended: Arc::default(),
            endings: broadcast::Sender::new(Self::ENDINGS),
            used: UsedTokens::default(),
        }
    }

    /// Turns a token away from now on, and ends its streams.
    pub fn end(&self, token: TokenHash) {
        self.ended.insert(token);
        // Fails when no stream is open.
        let _ = self.endings.send(token);
    }

    /// Believes nothing any more that was heard before now: endings may have been missed.
    pub fn forget_all(&self) {
        self.remembered.invalidate_all();
    }

    /// Looks again at the next opportunity who owns a token, and whether its streams may go on.
    pub fn doubt(&self, token: TokenHash) {
        // Forgetting a single one has to be waited for; all of them are soon known again.
        self.forget_all();
        // Fails when no stream is open.
        let _ = self.endings.send(token);
    }

    /// Hears when `token` ends.
    pub(crate) fn ending(&self, token: TokenHash) -> Ending {
        // In this order nothing falls in between.
        let news = self.endings.subscribe();
        Ending { news, token, is_known: self.ended.contains(&token) }
    }

    /// Which tokens were used.
    pub(crate) fn used(&self) -> UsedTokens {
        self.used.clone()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn recognise(&self, text: &str) -> Recognised {
        let token = self.mint.recognise(text).ok_or(AuthError::Missing)?;
        Ok((token, self.owner(token).await?))
    }

    /// Whose token this is, if that is remembered.
    pub(crate) async fn remembered(&self, text: &str) -> Option<Known> {
        let owner = self.remembered.get(&self.mint.recognise(text)?).await??;
        Some(Known { token: owner.token, user: owner.user })
    }

    /// Whose token this is. The request carries the answer on, so that nobody asks twice.
    pub(crate) async fn look_up(&self, text: &str) -> LookedUp {
        LookedUp(self.recognise(text).await)
    }

    /// Whether a token that was good has been revoked, or its owner suspended, by now. A database
    /// that does not answer says nothing of the kind.
    pub(crate) async fn is_revoked(&self, token: TokenHash) -> bool {
        if self.ended.contains(&token) {
            return true;
        }
        self.remembered.invalidate(&token).await;
        match self.owner(token).await {
            Ok(owner) => owner.suspended || owner.terms.is_over(self.now()),
            Err(AuthError::Missing) => true,
            Err(_) => false,
        }
    }

    /// Refuses a token that has turned bad since its request began, as far as is known here.
    pub(crate) async fn confirm(&self, token: TokenHash) -> Result<(), ApiError> {
        match self.owner(token).await {
            Ok(owner) if owner.terms.is_over(self.now()) => Err(AuthError::Missing.into()),
            Ok(owner) if owner.suspended => Err(AuthError::Suspended.into()),
            Ok(_) | Err(AuthError::Store(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn owner(&self, token: TokenHash) -> Result<Arc<TokenOwner>, AuthError> {
        let lookup = async {
            let owner = self.identity.token_owner(token).await?;
            if let Some(owner) = &owner {
                self.used.note(owner.token);
            }
            Ok(owner.map(Arc::new))
        };
        let owner = self.remembered.try_get_with(token, lookup).await?;
        owner.filter(|_| !self.ended.contains(&token)).ok_or(AuthError::Missing)
    }
}

/// A token and its owner, by their numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) token: TokenId,
    pub(crate) user: UserId,
}

/// What a lookup said of the token of a request; in the extensions of that request.
#[derive(Clone)]
pub(crate) struct LookedUp(pub(super) Recognised);

impl LookedUp {
    /// Whose token it is, if it is somebody's.
    pub(crate) fn known(&self) -> Option<Known> {
        let (_, owner) = self.0.as_ref().ok()?;
        Some(Known { token: owner.token, user: owner.user })
    }
}

/// A token with its owner.
pub(super) type Recognised = Result<(TokenHash, Arc<TokenOwner>), AuthError>;

/// Tokens that ended lately. A lookup that began before may still answer that they are good.
#[derive(Default)]
struct Ended(RwLock<HashMap<TokenHash, Instant>>);

impl Ended {
    /// Longer than any lookup takes and its answer is believed.
    const KEPT: Duration = Duration::from_mins(2);
    /// Beyond so many, answers that are believed for ten seconds have to do.
    const MOST: usize = 50_000;

    fn insert(&self, token: TokenHash) {
        let mut ended = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, at| at.elapsed() < Self::KEPT);
        if ended.len() < Self::MOST {
            ended.insert(token, Instant::now());
        }
    }

    fn contains(&self, token: &TokenHash) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(token)
    }
}

/// Hears when a token ends.
pub(crate) struct Ending {
    news: broadcast::Receiver<TokenHash>,
    token: TokenHash,
    is_known: bool,
}

impl Ending {
    /// Completes when the token may have ended.
    pub(crate) async fn heard(&mut self) {
        if self.is_known {
            return;
        }
        // So much was ended at once that some of it was missed: then it is time to look.
        while self.news.recv().await.is_ok_and(|ended| ended != self.token) {}
    }
}

/// How long an answer about a token is believed.
struct Freshness;

impl Freshness {
    /// The longest that a revoked token still works where nobody tells that it was revoked.
    const KNOWN: Duration = Duration::from_secs(10);
    /// The longest that a fresh token does not work yet, if it was tried too early.
    const UNKNOWN: Duration = Duration::from_secs(2);
}

impl Expiry<TokenHash, Option<Arc<TokenOwner>>> for Freshness {
    fn expire_after_create(
        &self,
        _: &TokenHash,
        owner: &Option<Arc<TokenOwner>>,
        _: Instant,
    ) -> Option<Duration> {
        Some(if owner.is_some() { Self::KNOWN } else { Self::UNKNOWN })
    }
}
