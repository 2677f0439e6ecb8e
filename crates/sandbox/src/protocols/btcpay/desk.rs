use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::{
    delivery::{Deliver, Delivery, Job},
    event::Event,
    exact::Exact,
    invoice::{Change, Invoice},
    refund::PullPayment,
};
use crate::{
    clock::{Clock, Moment},
    config::BtcpayConfig,
    courier::Courier,
    protocols::{
        gateway::{GatewayFaults, Ids},
        shelf::Shelf,
    },
    world::lock,
};

/// The stand-in for a BTCPay Server with one store and one webhook.
pub(crate) struct Btcpay {
    pub(super) courier: Courier,
    pub(super) queue: mpsc::UnboundedSender<Job>,
    /// Counts the restarts; what was queued before the last one is forgotten.
    pub(super) restarts: watch::Sender<u64>,
    clock: Arc<Clock>,
    desk: Mutex<Desk>,
}

/// What the control API can change about the server.
pub(crate) struct BtcpaySettings {
    pub(crate) store_id: String,
    /// All that are accepted; more than one while a key is being replaced.
    pub(crate) keys: Vec<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) webhook_secret: String,
    /// How long a second of the schedule of repeats takes.
    pub(crate) second_ms: u64,
    /// How events leave that nobody gave a shape.
    pub(crate) deliver: Deliver,
    /// One coin in each currency that can be charged.
    pub(crate) rates: BTreeMap<String, Exact>,
    pub(crate) faults: GatewayFaults,
}

/// Everything the server knows.
pub(super) struct Desk {
    pub(super) settings: BtcpaySettings,
    pub(super) webhook_id: String,
    pub(super) invoices: Shelf<Invoice>,
    pub(super) pull_payments: Shelf<PullPayment>,
    pub(super) events: Shelf<Event>,
    pub(super) deliveries: Shelf<Delivery>,
    /// When to look at which invoice again: at its end, and at the end of watching it.
    pub(super) due: BTreeSet<(i64, String)>,
    /// Events recorded but not sent yet.
    pub(super) outgoing: Vec<String>,
    /// Events kept back until they are asked for.
    pub(super) held: Vec<String>,
    pub(super) ids: Ids,
    pub(super) now: Moment,
}

impl Btcpay {
    pub(crate) fn start(
        config: &BtcpayConfig,
        seed: u64,
        clock: Arc<Clock>,
        courier: Courier,
    ) -> Arc<Self> {
        let mut ids = Ids::new("btcpay", seed);
        let desk = Desk {
            settings: BtcpaySettings::new(config),
            webhook_id: ids.digits(22),
            invoices: Shelf::default(),
            pull_payments: Shelf::default(),
            events: Shelf::default(),
            deliveries: Shelf::default(),
            due: BTreeSet::new(),
            outgoing: Vec::new(),
            held: Vec::new(),
            ids,
            now: clock.now(),
        };
        let (queue, jobs) = mpsc::unbounded_channel();
        let (restarts, _) = watch::channel(0);
        let btcpay = Arc::new(Self { courier, queue, restarts, clock, desk: Mutex::new(desk) });
        btcpay.courier.detach(Arc::clone(&btcpay).send_queued(jobs));
        btcpay
    }

    /// The desk, turned to the present. Never held over a wait.
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        let mut desk = lock(&self.desk);
        desk.turn_to(self.clock.now());
        desk
    }

    /// Ends what has run out and sends what there is to send.
    pub(crate) fn expire_due(self: &Arc<Self>) {
        let (outgoing, how) = {
            let mut desk = self.desk();
            (std::mem::take(&mut desk.outgoing), desk.settings.deliver)
        };
        for event_id in outgoing {
            self.dispatch(event_id, how);
        }
    }

    pub(crate) fn configure(&self, change: impl FnOnce(&mut BtcpaySettings)) {
        change(&mut self.desk().settings);
    }

    /// The newest invoices and events, newest first.
    pub(crate) fn view(&self, newest: usize) -> Value {
        let desk = self.desk();
        let events = desk.events.newest().take(newest).map(
            |(id, event)| json!({ "id": id, "type": event.kind, "invoice_id": event.invoice_id }),
        );
        let deliveries = desk.deliveries.newest().take(newest).map(|(id, it)| it.view(id));
        let pulls = desk.pull_payments.newest().take(newest).map(|(_, it)| it.object());
        let invoices = desk.invoices.newest().take(newest).map(|(_, it)| it.object());
        json!({
            "store_id": desk.settings.store_id,
            "invoices": invoices.collect::<Vec<_>>(),
            "pull_payments": pulls.collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
            "deliveries": deliveries.collect::<Vec<_>>(),
            "held": desk.held,
            "webhook_url": desk.settings.webhook_url,
            "rates": desk.settings.rates,
            "faults": desk.settings.faults,
        })
    }
}

impl BtcpaySettings {
    fn new(config: &BtcpayConfig) -> Self {
        // No round numbers: what is paid in coins rarely is a whole number of cents.
        let rates = [("USD", 6_123_457, 2), ("EUR", 5_678_901, 2), ("IDR", 987_654_321, 0)];
        let rates = rates
            .into_iter()
            .map(|(currency, units, places)| (currency.to_owned(), Exact::new(units, places)));
        Self {
            store_id: config.store_id.clone(),
            keys: vec![config.key.clone()],
            webhook_url: config.webhook_url.clone(),
            webhook_secret: config.webhook_secret.clone(),
            second_ms: 1000,
            deliver: Deliver::default(),
            rates: rates.collect(),
            faults: GatewayFaults::default(),
        }
    }
}

impl Desk {
    fn turn_to(&mut self, now: Moment) {
        self.now = now;
        while let Some((time, _)) = self.due.first()
            && *time <= now.unix_seconds()
            && let Some((_, id)) = self.due.pop_first()
        {
            let events = self.follow(&id);
            self.outgoing.extend(events);
        }
    }

    /// Lets an invoice go where its payments and the time lead; the events come back.
    pub(super) fn follow(&mut self, id: &str) -> Vec<String> {
        let now = self.now.unix_seconds();
        let changes = self.invoices.get_mut(id).map(|invoice| invoice.follow(now));
        let changes = changes.unwrap_or_default();
        changes.into_iter().filter_map(|change| self.tell(id, change)).collect()
    }

    fn tell(&mut self, id: &str, change: Change) -> Option<String> {
        let (kind, extra) = change.event();
        self.record(kind, id, extra)
    }
}
