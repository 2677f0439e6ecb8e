use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{identity::TokenUse, ids::TokenId, time::Clock};
use runtime::Stop;
use tokio::time::sleep;

/// How often the tokens that were used are written down.
const EVERY: Duration = Duration::from_mins(1);
/// Tokens noted at once; the use of more shows a minute later.
const MOST: usize = 50_000;

/// The tokens that were used since they were last written down. A token that is in use is looked
/// up every few seconds, and noted with that, so that ordinary requests are not concerned.
#[derive(Debug, Clone, Default)]
pub(crate) struct UsedTokens(Arc<Mutex<BTreeSet<TokenId>>>);

impl UsedTokens {
    pub(super) fn note(&self, token: TokenId) {
        self.with(|tokens| {
            if tokens.len() < MOST {
                tokens.insert(token);
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeSet<TokenId>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes down which tokens were used, every minute and at the end.
pub(crate) async fn note_used(
    used: UsedTokens,
    store: Arc<dyn TokenUse>,
    clock: Arc<dyn Clock>,
    stop: Stop,
) {
    let mut stopping = false;
    while !stopping {
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stop.stopping() => stopping = true,
        }
        let tokens = used.with(mem::take);
        let ids: Vec<_> = tokens.iter().copied().collect();
        if ids.is_empty() {
            continue;
        }
        if let Err(error) = store.used(&ids, clock.now()).await {
            tracing::warn!(%error, "the last use of {} tokens is not written down yet", ids.len());
            used.with(|later| later.extend(tokens));
        }
    }
}
