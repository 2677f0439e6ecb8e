use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use domain::{
    fault::{Code, Fault},
    inbox::receive::{Receipt, ReceiveSms},
    providers::ProviderRecord,
};
use http_kit::ApiError;
use metrics::counter;
use runtime::Supervisor;
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::{payload, senders::Senders};
use crate::config::Callbacks;

/// Takes providers' callbacks.
///
/// A callback is acknowledged once it is stored. Acting on it goes on in the background when the
/// provider that is asked for confirmation takes longer than the sender waits.
#[derive(Clone)]
pub struct SmsDesk {
    senders: Senders,
    receive: ReceiveSms,
    supervisor: Supervisor,
    expected: Arc<Callbacks>,
    acting: Arc<Semaphore>,
}

/// One callback as it came.
pub(crate) struct Call<'a> {
    pub(crate) secret: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) peer: Option<IpAddr>,
    pub(crate) headers: &'a HeaderMap,
}

impl SmsDesk {
    /// One SMS is far smaller; more is not from a provider.
    const MAX_BODY: usize = 64 * 1024;
    /// The most impatient provider gives up after three seconds.
    const PATIENCE: Duration = Duration::from_secs(2);
    /// Callbacks acted on at once; more are left to the task worker, which finds them stored.
    const MOST_ACTING: usize = 512;

    /// Wires the desk. `supervisor` keeps the process alive until what was begun is finished.
    pub fn new(
        senders: Senders,
        receive: ReceiveSms,
        expected: Callbacks,
        supervisor: Supervisor,
    ) -> Self {
        let acting = Arc::new(Semaphore::new(Self::MOST_ACTING));
        Self { senders, receive, supervisor, expected: Arc::new(expected), acting }
    }

    /// An unknown path answers like one that does not exist, whatever it came with.
    pub(crate) async fn receive(&self, call: &Call<'_>) -> Result<(), ApiError> {
        let sender = self.senders.find(call.secret).await.map_err(|error| {
            count("unknown", "failed");
            tracing::warn!(%error, "cannot tell whose callback this is");
            ApiError::new(error.code())
        })?;
        let Some(sender) = sender else {
            count("unknown", "unknown_path");
            return Err(ApiError::new(Code::NotFound));
        };
        self.look_at_source(&sender, call);
        if call.body.len() > Self::MAX_BODY {
            count(&sender.code, "too_large");
            return Err(ApiError::new(Code::PayloadTooLarge));
        }
        let callback = payload::read(sender.id, call.query, call.body).map_err(|faults| {
            count(&sender.code, "unreadable");
            tracing::warn!(provider.code = sender.code, "callback of {} not readable", sender.code);
            ApiError::validation(&faults)
        })?;
        let stored = self.receive.store(&callback).await.inspect_err(|error| {
            count(&sender.code, "failed");
            tracing::warn!(%error, provider.code = sender.code, "callback of {} not stored", sender.code);
        })?;
        let Ok(permit) = Arc::clone(&self.acting).try_acquire_owned() else {
            count(&sender.code, "deferred");
            return Ok(());
        };
        let (done, acted) = oneshot::channel();
        let receive = self.receive.clone();
        self.supervisor.spawn_once("sms-callback", async move {
            let receipt = receive.act(&stored).await;
            count(&sender.code, outcome(receipt));
            drop(permit);
            // Nobody listens any more once the sender has its answer.
            let _ = done.send(());
        });
        // Waiting keeps senders from outrunning us; how it ends makes no difference to them.
        let _ = timeout(Self::PATIENCE, acted).await;
        Ok(())
    }

    fn look_at_source(&self, sender: &ProviderRecord, call: &Call<'_>) {
        let Callbacks { known_sources, address_header } = &*self.expected;
        if known_sources.is_empty() {
            return;
        }
        let source = match address_header {
            Some(name) => call.headers.get(name).and_then(|v| v.to_str().ok()?.trim().parse().ok()),
            None => call.peer,
        };
        if source.is_none_or(|source: IpAddr| !known_sources.contains(&source)) {
            counter!("sms_callbacks_from_strangers_total", "provider" => sender.code.clone())
                .increment(1);
            tracing::warn!(
                provider.code = sender.code,
                source = source.map(tracing::field::display),
                "callback of {} came from an address that is not in callbacks.known_sources",
                sender.code
            );
        }
    }
}

const fn outcome(receipt: Receipt) -> &'static str {
    match receipt {
        Receipt::Applied => "applied",
        Receipt::Settled => "settled",
        Receipt::Kept => "kept",
    }
}

fn count(provider: &str, outcome: &'static str) {
    counter!("sms_callbacks_total", "provider" => provider.to_owned(), "outcome" => outcome)
        .increment(1);
}
