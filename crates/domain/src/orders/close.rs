//! Telling providers that an order is over.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::Order;
use crate::{
    ids::OrderId,
    ledger::chart::late_sms,
    providers::{CancelOutcome, ProviderError, ProviderRegistry},
    store::{ATTEMPTS, Store, StoreError, UnitOfWork, retrying},
    tasks::{
        Claim, Done, FailureClass, NewTask, Policy, TaskFailure, TaskHandler, TaskKind, Watch,
        finish_in,
    },
};

/// Gives back or finishes the number of an ended order upstream.
///
/// Moves no money of customers: where the provider delivered after the refund, the cost is ours.
/// The task is stored with the end of the order; a repeat does no harm, because giving back and
/// finishing may be asked for twice and the cost is booked once.
#[derive(Clone)]
pub struct CloseUpstream {
    store: Arc<dyn Store>,
    registry: Arc<dyn ProviderRegistry>,
}

impl CloseUpstream {
    /// Tries for about a day, soon at first: numbers that stay open count against our limits.
    const POLICY: Policy = Policy {
        max_attempts: 300,
        timeout: Duration::from_mins(1),
        backoff: Duration::from_secs(2),
        backoff_cap: Duration::from_mins(10),
        concurrency: 16,
    };
    /// Most providers take a number back two minutes after it was rented.
    const TOO_EARLY: Duration = Duration::from_secs(15);

    /// Wires the handler.
    pub fn new(store: Arc<dyn Store>, registry: Arc<dyn ProviderRegistry>) -> Self {
        Self { store, registry }
    }

    async fn order(&self, claim: &Claim) -> Result<Order, TaskFailure> {
        let id = claim.subject.as_number().map(OrderId::new);
        let id = id.ok_or_else(|| TaskFailure::permanent("the subject is no order"))?;
        let mut uow = self.store.begin().await?;
        let order = uow.orders().lock(id).await?;
        let order = order.ok_or_else(|| TaskFailure::permanent("there is no such order"))?;
        if order.status().is_over() {
            Ok(order)
        } else {
            Err(TaskFailure::permanent("the order is not over"))
        }
    }

    async fn close(&self, order: &Order) -> Result<Closed, TaskFailure> {
        let Some(lease) = order.lease() else { return Ok(Closed::Free) };
        let adapter = self.registry.get(order.quote.provider).await?;
        let adapter = adapter.ok_or_else(|| TaskFailure::transient("the provider is gone"))?;
        if order.delivery().is_some() {
            adapter.finish(&lease.external_id).await?;
            return Ok(Closed::Free);
        }
        match adapter.cancel(&lease.external_id).await? {
            CancelOutcome::Canceled | CancelOutcome::Missing => Ok(Closed::Free),
            CancelOutcome::TooEarly => {
                let class = FailureClass::Throttled(Self::TOO_EARLY);
                Err(TaskFailure::new(class, "too early to give the number back"))
            }
            CancelOutcome::Delivered => {
                tracing::warn!(order.id = %order.id, provider.id = %order.quote.provider, "order {} was refunded and then delivered: the cost is ours", order.id);
                Ok(Closed::Charged)
            }
        }
    }

    async fn note(&self, claim: &Claim, id: OrderId, closed: Closed) -> Result<Done, TaskFailure> {
        let mut uow = self.store.begin().await?;
        let order = uow.orders().lock(id).await?;
        let mut order = order.ok_or_else(|| TaskFailure::permanent("the order is gone"))?;
        let (provider, cost) = (order.quote.provider, order.quote.cost);
        if closed == Closed::Charged
            && let Some(late) = late_sms(order.money(), provider, cost)
        {
            uow.ledger().post(&late).await?;
        }
        order.upstream_open = false;
        uow.orders().update(&order).await?;
        finish_in(&mut *uow, claim).await?;
        uow.commit().await?;
        Ok(Done::Finished)
    }
}

/// How the provider let go of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// For nothing, or for what was booked with the message.
    Free,
    /// For its price, because a message came after the refund.
    Charged,
}

#[async_trait]
impl TaskHandler for CloseUpstream {
    fn kind(&self) -> TaskKind {
        TaskKind::CloseUpstream
    }

    fn policy(&self) -> Policy {
        Self::POLICY
    }

    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let order = self.order(claim).await?;
        if !order.upstream_open {
            return Ok(Done::Unfinished);
        }
        let closed = self.close(&order).await?;
        retrying(ATTEMPTS, || self.note(claim, order.id, closed)).await
    }
}

impl From<ProviderError> for TaskFailure {
    /// Also a refusal may end, when an operator has mended our key or the provider's settings.
    fn from(error: ProviderError) -> Self {
        Self::transient(error)
    }
}

/// Leaves it to a task to tell the provider of an ended order, inside the unit that ends it.
pub(super) async fn tell_provider(
    uow: &mut (dyn UnitOfWork + '_),
    ended: &Order,
) -> Result<(), StoreError> {
    if !ended.upstream_open {
        return Ok(());
    }
    uow.tasks().enqueue(&NewTask::new(TaskKind::CloseUpstream, ended.id)).await
}
