use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use serde_json::Value;

use super::{
    Action,
    activation::Status,
    book::{Autopilot, Book, Purchase, Settings},
    callback::{self, Callback},
    refusal::Refusal,
};
use crate::{
    catalog, clock::Clock, config::Config, courier::Courier, decimal::Decimal, world::lock,
};

/// Room for the ids of one provider: twenty of them stay below 2^31, which every client can read.
const IDS_PER_PROVIDER: u32 = 100_000_000;

/// Which provider it is.
pub(crate) struct Identity<'a> {
    pub(crate) name: &'a str,
    /// Position in the order of prices, 0 being the cheapest.
    pub(crate) rank: u32,
    pub(crate) seed: u64,
}

/// One stand-in provider.
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(super) courier: Courier,
    clock: Arc<Clock>,
    seed: u64,
    book: Mutex<Book>,
}

/// Which activation a message is for.
pub(crate) enum Target {
    Activation(u32),
    Phone(u64),
}

/// A text message from outside.
pub(crate) struct Message<'a> {
    pub(crate) text: &'a str,
    pub(crate) code: &'a str,
    /// Whether the customer's server hears of it.
    pub(crate) callback: bool,
}

/// Why a message went nowhere.
pub(crate) enum MessageError {
    Unknown,
    Ended,
}

impl Provider {
    pub(crate) fn new(
        identity: &Identity<'_>,
        config: &Config,
        clock: Arc<Clock>,
        courier: Courier,
    ) -> Self {
        let seed = catalog::mix(identity.seed, 1000 + u64::from(identity.rank));
        let settings = Settings {
            api_key: format!("key-{}", identity.name),
            callback_url: None,
            min_cancel_seconds: config.min_cancel_seconds,
            lifetime_seconds: config.lifetime_seconds,
            callback_retry_ms: 1000,
        };
        let offers = catalog::offers(identity.seed, identity.rank);
        // A sandbox with another seed starts elsewhere, so that its ids do not meet old ones.
        let offset = u32::try_from(seed % u64::from(IDS_PER_PROVIDER / 2)).unwrap_or(0);
        let first_id = (identity.rank % 20 + 1) * IDS_PER_PROVIDER + offset;
        let book = Mutex::new(Book::new(settings, seed, offers, first_id));
        Self { name: identity.name.to_owned(), courier, clock, seed, book }
    }

