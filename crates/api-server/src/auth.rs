use std::{sync::Arc, time::Duration, time::Instant};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};
use domain::{
    catalog::CatalogQueries,
    fault::{Code, Fault},
    identity::{IdentityQueries, Mode, TokenHash, TokenMint, TokenOwner},
    ids::UserId,
    store::StoreError,
    test_mode::TestCatalog,
};
use http_kit::ApiError;
use moka::{Expiry, future::Cache};

use crate::routes::Declared;

/// The customer behind the bearer token of a request.
#[derive(Debug, Clone, Copy)]
pub struct CurrentUser {
    /// Who it is.
    pub id: UserId,
    /// With which token; a long stream asks again whether it is still good.
    pub token: TokenHash,
    /// Whether anything real is touched.
    pub mode: Mode,
}

impl CurrentUser {
    /// Where this caller buys: test accounts have a catalog of their own.
    pub(crate) fn catalog(&self, live: Arc<dyn CatalogQueries>) -> Arc<dyn CatalogQueries> {
        if self.mode.is_test() { Arc::new(TestCatalog) } else { live }
    }
}

impl<S> FromRequestParts<S> for CurrentUser
where
    S: Send + Sync,
    Callers: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // The table of routes says what each of them asks of a token; what it does not know is
        // for nobody.
        if parts.extensions.get::<Declared>().is_none() {
            return Err(ApiError::new(Code::InternalError));
        }
        let text = bearer(parts).ok_or(AuthError::Missing)?;
        Ok(Callers::from_ref(state).recognise(text).await?)
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Knows whose token is whose, and remembers it for a moment.
#[derive(Clone)]
pub struct Callers {
    mint: Arc<dyn TokenMint>,
    identity: Arc<dyn IdentityQueries>,
    remembered: Cache<TokenHash, Option<TokenOwner>>,
}

impl Callers {
    /// Tokens remembered at once; the busiest stay when there are more.
    const REMEMBERED: u64 = 50_000;

    /// Asks `identity` about tokens that `mint` could have made.
    pub fn new(mint: Arc<dyn TokenMint>, identity: Arc<dyn IdentityQueries>) -> Self {
        let remembered =
            Cache::builder().max_capacity(Self::REMEMBERED).expire_after(Freshness).build();
        Self { mint, identity, remembered }
    }

    async fn recognise(&self, text: &str) -> Result<CurrentUser, AuthError> {
        let token = self.mint.recognise(text).ok_or(AuthError::Missing)?;
        self.owner(token).await
    }

    /// Whether a token that was good has been revoked, or its owner suspended, by now. A database
    /// that does not answer says nothing of the kind.
    pub(crate) async fn is_revoked(&self, token: TokenHash) -> bool {
        self.remembered.invalidate(&token).await;
        matches!(self.owner(token).await, Err(AuthError::Missing | AuthError::Suspended))
    }

    /// Refuses a token that has turned bad since its request began, as far as is known here.
    pub(crate) async fn confirm(&self, token: TokenHash) -> Result<(), ApiError> {
        match self.owner(token).await {
            Err(error @ (AuthError::Missing | AuthError::Suspended)) => Err(error.into()),
            Ok(_) | Err(AuthError::Store(_)) => Ok(()),
        }
    }

    async fn owner(&self, token: TokenHash) -> Result<CurrentUser, AuthError> {
        let lookup = async { self.identity.token_owner(token).await };
        match self.remembered.try_get_with(token, lookup).await? {
            Some(TokenOwner { suspended: true, .. }) => Err(AuthError::Suspended),
            Some(owner) => Ok(CurrentUser { id: owner.user, token, mode: owner.mode }),
            None => Err(AuthError::Missing),
        }
    }
}

/// How long an answer about a token is believed.
struct Freshness;

impl Freshness {
    /// The longest that a revoked token still works.
    const KNOWN: Duration = Duration::from_secs(10);
    /// The longest that a fresh token does not work yet, if it was tried too early.
    const UNKNOWN: Duration = Duration::from_secs(2);
}

impl Expiry<TokenHash, Option<TokenOwner>> for Freshness {
    fn expire_after_create(
        &self,
        _: &TokenHash,
        owner: &Option<TokenOwner>,
        _: Instant,
    ) -> Option<Duration> {
        Some(if owner.is_some() { Self::KNOWN } else { Self::UNKNOWN })
    }
}

/// Why a caller is turned away.
#[derive(Debug, thiserror::Error)]
enum AuthError {
    /// No token, or none that is good.
    #[error("no valid token")]
    Missing,
    /// The customer is not allowed anything.
    #[error("the account is suspended")]
    Suspended,
    /// Storage failed; shared by all requests that waited for the same answer.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

impl Fault for AuthError {
    fn code(&self) -> Code {
        match self {
            Self::Missing => Code::Unauthorized,
            Self::Suspended => Code::Forbidden,
            Self::Store(error) => error.code(),
        }
    }
}
