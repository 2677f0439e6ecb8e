use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use serde::{Deserialize, Serialize};

use super::{
    delivery::Deliver,
    input::Inquiry,
    signature::Algorithm,
    transaction::{Status, Transaction},
};
use crate::{
    clock::{Clock, Moment},
    config::DuitkuConfig,
    courier::Courier,
    protocols::{
        gateway::{Callback, GatewayFaults, Ids, Mailbox},
        shelf::Shelf,
    },
    world::lock,
};

/// The Duitku stand-in.
pub(crate) struct Duitku {
    pub(super) courier: Courier,
    pub(super) mailbox: Arc<Mailbox>,
    clock: Arc<Clock>,
    desk: Mutex<Desk>,
}

/// What the control API can change about the gateway.
pub(crate) struct DuitkuSettings {
    pub(crate) merchant_code: String,
    /// Each is taken from shops; callbacks are signed with the first.
    pub(crate) keys: Vec<String>,
    pub(crate) algorithm: Algorithm,
    /// How callbacks go that nobody asks for in another way.
    pub(crate) callbacks: Deliver,
    pub(crate) repeats: Repeats,
    pub(crate) faults: GatewayFaults,
}

/// What a second inquiry for an order leads to. Unverified: the vendor says that the number of an
/// order has to be unique and leaves open what happens when it is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Repeats {
    /// Nothing but a status code that is not 00.
    #[default]
    Refuse,
    /// A second transaction, which can be paid as well.
    Open,
}

/// Everything the gateway knows.
pub(super) struct Desk {
    pub(super) settings: DuitkuSettings,
    pub(super) transactions: Shelf<Transaction>,
    pub(super) ids: Ids,
    /// Pending transactions by the time when they run out.
    pub(super) due: BTreeSet<(i64, String)>,
    pub(super) now: Moment,
    orders: HashMap<String, Vec<String>>,
    mailbox: Arc<Mailbox>,
}

impl Duitku {
    pub(crate) fn new(
        config: &DuitkuConfig,
        seed: u64,
        clock: Arc<Clock>,
        courier: Courier,
    ) -> Self {
        let mailbox = Arc::new(Mailbox::new(courier.clone(), Arc::clone(&clock)));
        let settings = DuitkuSettings {
            merchant_code: config.merchant_code.clone(),
            keys: vec![config.key.clone()],
            algorithm: config.algorithm,
            callbacks: Deliver::Fresh,
            repeats: Repeats::Refuse,
            faults: GatewayFaults::default(),
        };
        let desk = Desk {
            settings,
            transactions: Shelf::default(),
            ids: Ids::new("duitku", seed),
            due: BTreeSet::new(),
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

    pub(crate) fn configure(&self, change: impl FnOnce(&mut DuitkuSettings)) {
        change(&mut self.desk().settings);
    }
}

impl Desk {
    /// Opens a transaction; nothing when the order has one and may not have another.
    pub(super) fn open(&mut self, inquiry: Inquiry, host: &str) -> Option<String> {
        let refuses = self.settings.repeats == Repeats::Refuse;
        if refuses && self.orders.contains_key(&inquiry.merchant_order_id) {
            return None;
        }
        let digits = self.ids.digits(16).to_ascii_uppercase();
        let reference = format!("{}{digits}", inquiry.merchant_code);
        let va_number = self.ids.digits(16);
        let va_number = va_number.bytes().map(|byte| char::from(b'0' + byte % 10));
        let transaction = Transaction {
            reference: reference.clone(),
            status: Status::Pending,
            payments: Vec::new(),
            expires_at: self.now.plus_seconds(inquiry.life_seconds()).unix_seconds(),
            va_number: va_number.collect(),
            url: format!("http://{host}/duitku/pay/{reference}"),
            inquiry,
        };
        let order_id = transaction.inquiry.merchant_order_id.clone();
        self.orders.entry(order_id).or_default().push(reference.clone());
        self.due.insert((transaction.expires_at, reference.clone()));
        self.transactions.insert(&reference, transaction);
        Some(reference)
    }

    /// The transaction the gateway answers for when asked about an order: a paid one, or else the
    /// newest.
    pub(super) fn of_order(&self, order_id: &str) -> Option<&Transaction> {
        let references = self.orders.get(order_id)?.iter().rev();
        let mut transactions = references.filter_map(|it| self.transactions.get(it)).peekable();
        let newest = transactions.peek().copied();
        transactions.find(|it| it.status == Status::Paid).or(newest)
    }

    /// Records that a transaction ended and returns the callback's id. Nothing is sent yet.
    pub(super) fn record(&mut self, reference: &str) -> Option<String> {
        let transaction = self.transactions.get(reference)?;
        Some(self.mailbox.record(Callback {
            order_id: transaction.inquiry.merchant_order_id.clone(),
            status: transaction.status.name(),
            url: Some(transaction.inquiry.callback_url.clone()),
            facts: transaction.facts(self.now),
        }))
    }

    /// Unverified: nobody is called back about a payment that never came.
    fn turn_to(&mut self, now: Moment) {
        self.now = now;
        while let Some((expires_at, _)) = self.due.first()
            && *expires_at <= now.unix_seconds()
            && let Some((_, reference)) = self.due.pop_first()
        {
            self.expire(&reference);
        }
    }

    /// Ends the time to pay of a pending transaction.
    pub(super) fn expire(&mut self, reference: &str) {
        if let Some(transaction) = self.transactions.get_mut(reference)
            && transaction.status == Status::Pending
        {
            transaction.status = Status::Expired;
            self.due.remove(&(transaction.expires_at, reference.to_owned()));
        }
    }
}
