use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{
    hooks::{
        About, Attempt, AttemptView, Delivery, Endpoint, HookQueries, HookRepo, HookVitals,
        Message, MessageId, MessageState, Trigger,
    },
    ids::UserId,
    outbox::{EventKind, StampedEvent},
    store::StoreError,
    tasks::{NewTask, TaskKind},
    time::Timestamp,
};
use uuid::Uuid;

use super::{
    MemStore,
    state::{State, misuse},
    unit::MemUnit,
};

/// Endpoints, messages and attempts.
#[derive(Debug, Clone, Default)]
pub(super) struct Hooks {
    endpoints: BTreeMap<UserId, Endpoint>,
    /// With when they were stored and when they last changed.
    messages: BTreeMap<MessageId, (Message, Timestamp, Timestamp)>,
    attempts: Vec<Attempt>,
}

impl Hooks {
    fn newest_first(&self, user: UserId) -> Vec<&Message> {
        let theirs = self.messages.values().filter(|(message, ..)| message.user == user);
        let mut theirs: Vec<_> = theirs.collect();
        theirs.sort_by_key(|(message, stored, _)| std::cmp::Reverse((*stored, message.id)));
        theirs.into_iter().map(|(message, ..)| message).collect()
    }
}

impl State {
    /// Stores the message of a stamped event, if its customer wants to be told.
    pub(super) fn tell(&mut self, stamped: &StampedEvent, revision: Option<i32>, now: Timestamp) {
        let event = stamped.event;
        let wanted = self.hooks.endpoints.get(&event.user);
        if !About::is_told(event.kind) || wanted.is_none_or(|it| it.active_url().is_none()) {
            return;
        }
        let Some(order) = self.orders.get(&event.order).map(|row| &row.order) else { return };
        let is_code = event.kind == EventKind::OrderOtpReceived;
        let lease = order.lease();
        let number = u128::try_from(stamped.seq.get()).unwrap_or_default();
        let message = Message {
            id: MessageId::new(Uuid::from_u128(number)),
            user: event.user,
            about: About::Order {
                event: event.kind,
                order: event.order,
                revision: revision.filter(|_| is_code),
                resend_from: lease.and_then(|lease| lease.resend_from),
            },
            at: stamped.at,
            expires_at: lease.filter(|_| is_code).map(|it| it.expires_at + Message::CODE_GRACE),
            state: MessageState::Waiting,
            attempts: 0,
            round: 0,
            trigger: Trigger::Schedule,
        };
        let subject = message.subject();
        self.hooks.messages.insert(message.id, (message, now, now));
        if let Some(subject) = subject {
            self.enqueue(&NewTask::new(TaskKind::DeliverHook, subject), now);
        }
    }
}

#[async_trait]
impl HookRepo for MemUnit {
    async fn open_endpoint(&mut self, user: UserId) -> Result<Endpoint, StoreError> {
        self.step("open_endpoint", |unit| {
            let endpoints = &mut unit.draft.hooks.endpoints;
            Ok(endpoints.entry(user).or_insert_with(|| Endpoint::unset(user)).clone())
        })
        .await
    }

    async fn lock_endpoint(&mut self, user: UserId) -> Result<Option<Endpoint>, StoreError> {
        self.step("lock_endpoint", |unit| Ok(unit.draft.hooks.endpoints.get(&user).cloned())).await
    }

    async fn update_endpoint(
        &mut self,
        endpoint: &Endpoint,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.step("update_endpoint", |unit| {
            let known = unit.draft.hooks.endpoints.get_mut(&endpoint.user);
            *known.ok_or_else(|| misuse("no such endpoint"))? = endpoint.clone();
            Ok(())
        })
        .await
    }

    async fn trials_since(&mut self, user: UserId, since: Timestamp) -> Result<u32, StoreError> {
        self.step("trials_since", |unit| {
            let trials = unit.draft.hooks.messages.values().filter(|(message, stored, _)| {
                message.user == user && message.about == About::Test && *stored > since
            });
            Ok(u32::try_from(trials.count()).unwrap_or(u32::MAX))
        })
        .await
    }

