//! Delivering a message: one attempt per run of its task.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    About, Delivery, Endpoint, HookQueries, HookSender, Message, MessageId, MessageState, News,
    OrderNews, Parcel, Schedule, Sent, Target,
    attempts::{attempt, judge},
};
use crate::{
    inbox::CallbackStore,
    orders::OrderQueries,
    store::{ATTEMPTS, Store, StoreError, retrying},
    tasks::{Claim, Done, Policy, TaskFailure, TaskHandler, TaskKind, Watch, commit_finished},
    time::{Clock, Timestamp},
};

/// Sends a message and stores how that went, together with the end of its task or its next time.
///
/// Sent at least once: a worker that dies between the two sends it again, under the same id.
#[derive(Clone)]
pub struct DeliverMessage {
    ports: DeliverPorts,
    schedule: Schedule,
}

/// What delivering takes.
#[derive(Clone)]
pub struct DeliverPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Messages and endpoints.
    pub hooks: Arc<dyn HookQueries>,
    /// Orders.
    pub orders: Arc<dyn OrderQueries>,
    /// What orders received.
    pub inbox: Arc<dyn CallbackStore>,
    /// The way out.
    pub sender: Arc<dyn HookSender>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

impl DeliverMessage {
    /// Wires the use case.
    pub fn new(ports: DeliverPorts, schedule: Schedule) -> Self {
        Self { ports, schedule }
    }

    async fn deliver(&self, id: MessageId, claim: &Claim) -> Result<Done, TaskFailure> {
        let Some(delivery) = self.ports.hooks.delivery(id).await? else {
            return Ok(Done::Unfinished); // too old to be kept
        };
        if delivery.message.state != MessageState::Waiting {
            return Ok(Done::Unfinished);
        }
        let now = self.ports.clock.now();
        if delivery.message.expires_at.is_some_and(|at| at < now) {
            return self.give_up(id, MessageState::Expired, claim).await;
        }
        let endpoint = delivery.endpoint.clone().filter(|it| it.active_url().is_some());
        let (Some(endpoint), Some(news)) = (endpoint, self.news(&delivery).await?) else {
            return self.give_up(id, MessageState::Dropped, claim).await;
        };
        let sent = self.send(&delivery.message, &endpoint, news).await;
        retrying(ATTEMPTS, || self.record(id, &endpoint, &sent, claim)).await
    }

    /// What the body is to say; nothing when its order is not there.
    async fn news(&self, delivery: &Delivery) -> Result<Option<News>, StoreError> {
        let message = &delivery.message;
        let About::Order { order, revision, .. } = message.about else {
            return Ok(Some(News::Test));
        };
        let Some(places) = delivery.places.clone() else { return Ok(None) };
        let views = self.ports.orders.by_ids(message.user, &[order]).await?;
        let Some(view) = views.into_iter().next() else { return Ok(None) };
        let newest = view.order.delivery().map(|it| it.revision);
        let history = match revision {
            Some(_) if revision != newest => self.ports.inbox.history(order).await?,
            _ => Vec::new(),
        };
        let news = OrderNews::of(message, view, &history, places);
        Ok(news.map(|news| News::Order(Box::new(news))))
    }

    async fn send(&self, message: &Message, endpoint: &Endpoint, news: News) -> Sent {
        let parcel = Parcel {
            id: message.id,
            event: message.about.name(),
            at: message.at,
            news,
            number: message.attempts.saturating_add(1),
        };
        match endpoint.url.clone() {
            Some(url) => {
                let target = Target { url, secret: endpoint.secret.clone() };
                self.ports.sender.send(&target, &parcel).await
            }
            None => Sent::nowhere(),
        }
    }

    /// Stores how an attempt ended, counts it for or against the endpoint, and ends the task or
    /// puts it off.
    async fn record(
        &self,
        id: MessageId,
        to: &Endpoint,
        sent: &Sent,
        claim: &Claim,
    ) -> Result<Done, TaskFailure> {
        let now = self.ports.clock.now();
        let mut uow = self.ports.store.begin().await?;
        let Some(mut message) = uow.hooks().lock_message(id).await? else {
            return Ok(Done::Unfinished);
        };
        message.attempts = message.attempts.saturating_add(1);
        message.round = message.round.saturating_add(1);
        let endpoint = judge(&mut *uow, to, sent, now).await?;
        let is_active = endpoint.is_some_and(|it| it.active_url().is_some());
        let (state, pause) = self.verdict(&message, sent, is_active, now);
        message.state = state;
        let next_at = pause.map(|pause| now + pause);
        let trigger = message.trigger;
        uow.hooks().add_attempt(&attempt(&message, trigger, sent, next_at, now)).await?;
        uow.hooks().update_message(&message, now).await?;
        match pause {
            None => commit_finished(uow, claim).await,
            Some(pause) if uow.tasks().put_off(claim, pause).await? => {
                uow.commit().await?;
                Ok(Done::Finished)
            }
            Some(_) => Err(TaskFailure::lost()),
        }
    }

    /// What becomes of a message after an attempt, and the pause until the next one.
    fn verdict(
        &self,
        message: &Message,
        sent: &Sent,
        is_active: bool,
        now: Timestamp,
    ) -> (MessageState, Option<Duration>) {
        if sent.outcome.is_success() {
            return (MessageState::Delivered, None);
        }
        let Some(pause) = self.schedule.pause(message.round, message.id, sent.wish) else {
            return (MessageState::Failed, None);
        };
        if !is_active {
            return (MessageState::Dropped, None);
        }
        if message.expires_at.is_some_and(|at| at < now + pause) {
            return (MessageState::Expired, None);
        }
        (MessageState::Waiting, Some(pause))
    }

    /// Ends a message without an attempt; that says nothing about its endpoint.
    async fn give_up(
        &self,
        id: MessageId,
        state: MessageState,
        claim: &Claim,
    ) -> Result<Done, TaskFailure> {
        let mut uow = self.ports.store.begin().await?;
        let Some(message) = uow.hooks().lock_message(id).await? else {
            return Ok(Done::Unfinished);
        };
        let message = Message { state, ..message };
        uow.hooks().update_message(&message, self.ports.clock.now()).await?;
        commit_finished(uow, claim).await
    }
}

#[async_trait]
impl TaskHandler for DeliverMessage {
    fn kind(&self) -> TaskKind {
        TaskKind::DeliverHook
    }

    /// Failed attempts are put off by the schedule and do not count here: what counts are workers
    /// that died, and storage that was away.
    fn policy(&self) -> Policy {
        Policy {
            max_attempts: 100,
            timeout: Duration::from_secs(30),
            backoff: Duration::from_secs(1),
            backoff_cap: Duration::from_mins(1),
            concurrency: 96,
        }
    }

    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let unreadable = || TaskFailure::permanent("the subject names no message");
        let id = Message::id_of(&claim.subject).ok_or_else(unreadable)?;
        self.deliver(id, claim).await
    }
}
