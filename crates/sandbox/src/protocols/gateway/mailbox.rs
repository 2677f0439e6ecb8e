use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    clock::{Clock, Moment},
    courier::Courier,
    protocols::shelf::Shelf,
    world::lock,
};

/// How often a callback is sent before the gateway gives up.
const ATTEMPTS: u32 = 5;

/// The members of a document in the order in which the gateway writes them.
pub(crate) type Members = Vec<(&'static str, Value)>;

/// Something a gateway tells the shop.
#[derive(Clone)]
pub(crate) struct Callback {
    /// The shop's number of what it is about.
    pub(crate) order_id: String,
    /// What the gateway calls the present state.
    pub(crate) status: &'static str,
    /// Where to, as the shop said; nowhere when it did not.
    pub(crate) url: Option<String>,
    /// What it says, without a signature: that is made anew for each sending.
    pub(crate) facts: Members,
}

/// One request on its way.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

/// A callback ready to go.
pub(crate) struct Parcel {
    pub(crate) callback_id: String,
    pub(crate) url: String,
    pub(crate) letters: Vec<Letter>,
    /// Whether a receiver has to take it, so that sending again makes sense.
    pub(crate) is_genuine: bool,
}

/// The callbacks of one gateway, with what became of telling.
pub(crate) struct Mailbox {
    courier: Courier,
    clock: Arc<Clock>,
    desk: Mutex<Desk>,
}

struct Desk {
    callbacks: Shelf<(Callback, Vec<(Moment, u16)>)>,
    retry_ms: u64,
    issued: u64,
}

impl Mailbox {
    pub(crate) fn new(courier: Courier, clock: Arc<Clock>) -> Self {
        let desk = Desk { callbacks: Shelf::default(), retry_ms: 1000, issued: 0 };
        Self { courier, clock, desk: Mutex::new(desk) }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    /// Keeps a callback and returns its id. Nothing is sent yet.
    pub(crate) fn record(&self, callback: Callback) -> String {
        let mut desk = self.desk();
        desk.issued += 1;
        let id = format!("cb_{}", desk.issued);
        desk.callbacks.insert(&id, (callback, Vec::new()));
        id
    }

    pub(crate) fn get(&self, id: &str) -> Option<Callback> {
        self.desk().callbacks.get(id).map(|(callback, _)| callback.clone())
    }

    /// The ids of all callbacks about one order, the oldest first.
    pub(crate) fn about(&self, order_id: &str) -> Vec<String> {
        let desk = self.desk();
        let newest = desk.callbacks.newest().filter(|(_, (it, _))| it.order_id == order_id);
        newest.rev().map(|(id, _)| id.to_owned()).collect()
    }

    /// Sets the wait before the first repeat; each further one is twice as long.
    pub(crate) fn set_retry_ms(&self, retry_ms: u64) {
        self.desk().retry_ms = retry_ms;
    }

    /// Sends a parcel's letters at once and returns the statuses, 0 for no answer. When it is
    /// genuine and none was taken, sending goes on in the background.
    pub(crate) async fn send(self: &Arc<Self>, parcel: Parcel) -> Vec<u16> {
        let mut sending = Vec::new();
        for letter in parcel.letters.clone() {
            let (mailbox, url) = (Arc::clone(self), parcel.url.clone());
            let id = parcel.callback_id.clone();
            let attempt = async move { mailbox.attempt(&url, &id, letter).await };
            sending.push(self.courier.run(attempt));
        }
        let mut statuses = Vec::new();
        for attempt in sending {
            statuses.push(attempt.await.unwrap_or(0));
        }
        if parcel.is_genuine && !statuses.contains(&TAKEN) {
            self.retry(parcel);
        }
        statuses
    }

    fn retry(self: &Arc<Self>, parcel: Parcel) {
        let mailbox = Arc::clone(self);
        self.courier.detach(async move {
            let Parcel { callback_id, url, letters, .. } = parcel;
            let Some(letter) = letters.into_iter().next() else { return };
            for attempt in 1..ATTEMPTS {
                let wait = mailbox.desk().retry_ms.saturating_mul(1 << (attempt - 1));
                tokio::time::sleep(Duration::from_millis(wait)).await;
                if mailbox.attempt(&url, &callback_id, letter.clone()).await == TAKEN {
                    return;
                }
            }
        });
    }

    async fn attempt(&self, url: &str, id: &str, letter: Letter) -> u16 {
        let headers = [("content-type", letter.content_type)];
        let status = self.courier.send(url, headers, letter.body).await;
        let now = self.clock.now();
        if let Some((_, deliveries)) = self.desk().callbacks.get_mut(id) {
            deliveries.push((now, status));
        }
        status
    }

    /// The newest callbacks, newest first.
    pub(crate) fn view(&self, newest: usize) -> Vec<Value> {
        let desk = self.desk();
        let newest = desk.callbacks.newest().take(newest);
        newest.map(|(id, (callback, deliveries))| view(id, callback, deliveries)).collect()
    }
}

/// The only status that ends the repeats.
const TAKEN: u16 = 200;

fn view(id: &str, callback: &Callback, deliveries: &[(Moment, u16)]) -> Value {
    let deliveries = deliveries.iter();
    let deliveries = deliveries.map(|(at, status)| json!({ "at": at.rfc3339(), "status": status }));
    json!({
        "id": id,
        "order_id": callback.order_id,
        "status": callback.status,
        "deliveries": deliveries.collect::<Vec<_>>(),
    })
}
