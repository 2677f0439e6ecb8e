use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::digest;
use serde_json::{Value, json};

use super::{
    delivery::Deliver,
    dispute::Dispute,
    event::{Event, Origin},
    faults::StripeFaults,
    idempotency::Replies,
    payment::{Payment, PaymentStatus},
    refund::{Refund, RefundStatus},
    session::Session,
};
use crate::{
    clock::{Clock, Moment},
    config::Config,
    courier::Courier,
    protocols::shelf::Shelf,
    world::lock,
};

/// The Stripe stand-in.
pub(crate) struct Stripe {
    pub(super) courier: Courier,
    clock: Arc<Clock>,
    desk: Mutex<Desk>,
}

/// What the control API can change about the gateway.
pub(crate) struct StripeSettings {
    pub(crate) key: String,
    pub(crate) webhook_url: Option<String>,
    /// Every event is signed with each of them; more than one while a secret is being replaced.
    pub(crate) webhook_secrets: Vec<String>,
    pub(crate) webhook_retry_ms: u64,
    /// How events leave that nobody gave a shape.
    pub(crate) deliver: Deliver,
    /// What a new refund starts as.
    pub(crate) refund_status: RefundStatus,
    pub(crate) faults: StripeFaults,
}

/// Everything the gateway knows.
pub(super) struct Desk {
    pub(super) settings: StripeSettings,
    pub(super) sessions: Shelf<Session>,
    /// Open sessions by the time they run out.
    pub(super) due: BTreeSet<(i64, String)>,
    pub(super) payments: Shelf<Payment>,
    pub(super) refunds: Shelf<Refund>,
    pub(super) disputes: Shelf<Dispute>,
    pub(super) events: Shelf<Event>,
    pub(super) replies: Replies,
    /// Events recorded but not handed to the courier yet.
    pub(super) outgoing: Vec<String>,
    /// Events kept back until they are asked for.
    pub(super) held: Vec<String>,
    pub(super) now: Moment,
    seed: u64,
    issued: u64,
}

impl Stripe {
    pub(crate) fn new(config: &Config, seed: u64, clock: Arc<Clock>, courier: Courier) -> Self {
        let settings = StripeSettings {
            key: config.stripe_key.clone(),
            webhook_url: config.stripe_webhook_url.clone(),
            webhook_secrets: vec![config.stripe_webhook_secret.clone()],
            webhook_retry_ms: 1000,
            deliver: Deliver::default(),
            refund_status: RefundStatus::default(),
            faults: StripeFaults::default(),
        };
        let desk = Desk {
            settings,
            sessions: Shelf::default(),
            due: BTreeSet::new(),
            payments: Shelf::default(),
            refunds: Shelf::default(),
            disputes: Shelf::default(),
            events: Shelf::default(),
            replies: Replies::default(),
            outgoing: Vec::new(),
            held: Vec::new(),
            now: clock.now(),
            seed,
            issued: 0,
        };
        Self { courier, clock, desk: Mutex::new(desk) }
    }

    /// The desk, turned to the present. Never held over a wait.
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        let mut desk = lock(&self.desk);
        desk.turn_to(self.clock.now());
        desk
    }

    /// Ends the sessions that have run out and sends what there is to send.
    pub(crate) fn expire_due(self: &Arc<Self>) {
        let outgoing = std::mem::take(&mut self.desk().outgoing);
        for event_id in outgoing {
            self.dispatch(event_id);
        }
    }

    pub(crate) fn configure(&self, change: impl FnOnce(&mut StripeSettings)) {
        change(&mut self.desk().settings);
    }

    /// The newest sessions and events, newest first.
    pub(crate) fn view(&self, newest: usize) -> Value {
        let desk = self.desk();
        let events = desk.events.newest().take(newest).map(|(id, event)| {
            let deliveries = event.deliveries.iter();
            let deliveries = deliveries
                .map(|(at, status)| json!({ "at": at.rfc3339(), "status": status }))
                .collect::<Vec<_>>();
            json!({ "id": id, "type": event.kind, "deliveries": deliveries })
        });
        json!({
            "sessions": desk.sessions.newest().take(newest).map(|(_, it)| it.object())
                .collect::<Vec<_>>(),
            "refunds": desk.refunds.newest().take(newest).map(|(_, it)| it.object())
                .collect::<Vec<_>>(),
            "disputes": desk.disputes.newest().take(newest).map(|(_, it)| it.object())
                .collect::<Vec<_>>(),
            "events": events.collect::<Vec<_>>(),
            "held": desk.held,
            "webhook_url": desk.settings.webhook_url,
            "faults": desk.settings.faults,
        })
    }
}

impl Desk {
    fn turn_to(&mut self, now: Moment) {
        self.now = now;
        while let Some((expires_at, _)) = self.due.first()
            && *expires_at <= now.unix_seconds()
            && let Some((_, id)) = self.due.pop_first()
        {
            self.expire(&id);
        }
    }

    /// Ends an open session without payment, which is an event.
    pub(super) fn expire(&mut self, id: &str) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.status = "expired";
        let (expires_at, object) = (session.expires_at, session.object());
        let intent = session.payment_intent.clone();
        self.due.remove(&(expires_at, id.to_owned()));
        if let Some(payment) = intent.and_then(|intent| self.payments.get_mut(&intent)) {
            payment.status = PaymentStatus::Canceled;
        }
        let event = self.record("checkout.session.expired", &object, &Origin::default());
        self.outgoing.push(event);
    }

    /// A new id of `length` hexadecimal digits after `prefix`, at most 64.
    pub(super) fn new_id(&mut self, prefix: &str, length: usize) -> String {
        self.issued += 1;
        let source = format!("{}:{}", self.seed, self.issued);
        let digits = hex::encode(digest::digest(&digest::SHA256, source.as_bytes()));
        let digits: String = digits.chars().take(length).collect();
        format!("{prefix}{digits}")
    }
}
