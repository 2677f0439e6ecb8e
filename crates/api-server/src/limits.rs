//! How much callers may ask for, and telling them.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{
    fault::Code,
    identity::IpRange,
    limits::{Account, Policy, RateLimiter, Standing, Verdict},
};
use http_kit::{ApiError, ClientIp};
use metrics::counter;

use crate::{
    auth::{Callers, Known, LookedUp, bearer},
    config::Quotas,
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
/// A network of this size has one customer.
const IPV6_PREFIX: u8 = 64;

/// Charges callers for what they ask for.
#[derive(Clone)]
pub struct Meter {
    limiter: Arc<dyn RateLimiter>,
    quotas: Quotas,
}

impl Meter {
    /// Counts with `limiter`.
    pub fn new(limiter: Arc<dyn RateLimiter>, quotas: Quotas) -> Self {
        Self { limiter, quotas }
    }

    /// Everything that a request with this token from this address is counted for. Who is not
    /// known yet is counted by address before anybody is asked, so that made-up tokens cost us
    /// nothing.
    async fn open(
        &self,
        callers: &Callers,
        text: Option<&str>,
        ip: Option<ClientIp>,
    ) -> (Tab, Option<LookedUp>) {
        let mut accounts: Vec<_> = ip.map(|ip| self.by_address(ip)).into_iter().collect();
        let known = match text {
            Some(text) => callers.remembered(text).await,
            None => None,
        };
        if let Some(known) = known {
            accounts.extend(self.by_owner(known));
            return (self.charge(accounts).await, None);
        }
        let tab = self.charge(accounts).await;
        let Some(text) = text.filter(|_| tab.is_admitted()) else { return (tab, None) };
        let found = callers.look_up(text).await;
        let Some(known) = found.known() else { return (tab, Some(found)) };
        let own = self.charge(self.by_owner(known).into()).await;
        (tab.with(own), Some(found))
    }

    fn by_address(&self, ClientIp(ip): ClientIp) -> Account {
        let subject = IpRange::around(ip, if ip.is_ipv6() { IPV6_PREFIX } else { 32 }).to_string();
        Account { policy: self.quotas.ip, subject }
    }

    fn by_owner(&self, known: Known) -> [Account; 2] {
        [
            Account { policy: self.quotas.token, subject: known.token.to_string() },
            Account { policy: self.quotas.user, subject: known.user.to_string() },
        ]
    }

    /// Charges for the request itself.
    async fn charge(&self, accounts: Vec<Account>) -> Tab {
        let Verdict(standings) = self.limiter.charge(&accounts, 1).await;
        Tab { meter: self.clone(), accounts, standings: Arc::new(Mutex::new(standings)) }
    }
}

/// What one request is counted for; in its extensions.
#[derive(Clone)]
pub(crate) struct Tab {
    meter: Meter,
    accounts: Vec<Account>,
    standings: Arc<Mutex<Vec<Standing>>>,
}

impl Tab {
    /// Charges for more than the request itself.
    pub(crate) async fn charge(&self, cost: u32) -> Result<(), ApiError> {
        if cost == 0 {
            return Ok(());
        }
        let verdict = self.meter.limiter.charge(&self.accounts, cost).await;
        let refusal = refusal(&verdict);
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = verdict.0;
        refusal.map_or(Ok(()), Err)
    }

    fn with(self, other: Self) -> Self {
        let standings = [self.standings(), other.standings()].concat();
        let accounts = [self.accounts, other.accounts].concat();
        Self { meter: self.meter, accounts, standings: Arc::new(Mutex::new(standings)) }
    }

    fn is_admitted(&self) -> bool {
        Verdict(self.standings()).is_admitted()
    }

    fn standings(&self) -> Vec<Standing> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S: Sync> FromRequestParts<S> for Tab {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // Every route is behind the layer that puts it there.
        parts.extensions.get().cloned().ok_or_else(|| ApiError::new(Code::InternalError))
    }
}

/// Charges every request before it is looked at, and says on every answer how its caller stands.
pub(crate) async fn limited(
    State((callers, meter)): State<(Callers, Meter)>,
    mut request: Request,
    next: Next,
) -> Response {
    let ip = request.extensions().get::<ClientIp>().copied();
    let text = bearer(request.headers()).map(str::to_owned);
    let (tab, found) = meter.open(&callers, text.as_deref(), ip).await;
    if let Some(found) = found {
        request.extensions_mut().insert(found);
    }
    let mut response = if let Some(error) = refusal(&Verdict(tab.standings())) {
        error.into_response()
    } else {
        request.extensions_mut().insert(tab.clone());
        next.run(request).await
    };
    announce(response.headers_mut(), &tab.standings());
    response
}

fn refusal(verdict: &Verdict) -> Option<ApiError> {
    if verdict.is_admitted() {
        return None;
    }
    for standing in verdict.0.iter().filter(|standing| standing.is_short) {
        counter!("rate_limited_total", "policy" => standing.policy.name).increment(1);
    }
    let after = Duration::from_secs(whole_seconds(verdict.retry_after()));
    Some(ApiError::new(Code::RateLimitExceeded).with_retry_after(after))
}

/// draft-ietf-httpapi-ratelimit-headers-11.
fn announce(headers: &mut HeaderMap, standings: &[Standing]) {
    let (mut policies, mut current) = (String::new(), String::new());
    for Standing { policy, remaining, reset, .. } in standings {
        let Policy { name, quota, window, .. } = policy;
        let comma = if policies.is_empty() { "" } else { ", " };
        let _ = write!(policies, "{comma}\"{name}\";q={quota};w={}", window.as_secs());
        let _ = write!(current, "{comma}\"{name}\";r={remaining};t={}", whole_seconds(*reset));
    }
    for (name, text) in [(POLICY, policies), (STANDING, current)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    // A refusal for another reason must not send its caller back before it is admitted.
    let short = standings.iter().filter(|standing| standing.is_short);
    if let Some(seconds) = short.map(|standing| whole_seconds(standing.reset)).max() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Rounded up: whoever waits exactly that long must not be too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
