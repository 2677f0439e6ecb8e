mod callers;
mod used;

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use domain::{
    catalog::CatalogQueries,
    fault::{Code, Fault},
    identity::{Mode, Scope, Scopes, TokenHash, TokenOwner},
    ids::{TokenId, UserId},
    store::StoreError,
    test_mode::TestCatalog,
    time::Timestamp,
};
use http_kit::{ApiError, ClientIp};

pub use callers::Callers;
pub(crate) use callers::{Ending, Known, LookedUp};
pub(crate) use used::{UsedTokens, note_used};

use crate::routes::Declared;

/// The customer behind the bearer token of a request, who may do what its route does.
#[derive(Debug, Clone, Copy)]
pub struct CurrentUser {
    /// Who it is.
    pub id: UserId,
    /// With which token; a long stream asks again whether it is still good.
    pub token: TokenHash,
    /// The number of that token.
    pub token_id: TokenId,
    /// What that token opens.
    pub scopes: Scopes,
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
        let Some(declared) = parts.extensions.get::<Declared>() else {
            return Err(ApiError::new(Code::InternalError));
        };
        let (scope, from) = (declared.scope, parts.extensions.get::<ClientIp>().map(|ip| ip.0));
        let text = bearer(&parts.headers).ok_or(AuthError::Missing)?;
        let callers = Callers::from_ref(state);
        let (token, owner) = match parts.extensions.get::<LookedUp>() {
            Some(LookedUp(found)) => found.clone()?,
            None => callers.recognise(text).await?,
        };
        Ok(admit(token, &owner, &Asked { scope, from, at: callers.now() })?)
    }
}

/// What a request asks of its token.
struct Asked {
    scope: Scope,
    from: Option<IpAddr>,
    at: Timestamp,
}

/// The one place in which a token is measured against a request.
fn admit(token: TokenHash, owner: &TokenOwner, asked: &Asked) -> Result<CurrentUser, AuthError> {
    let TokenOwner { user, token: token_id, ref terms, suspended, mode } = *owner;
    if terms.is_over(asked.at) {
        return Err(AuthError::Missing);
    }
    if suspended {
        return Err(AuthError::Suspended);
    }
    if !terms.admits(asked.from) {
        return Err(AuthError::Address);
    }
    if !terms.scopes.contains(asked.scope) {
        return Err(AuthError::Scope(asked.scope));
    }
    Ok(CurrentUser { id: user, token, token_id, scopes: terms.scopes, mode })
}

/// The token of a request, whatever it is worth.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Why a caller is turned away.
#[derive(Debug, Clone, thiserror::Error)]
enum AuthError {
    /// No token, or none that is good.
    #[error("no valid token")]
    Missing,
    /// The customer is not allowed anything.
    #[error("the account is suspended")]
    Suspended,
    /// The token has a list of addresses.
    #[error("the token is not good for this address")]
    Address,
    /// The token is good for other things.
    #[error("the token is not good for {0}")]
    Scope(Scope),
    /// Storage failed; shared by all requests that waited for the same answer.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

impl Fault for AuthError {
    fn code(&self) -> Code {
        match self {
            Self::Missing => Code::Unauthorized,
            Self::Suspended | Self::Address | Self::Scope(_) => Code::Forbidden,
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Suspended => "This account is suspended".to_owned(),
            Self::Address => "This token may not be used from this address".to_owned(),
            Self::Scope(scope) => format!("This token lacks the scope {scope}"),
            Self::Missing | Self::Store(_) => self.code().default_message().to_owned(),
        }
    }
}