    async fn add_trial(&mut self, message: &Message) -> Result<(), StoreError> {
        self.step("add_trial", |unit| {
            let row = (message.clone(), message.at, message.at);
            match unit.draft.hooks.messages.insert(message.id, row) {
                None => Ok(()),
                Some(_) => Err(misuse("the message is there already")),
            }
        })
        .await
    }

    async fn lock_message(&mut self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.step("lock_message", |unit| {
            Ok(unit.draft.hooks.messages.get(&id).map(|(message, ..)| message.clone()))
        })
        .await
    }

    async fn update_message(&mut self, message: &Message, at: Timestamp) -> Result<(), StoreError> {
        self.step("update_message", |unit| {
            let known = unit.draft.hooks.messages.get_mut(&message.id);
            let (known, _, changed) = known.ok_or_else(|| misuse("no such message"))?;
            *known = message.clone();
            *changed = at;
            Ok(())
        })
        .await
    }

    async fn add_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        self.step("add_attempt", |unit| {
            let same = |it: &Attempt| it.message == attempt.message && it.number == attempt.number;
            if unit.draft.hooks.attempts.iter().any(same) {
                return Err(misuse("the attempt is put down already"));
            }
            unit.draft.hooks.attempts.push(attempt.clone());
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl HookQueries for MemStore {
    async fn endpoint(&self, user: UserId) -> Result<Option<Endpoint>, StoreError> {
        self.read("endpoint", |state| state.hooks.endpoints.get(&user).cloned()).await
    }

    async fn delivery(&self, id: MessageId) -> Result<Option<Delivery>, StoreError> {
        self.read("delivery", |state| {
            let (message, ..) = state.hooks.messages.get(&id)?;
            let order = match message.about {
                About::Order { order, .. } => state.orders.get(&order),
                About::Test => None,
            };
            Some(Delivery {
                message: message.clone(),
                endpoint: state.hooks.endpoints.get(&message.user).cloned(),
                places: order.and_then(|row| state.catalog.places(row.order.catalog_product)),
            })
        })
        .await
    }

    async fn attempts(&self, user: UserId, limit: u32) -> Result<Vec<AttemptView>, StoreError> {
        self.read("attempts", |state| {
            let theirs = state.hooks.attempts.iter().filter(|attempt| attempt.user == user);
            let views = theirs.rev().filter_map(|attempt| {
                let (message, ..) = state.hooks.messages.get(&attempt.message)?;
                let order = match message.about {
                    About::Order { order, .. } => Some(order),
                    About::Test => None,
                };
                Some(AttemptView {
                    attempt: attempt.clone(),
                    event: message.about.name().to_owned(),
                    order,
                    state: message.state,
                })
            });
            views.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
        })
        .await
    }

    async fn messages(&self, user: UserId, limit: u32) -> Result<Vec<Message>, StoreError> {
        self.read("messages", |state| {
            let theirs = state.hooks.newest_first(user).into_iter();
            theirs.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
        })
        .await
    }

    async fn hook_vitals(&self) -> Result<HookVitals, StoreError> {
        let now = self.now();
        self.read("hook_vitals", |state| {
            let mut vitals = HookVitals::default();
            for (message, stored, _) in state.hooks.messages.values() {
                if message.state != MessageState::Waiting {
                    continue;
                }
                vitals.waiting += 1;
                if message.attempts == 0 {
                    let age = now.signed_duration_since(*stored).to_std();
                    vitals.oldest_untried =
                        vitals.oldest_untried.max(age.unwrap_or(Duration::ZERO));
                }
            }
            for endpoint in state.hooks.endpoints.values().filter(|it| it.url.is_some()) {
                vitals.active += i64::from(endpoint.disabled.is_none());
                vitals.disabled += i64::from(endpoint.disabled.is_some());
            }
            vitals
        })
        .await
    }
}
