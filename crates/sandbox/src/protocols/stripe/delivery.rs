use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    desk::Stripe,
    event::Origin,
    payment::ActError,
    signature::{header, sign},
};
use crate::clock::Moment;

/// How often an event is sent before the gateway gives up.
const ATTEMPTS: u32 = 4;

/// Twice the age that receivers accept.
const STALE_SECONDS: i64 = 600;
const FUTURE_SECONDS: i64 = 3600;

const FOREIGN_SECRET: &str = "whsec_of_somebody_else";

/// In which shape an event reaches its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deliver {
    /// As it should be.
    #[default]
    Fresh,
    /// Not at all; it can only be listed.
    None,
    /// Once it is asked for, together with others in any order.
    Hold,
    /// Signed too long ago.
    Stale,
    /// The same signed bytes twice.
    Duplicate,
    /// A wrong signature first, then the right one.
    TwoSecrets,
    /// The right signature under the scheme that must be ignored.
    V0Only,
    /// Another body than the signed one.
    Tampered,
    WrongSecret,
    /// Signed at a time to come.
    Future,
    BadHeader,
}

impl Deliver {
    /// Whether a receiver has to take it, so that sending again makes sense.
    const fn is_genuine(self) -> bool {
        matches!(self, Self::Fresh | Self::Duplicate | Self::TwoSecrets)
    }
}

/// One signed event on its way.
#[derive(Clone)]
struct Letter {
    header: String,
    body: Bytes,
}

impl Stripe {
    /// Ends an open session and sends the event.
    pub(crate) fn expire_now(self: &Arc<Self>, session: &str) -> Result<(), ActError> {
        let mut desk = self.desk();
        match desk.sessions.get(session).map(|it| it.status) {
            None => return Err(ActError::Unknown("session")),
            Some("open") => desk.expire(session),
            Some(status) => return Err(ActError::NotNow(format!("the session is {status}"))),
        }
        drop(desk);
        self.expire_due();
        Ok(())
    }

    /// Records an event of any kind.
    pub(crate) fn invent(&self, kind: &str, object: &Value, livemode: bool) -> String {
        self.desk().record(kind, object, &Origin { livemode, ..Origin::default() })
    }

    /// What an event tells of; nothing when there is no such event.
    pub(crate) fn event_kind(&self, id: &str) -> Option<String> {
        self.desk().events.get(id).map(|event| event.kind.clone())
    }

    /// Sends an event `times` times at once and returns the statuses, 0 for no answer.
    ///
    /// Each copy is signed afresh. When none of the genuine ones is taken, sending goes on in the
    /// background.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        event_id: &str,
        how: Deliver,
        times: u32,
    ) -> Vec<u16> {
        if how == Deliver::Hold {
            self.desk().held.push(event_id.to_owned());
            return Vec::new();
        }
        let mut sending = Vec::new();
        for _ in 0..times {
            let Some((url, letters)) = self.letters(event_id, how) else { return Vec::new() };
            for letter in letters {
                let (stripe, url, id) = (Arc::clone(self), url.clone(), event_id.to_owned());
                let attempt = async move { stripe.attempt(&url, &id, letter).await };
                sending.push(self.courier.run(attempt));
            }
        }
        let mut statuses = Vec::new();
        for attempt in sending {
            statuses.push(attempt.await.unwrap_or(0));
        }
        if how.is_genuine() && !statuses.iter().any(|status| is_success(*status)) {
            self.retry(event_id.to_owned());
        }
        statuses
    }

    /// How events leave that nobody gave a shape.
    pub(crate) fn usual_delivery(&self) -> Deliver {
        self.desk().settings.deliver
    }

    /// Takes the events that were kept back, oldest first.
    pub(crate) fn release(&self) -> Vec<String> {
        std::mem::take(&mut self.desk().held)
    }

    /// Sends an event in the background until it is taken.
    pub(super) fn dispatch(self: &Arc<Self>, event_id: String) {
        let stripe = Arc::clone(self);
        self.courier.detach(async move {
            let how = stripe.usual_delivery();
            stripe.deliver(&event_id, how, 1).await;
        });
    }

    fn retry(self: &Arc<Self>, event_id: String) {
        let stripe = Arc::clone(self);
        self.courier.detach(async move {
            for _ in 1..ATTEMPTS {
                let wait_ms = stripe.desk().settings.webhook_retry_ms;
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                let Some((url, letters)) = stripe.letters(&event_id, Deliver::Fresh) else {
                    return;
                };
                for letter in letters {
                    if is_success(stripe.attempt(&url, &event_id, letter).await) {
                        return;
                    }
                }
            }
            tracing::info!(event.id = event_id, "gave up on a webhook");
        });
    }

    async fn attempt(&self, url: &str, event_id: &str, letter: Letter) -> u16 {
        let status = self.courier.post(url, Some(&letter.header), letter.body).await;
        let mut desk = self.desk();
        let now = desk.now;
        if let Some(event) = desk.events.get_mut(event_id) {
            event.deliveries.push((now, status));
        }
        status
    }

    /// The receiver and what to send it; nothing when there is no receiver.
    fn letters(&self, event_id: &str, how: Deliver) -> Option<(String, Vec<Letter>)> {
        let desk = self.desk();
        let url = desk.settings.webhook_url.clone()?;
        let body = desk.events.get(event_id)?.body.clone();
        let secrets: Vec<&str> = desk.settings.webhook_secrets.iter().map(String::as_str).collect();
        Some((url, letters(how, &body, &secrets, Moment::real().unix_seconds())))
    }
}

fn letters(how: Deliver, body: &Bytes, secrets: &[&str], now: i64) -> Vec<Letter> {
    let own = secrets.iter().copied();
    let signed_at = |t: i64| header(own.clone(), t, body);
    let (header, body) = match how {
        Deliver::None | Deliver::Hold => return Vec::new(),
        Deliver::Fresh | Deliver::Duplicate => (signed_at(now), body.clone()),
        Deliver::Stale => (signed_at(now - STALE_SECONDS), body.clone()),
        Deliver::Future => (signed_at(now + FUTURE_SECONDS), body.clone()),
        Deliver::TwoSecrets => {
            (header([FOREIGN_SECRET].into_iter().chain(own), now, body), body.clone())
        }
        Deliver::V0Only => {
            let secret = secrets.first().copied().unwrap_or("");
            (format!("t={now},v0={}", sign(secret, now, body)), body.clone())
        }
        Deliver::Tampered => (signed_at(now), tampered(body)),
        Deliver::WrongSecret => (header([FOREIGN_SECRET], now, body), body.clone()),
        Deliver::BadHeader => ("not a signature".to_owned(), body.clone()),
    };
    let copies = if how == Deliver::Duplicate { 2 } else { 1 };
    vec![Letter { header, body }; copies]
}

/// The event with ten times the amount, or with a field nobody signed when it has no amount.
fn tampered(body: &Bytes) -> Bytes {
    let mut event: Value = serde_json::from_slice(body).unwrap_or_default();
    match event.pointer_mut("/data/object/amount_total") {
        Some(amount) => *amount = json!(amount.as_u64().unwrap_or(1).saturating_mul(10)),
        None => event = json!({ "tampered": true, "original": event }),
    }
    Bytes::from(event.to_string())
}

const fn is_success(status: u16) -> bool {
    status >= 200 && status < 300
}
