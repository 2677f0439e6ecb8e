use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{
    desk::{Btcpay, Desk},
    event::Envelope,
    signature::sign,
};
use crate::clock::Moment;

/// Seconds between a delivery that failed and the next try.
const WAITS: [u64; 8] = [10, 60, 600, 600, 600, 600, 600, 600];

/// How long a control waits for a delivery behind others that are being repeated.
const PATIENCE: Duration = Duration::from_secs(10);

const FOREIGN_SECRET: &str = "the secret of another store";

/// In which shape an event reaches its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deliver {
    /// As it should be: in its turn, and again while it is not taken.
    #[default]
    Fresh,
    /// Not at all.
    None,
    /// Once it is asked for, together with others in any order.
    Hold,
    /// The same signed bytes twice, at once.
    Duplicate,
    /// Another body than the signed one.
    Tampered,
    WrongSecret,
    Unsigned,
    BadHeader,
}

/// One sending of an event.
pub(super) struct Delivery {
    event_id: String,
    original_id: String,
    at: Moment,
    status: Option<u16>,
}

/// An event in the queue of the webhook.
pub(super) struct Job {
    event_id: String,
    /// Belongs to the run of the server that this number counts.
    restart: u64,
    /// Told what the first try came to.
    first: oneshot::Sender<u16>,
}

/// A request about to leave.
#[derive(Clone)]
struct Letter {
    delivery_id: String,
    url: String,
    signature: Option<String>,
    body: Bytes,
}

impl Delivery {
    pub(super) fn view(&self, id: &str) -> Value {
        json!({
            "id": id,
            "event_id": self.event_id,
            "is_redelivery": self.original_id != id,
            "at": self.at.rfc3339(),
            "status": self.status,
        })
    }
}

impl Btcpay {
    /// How events leave that nobody gave a shape.
    pub(crate) fn usual_delivery(&self) -> Deliver {
        self.desk().settings.deliver
    }

    /// What an event tells of; nothing when there is no such event.
    pub(crate) fn event_kind(&self, id: &str) -> Option<String> {
        self.desk().events.get(id).map(|event| event.kind.clone())
    }

    /// Takes the events that were kept back, oldest first.
    pub(crate) fn release(&self) -> Vec<String> {
        std::mem::take(&mut self.desk().held)
    }

    /// Loses everything that is queued or waits for its next try, as a restart of the server does.
    pub(crate) fn restart(&self) {
        self.restarts.send_modify(|count| *count += 1);
    }

    /// Sends an event and returns the statuses of its first tries, 0 for no answer. A fresh one
    /// that still waits for its turn has none yet.
    pub(crate) async fn deliver(self: &Arc<Self>, event_id: &str, how: Deliver) -> Vec<u16> {
        match how {
            Deliver::None => Vec::new(),
            Deliver::Hold => {
                self.desk().held.push(event_id.to_owned());
                Vec::new()
            }
            Deliver::Fresh => {
                let first = self.enqueue(event_id.to_owned());
                let status = tokio::time::timeout(PATIENCE, first).await;
                status.into_iter().flatten().collect()
            }
            _ => {
                let letters = self.desk().letters(event_id, how);
                let mut statuses = Vec::new();
                for letter in letters {
                    statuses.push(self.attempt(letter).await);
                }
                statuses
            }
        }
    }

    /// Sends an event once more at once, with a new delivery that names the first one.
    pub(crate) async fn redeliver(self: &Arc<Self>, event_id: &str, how: Deliver) -> Vec<u16> {
        if how != Deliver::Fresh {
            return self.deliver(event_id, how).await;
        }
        let letter = {
            let mut desk = self.desk();
            let first = desk.first_delivery(event_id);
            desk.letter(event_id, first.as_deref())
        };
        match letter {
            Some(letter) => vec![self.attempt(letter).await],
            None => Vec::new(),
        }
    }

    /// Sends an event without waiting for it.
    pub(super) fn dispatch(self: &Arc<Self>, event_id: String, how: Deliver) {
        let btcpay = Arc::clone(self);
        if how == Deliver::Fresh {
            drop(self.enqueue(event_id)); // In its turn, even when the next one comes at once.
        } else {
            self.courier.detach(async move {
                btcpay.deliver(&event_id, how).await;
            });
        }
    }

