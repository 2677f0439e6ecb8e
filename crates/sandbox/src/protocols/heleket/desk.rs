use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use serde::{Deserialize, Serialize};

use super::{
    delivery::Deliver,
    input::{Create, Named},
    invoice::{Invoice, Issued, Rates},
};
use crate::{
    clock::{Clock, Moment},
    config::HeleketConfig,
    courier::Courier,
    decimal::Decimal,
    protocols::{
        gateway::{Callback, GatewayFaults, Ids, Mailbox, Members},
        shelf::Shelf,
    },
    world::lock,
};

/// The Heleket stand-in.
pub(crate) struct Heleket {
    pub(super) courier: Courier,
    pub(super) mailbox: Arc<Mailbox>,
    clock: Arc<Clock>,
    desk: Mutex<Desk>,
}

/// What the control API can change about the gateway.
pub(crate) struct HeleketSettings {
    pub(crate) merchant: String,
    /// Each is taken from shops; callbacks are signed with the first.
    pub(crate) keys: Vec<String>,
    /// How callbacks go that nobody asks for in another way.
    pub(crate) callbacks: Deliver,
    pub(crate) refunds: RefundOutcome,
    /// Coins per unit of the invoice's currency.
    pub(crate) payer_rate: Decimal,
    pub(crate) faults: GatewayFaults,
}

/// What becomes of a refund after it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundOutcome {
    #[default]
    Paid,
    Failed,
    /// Nothing until the control API decides.
    Held,
}

/// Everything the gateway knows.
pub(super) struct Desk {
    pub(super) settings: HeleketSettings,
    pub(super) invoices: Shelf<Invoice>,
    pub(super) ids: Ids,
    /// Invoices that can run out, by the time when they do.
    pub(super) due: BTreeSet<(i64, String)>,
    /// Callbacks recorded but not handed to the courier yet.
    pub(super) outgoing: Vec<String>,
    pub(super) now: Moment,
    orders: HashMap<String, String>,
    mailbox: Arc<Mailbox>,
}

impl Heleket {
    pub(crate) fn new(
        config: &HeleketConfig,
        seed: u64,
        clock: Arc<Clock>,
        courier: Courier,
    ) -> Self {
        let mailbox = Arc::new(Mailbox::new(courier.clone(), Arc::clone(&clock)));
        let settings = HeleketSettings {
            merchant: config.merchant.clone(),
            keys: vec![config.key.clone()],
            callbacks: Deliver::Fresh,
            refunds: RefundOutcome::Paid,
            payer_rate: Decimal::cents(100),
            faults: GatewayFaults::default(),
        };
        let desk = Desk {
            settings,
            invoices: Shelf::default(),
            ids: Ids::new("heleket", seed),
            due: BTreeSet::new(),
            outgoing: Vec::new(),
            now: clock.now(),
            orders: HashMap::new(),
            mailbox: Arc::clone(&mailbox),
        };
        Self { courier, mailbox, clock, desk: Mutex::new(desk) }
    }

    /// The desk, turned to the present. Never held over a wait.
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        let mut desk = lock(&self.desk);
        desk.turn_to(self.clock.now());
        desk
    }

    pub(crate) fn configure(&self, change: impl FnOnce(&mut HeleketSettings)) {
        change(&mut self.desk().settings);
    }
}

impl Desk {
    /// The invoice of an order, made now unless there is one. `host` serves the payer's page.
    pub(super) fn create(&mut self, order: Create, host: &str) -> (String, bool) {
        if let Some(uuid) = self.orders.get(&order.order_id) {
            return (uuid.clone(), false);
        }
        let uuid = self.ids.uuid();
        let issued = Issued {
            uuid: uuid.clone(),
            address: format!("T{}", self.ids.digits(33)),
            url: format!("http://{host}/heleket/pay/{uuid}"),
            now: self.now,
        };
        self.orders.insert(order.order_id.clone(), uuid.clone());
        let invoice = Invoice::new(order, issued);
        self.due.insert((invoice.expires_at, uuid.clone()));
        self.invoices.insert(&uuid, invoice);
        (uuid, true)
    }

    pub(super) fn find(&self, named: &Named) -> Option<String> {
        match named {
            Named::Uuid(uuid) => self.invoices.get(uuid).map(|_| uuid.clone()),
            Named::Order(order_id) => self.orders.get(order_id).cloned(),
        }
    }

    pub(super) fn result(&self, uuid: &str) -> Option<Members> {
        self.invoices.get(uuid).map(|invoice| invoice.result(&self.rates()))
    }

    /// Records that an invoice changed and returns the callback's id. Nothing is sent yet.
    pub(super) fn record(&mut self, uuid: &str) -> Option<String> {
        let (now, rates) = (self.now, self.rates());
        let invoice = self.invoices.get_mut(uuid)?;
        invoice.updated = now;
        Some(self.mailbox.record(Callback {
            order_id: invoice.order.order_id.clone(),
            status: invoice.status.name(),
            url: invoice.order.url_callback.clone(),
            facts: invoice.facts(&rates),
        }))
    }

    pub(super) fn rates(&self) -> Rates {
        Rates { payer: self.settings.payer_rate, commission: Decimal::cents(COMMISSION_PERCENT) }
    }

    fn turn_to(&mut self, now: Moment) {
        self.now = now;
        while let Some((expires_at, _)) = self.due.first()
            && *expires_at <= now.unix_seconds()
            && let Some((_, uuid)) = self.due.pop_first()
        {
            let recorded = self.expire(&uuid);
            self.outgoing.extend(recorded);
        }
    }
}

/// What the gateway keeps of each payment.
const COMMISSION_PERCENT: u32 = 1;
