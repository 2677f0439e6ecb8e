//! What customers were told, and whether it stayed true.

use domain::{
    ids::OrderId,
    orders::{
        Order, Status,
        place::{PlaceCommand, PlaceError, Placed},
    },
};
use testkit::{Market, Outcome};

/// An answer that somebody heard, and may rely on from then on.
#[derive(Debug)]
pub(crate) enum Promise {
    /// These orders have a number, and that many have none.
    Bought(PlaceCommand, Vec<OrderId>, u32),
    /// Nothing was bought, and the money is back.
    NotBought(PlaceCommand),
    /// The order is canceled, and the money is back.
    Canceled(OrderId),
    /// The order is completed.
    Completed(OrderId),
}

impl Promise {
    /// What the answer to a purchase promises; nothing when it leaves open what happened.
    pub(crate) fn of(command: PlaceCommand, answer: Result<Placed, PlaceError>) -> Option<Self> {
        match answer {
            Ok(placed) => {
                let orders = placed.orders.iter().map(|view| view.order.id).collect();
                Some(Self::Bought(command, orders, placed.failed))
            }
            Err(PlaceError::Failed(_)) => Some(Self::NotBought(command)),
            Err(_) => None,
        }
    }

    /// Proves that it was kept, once all is over.
    pub(crate) async fn check(&self, market: &Market) -> Outcome {
        let orders = market.store.all_orders().await;
        let kept = match self {
            Self::Bought(command, ids, failed) => {
                let sold = ids.iter().all(|id| find(&orders, *id).is_some_and(has_number));
                sold && repeats(market, command, Some((ids, *failed))).await
            }
            Self::NotBought(command) => repeats(market, command, None).await,
            Self::Canceled(id) => is(&orders, *id, Status::Canceled),
            Self::Completed(id) => is(&orders, *id, Status::Completed),
        };
        if kept && market.store.all_orders().await == orders {
            return Ok(());
        }
        Err(format!("not kept: {self:?}, the orders are {orders:?}").into())
    }
}

/// Whether the same request is answered as it was, wherever it had a key.
async fn repeats(
    market: &Market,
    command: &PlaceCommand,
    sold: Option<(&Vec<OrderId>, u32)>,
) -> bool {
    if command.key.is_none() {
        return true;
    }
    match (market.place_orders().execute(command.clone()).await, sold) {
        (Ok(placed), Some((ids, failed))) => {
            placed.failed == failed && placed.orders.iter().map(|view| &view.order.id).eq(ids)
        }
        (Err(PlaceError::Failed(_)), None) => true,
        _ => false,
    }
}

fn find(orders: &[Order], id: OrderId) -> Option<&Order> {
    orders.iter().find(|order| order.id == id)
}

fn has_number(order: &Order) -> bool {
    order.lease().is_some()
}

fn is(orders: &[Order], id: OrderId, status: Status) -> bool {
    find(orders, id).is_some_and(|order| order.status() == status)
}