    fn enqueue(&self, event_id: String) -> oneshot::Receiver<u16> {
        let (first, told) = oneshot::channel();
        let job = Job { event_id, restart: *self.restarts.borrow(), first };
        if self.queue.send(job).is_err() {
            tracing::debug!("the server stops, nothing is queued any more");
        }
        told
    }

    /// Sends what is queued, one after the other: what is not taken holds up all that follows.
    pub(super) async fn send_queued(self: Arc<Self>, mut jobs: mpsc::UnboundedReceiver<Job>) {
        while let Some(job) = jobs.recv().await {
            if job.restart == *self.restarts.borrow() {
                self.send(job).await;
            }
        }
    }

    async fn send(&self, job: Job) {
        let Some(letter) = self.desk().letter(&job.event_id, None) else { return };
        let original = letter.delivery_id.clone();
        let mut status = self.attempt(letter).await;
        let _ = job.first.send(status);
        for seconds in WAITS {
            if !is_tried_again(status) || !self.pause(seconds, job.restart).await {
                return;
            }
            let again = self.desk().letter(&job.event_id, Some(&original));
            let Some(again) = again else { return };
            status = self.attempt(again).await;
        }
    }

    /// Waits before the next try; false when the server was restarted meanwhile.
    async fn pause(&self, seconds: u64, restart: u64) -> bool {
        let second_ms = self.desk().settings.second_ms;
        let wait = Duration::from_millis(seconds.saturating_mul(second_ms));
        let mut restarts = self.restarts.subscribe();
        let restarted = restarts.wait_for(|count| *count != restart);
        tokio::time::timeout(wait, restarted).await.is_err()
    }

    async fn attempt(&self, letter: Letter) -> u16 {
        let agent = [("content-type", "application/json"), ("user-agent", "BTCPayServer/2.4.1")];
        let signature = letter.signature.as_deref().map(|it| ("btcpay-sig", it));
        let headers = agent.into_iter().chain(signature);
        let status = self.courier.send(&letter.url, headers, letter.body).await;
        if let Some(delivery) = self.desk().deliveries.get_mut(&letter.delivery_id) {
            delivery.status = Some(status);
        }
        status
    }
}

impl Desk {
    /// A new delivery of an event; a repeat when `original` is given. Nothing without a receiver.
    fn letter(&mut self, event_id: &str, original: Option<&str>) -> Option<Letter> {
        let url = self.settings.webhook_url.clone()?;
        let event = self.events.get(event_id)?.clone();
        let delivery_id = self.ids.digits(22);
        let original = original.unwrap_or(&delivery_id);
        let body =
            event.body(&Envelope { delivery: &delivery_id, original, webhook: &self.webhook_id });
        let delivery = Delivery {
            event_id: event_id.to_owned(),
            original_id: original.to_owned(),
            at: self.now,
            status: None,
        };
        self.deliveries.insert(&delivery_id, delivery);
        let signature = Some(sign(&self.settings.webhook_secret, &body));
        Some(Letter { delivery_id, url, signature, body })
    }

    fn first_delivery(&self, event_id: &str) -> Option<String> {
        let deliveries = self.deliveries.newest();
        let mut own = deliveries.filter(|(_, delivery)| delivery.event_id == event_id);
        own.next_back().map(|(id, _)| id.to_owned())
    }

    /// What leaves at once instead of in its turn.
    fn letters(&mut self, event_id: &str, how: Deliver) -> Vec<Letter> {
        let Some(mut letter) = self.letter(event_id, None) else { return Vec::new() };
        match how {
            Deliver::Duplicate => return vec![letter.clone(), letter],
            Deliver::Tampered => letter.body = tampered(&letter.body),
            Deliver::WrongSecret => letter.signature = Some(sign(FOREIGN_SECRET, &letter.body)),
            Deliver::Unsigned => letter.signature = None,
            Deliver::BadHeader => letter.signature = Some("not a signature".to_owned()),
            Deliver::Fresh | Deliver::None | Deliver::Hold => {}
        }
        vec![letter]
    }
}

/// The event about another invoice.
fn tampered(body: &Bytes) -> Bytes {
    let mut event: Value = serde_json::from_slice(body).unwrap_or_default();
    event["invoiceId"] = json!("another");
    Bytes::from(serde_json::to_vec_pretty(&event).unwrap_or_default())
}

const fn is_tried_again(status: u16) -> bool {
    matches!(status, 0 | 408 | 429 | 500..)
}
