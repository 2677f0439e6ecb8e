//! Codes that came after the money was given back: the customer keeps the refund, we pay.

use std::sync::Arc;

use super::{Order, Status};
use crate::{
    ids::OrderId,
    ledger::{PostError, Posted, chart},
    store::{ATTEMPTS, Store, UnitOfWork, retrying},
};

/// Books what a number cost us whose code came after its order was refunded, once per order.
#[derive(Clone)]
pub struct BookLateSms {
    store: Arc<dyn Store>,
}

impl BookLateSms {
    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Books the cost; nothing for an order that was not refunded or whose number cost nothing.
    pub async fn execute(&self, id: OrderId) -> Result<Option<Posted>, PostError> {
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let Some(order) = uow.orders().lock(id).await? else { return Ok(None) };
            let posted = book(&mut *uow, &order).await?;
            uow.commit().await?;
            Ok(posted)
        })
        .await
    }
}

/// The same inside a unit that holds the order's lock.
pub async fn book(
    uow: &mut (dyn UnitOfWork + '_),
    order: &Order,
) -> Result<Option<Posted>, PostError> {
    if !was_refunded(order) {
        return Ok(None);
    }
    let (provider, cost) = (order.quote.provider, order.quote.cost);
    let Some(journal) = chart::late_sms(order.money(), provider, cost) else { return Ok(None) };
    let posted = uow.ledger().post(&journal).await?;
    if posted == Posted::New {
        tracing::warn!(order.id = %order.id, provider.id = %provider, "order {} was refunded and then delivered: the cost is ours", order.id);
    }
    Ok(Some(posted))
}

/// Whether an order had a number and ended with its money given back.
pub const fn was_refunded(order: &Order) -> bool {
    matches!(order.status(), Status::Canceled | Status::Expired)
}