    /// The book, turned to the present. Never held over a wait.
    pub(super) fn open_book(&self) -> MutexGuard<'_, Book> {
        let mut book = lock(&self.book);
        book.turn_to(self.clock.now());
        book
    }

    /// Sells a number and shows it to `print` before anybody can change it.
    pub(super) fn buy<T>(
        self: &Arc<Self>,
        purchase: &Purchase<'_>,
        print: impl FnOnce(&super::activation::Activation) -> T,
    ) -> Result<T, Refusal> {
        self.sell(|book| book.buy(purchase), print)
    }

    /// The same with the number of an activation that is over.
    pub(super) fn buy_again<T>(
        self: &Arc<Self>,
        id: u32,
        multiplier: Option<Decimal>,
        print: impl FnOnce(&super::activation::Activation) -> T,
    ) -> Result<T, Refusal> {
        self.sell(|book| book.buy_again(id, multiplier), print)
    }

    fn sell<T>(
        self: &Arc<Self>,
        take: impl FnOnce(&mut Book) -> Result<&super::activation::Activation, Refusal>,
        print: impl FnOnce(&super::activation::Activation) -> T,
    ) -> Result<T, Refusal> {
        let mut book = self.open_book();
        let activation = take(&mut book)?;
        let (id, printed) = (activation.id, print(activation));
        let autopilot = book.autopilot.clone();
        drop(book);
        if let Some(autopilot) = autopilot {
            self.courier.detach(Arc::clone(self).fly(id, autopilot));
        }
        Ok(printed)
    }

    /// Answers a customer's wish about an activation.
    pub(super) fn set_status(&self, id: u32, wanted: &str) -> Result<&'static str, Refusal> {
        let mut book = self.open_book();
        let activation = book.activation(id).ok_or(Refusal::NoActivation)?;
        let may_cancel_at = activation.created_at.plus_seconds(book.settings.min_cancel_seconds);
        let is_early = book.now() < may_cancel_at;
        let (next, token) = match (wanted, activation.status) {
            ("1", Status::Waiting) => (None, "ACCESS_READY"),
            ("3", Status::Received | Status::WaitRetry) => {
                (Some(Status::WaitRetry), "ACCESS_RETRY_GET")
            }
            ("6", Status::Received | Status::WaitRetry) => {
                (Some(Status::Finished), "ACCESS_ACTIVATION")
            }
            ("6" | "8" | "-1", Status::Waiting) if is_early => {
                return Err(Refusal::EarlyCancelDenied);
            }
            // Finishing without a message counts as a failure, so it is a cancellation.
            ("6", Status::Waiting) => (Some(Status::Cancelled), "ACCESS_ACTIVATION"),
            ("8" | "-1", Status::Waiting) => (Some(Status::Cancelled), "ACCESS_CANCEL"),
            // Repeated in the state already reached: same answer, no second effect.
            ("6", Status::Finished) => (None, "ACCESS_ACTIVATION"),
            ("8" | "-1", Status::Cancelled | Status::Expired) => (None, "ACCESS_CANCEL"),
            _ => return Err(Refusal::BadStatus),
        };
        match next {
            Some(status) if status.is_open() => book.mark(id, status),
            Some(status) => book.end(id, status),
            None => {}
        }
        Ok(token)
    }

    /// Delivers a text message and reports it in the background.
    pub(crate) fn deliver(
        self: &Arc<Self>,
        target: &Target,
        message: &Message<'_>,
    ) -> Result<Value, MessageError> {
        let mut book = self.open_book();
        let id = match *target {
            Target::Activation(id) => Some(id),
            Target::Phone(phone) => book.id_of_phone(phone),
        };
        let id = id.filter(|id| book.activation(*id).is_some()).ok_or(MessageError::Unknown)?;
        let activation = book.receive(id, message.text, message.code).ok_or(MessageError::Ended)?;
        let view = super::view::activation(activation);
        let callback = Callback::of(activation).filter(|_| message.callback);
        let ready = callback.map(|it| callback::release(&mut book, it)).unwrap_or_default();
        drop(book);
        if !ready.is_empty() {
            let sending = Arc::clone(self).send(ready);
            self.courier.detach(async move {
                sending.await;
            });
        }
        Ok(view)
    }

    /// Sends the callbacks held back. The answer is how many there were and how many failed.
    pub(crate) async fn flush_callbacks(self: &Arc<Self>) -> (usize, usize) {
        let held = callback::held(&mut self.open_book());
        let count = held.len();
        (count, Arc::clone(self).send(held).await)
    }

    /// Posts any body to the callback URL once and returns the status.
    pub(crate) async fn post_raw(&self, body: Bytes) -> u16 {
        let url = self.open_book().settings.callback_url.clone();
        match url {
            Some(url) => self.courier.post(&url, None, body).await,
            None => 0,
        }
    }

    /// Counts a call and decides what goes wrong with it.
    pub(super) fn begin_call(&self, action: Action) -> super::faults::Injected {
        let mut book = self.open_book();
        *book.calls.entry(action).or_default() += 1;
        book.faults.draw(action)
    }

    async fn fly(self: Arc<Self>, id: u32, autopilot: Autopilot) {
        tokio::time::sleep(Duration::from_millis(autopilot.sms_after_ms)).await;
        let code = format!("{:06}", catalog::mix(self.seed, u64::from(id)) % 1_000_000);
        let service = self.open_book().activation(id).map_or("", |it| it.service.name);
        let text = autopilot.text.replace("{code}", &code).replace("{service}", service);
        let message = Message { text: &text, code: &code, callback: true };
        // It may have been cancelled meanwhile; then there is nobody to send it to.
        let _ = self.deliver(&Target::Activation(id), &message);
    }
}
