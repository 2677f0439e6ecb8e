use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::Serialize;

use super::{Provider, activation::Activation, book::Book};

/// How often one message is reported until the customer's server answers 200.
const ATTEMPTS: u32 = 5;

/// One message to report to the customer's server.
pub(super) struct Callback {
    activation: u32,
    body: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    activation_id: u32,
    service: &'a str,
    text: &'a str,
    code: &'a str,
    country: u32,
    received_at: String,
}

impl Callback {
    /// Reports the last message of `activation`.
    pub(super) fn of(activation: &Activation) -> Option<Self> {
        let sms = activation.last_sms()?;
        let body = Body {
            activation_id: activation.id,
            service: activation.service.code,
            text: &sms.text,
            code: &sms.code,
            country: activation.country.id,
            received_at: sms.received_at.naive(),
        };
        Some(Self { activation: activation.id, body: serde_json::to_vec(&body).ok()?.into() })
    }
}

/// What can be sent now that `callback` has come.
pub(super) fn release(book: &mut Book, callback: Callback) -> Vec<Callback> {
    if book.faults.no_callback || book.settings.callback_url.is_none() {
        return Vec::new();
    }
    if !book.faults.callback_reorder {
        return vec![callback];
    }
    book.held.push(callback);
    if book.held.len() < 2 { Vec::new() } else { held(book) }
}

/// The callbacks held back, newest first.
pub(super) fn held(book: &mut Book) -> Vec<Callback> {
    let mut held = std::mem::take(&mut book.held);
    held.reverse();
    held
}

impl Provider {
    /// Sends callbacks one after the other, each until it is taken, and says how often that failed.
    pub(super) async fn send(self: Arc<Self>, callbacks: Vec<Callback>) -> usize {
        let (delay, copies) = {
            let faults = &self.open_book().faults;
            (faults.callback_delay_ms, faults.callback_duplicates.saturating_add(1))
        };
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let mut failed = 0;
        for callback in &callbacks {
            for _ in 0..copies {
                failed += usize::from(!self.send_until_taken(callback).await);
            }
        }
        failed
    }

    async fn send_until_taken(&self, callback: &Callback) -> bool {
        for attempt in 1..=ATTEMPTS {
            let (url, retry_ms) = {
                let settings = &self.open_book().settings;
                (settings.callback_url.clone(), settings.callback_retry_ms)
            };
            let Some(url) = url else { return false };
            let status = self.courier.post(&url, None, callback.body.clone()).await;
            self.open_book().record_callback(callback.activation, status);
            if status == 200 {
                return true;
            }
            if attempt < ATTEMPTS {
                tokio::time::sleep(Duration::from_millis(retry_ms)).await;
            }
        }
        tracing::info!(activation.id = callback.activation, "gave up on a callback");
        false
    }
}
