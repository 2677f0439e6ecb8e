use std::time::Duration;

use domain::{
    ids::{OrderId, UserId},
    orders::{Delivery, Order, OrderView, Status},
};
use metrics::counter;
use runtime::Stop;
use tokio::time::{Instant, sleep_until};

use super::{Live, follower::OpenError};

/// What a request waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought {
    pub(crate) user: UserId,
    pub(crate) order: OrderId,
    /// The number of messages that the client knows of; what it finds when it does not say.
    pub(crate) after_revision: Option<i32>,
    /// How long at most.
    pub(crate) patience: Duration,
}

/// The order a wait ended with.
#[derive(Debug)]
pub(crate) struct Waited {
    pub(crate) view: OrderView,
    /// False when it was answered from the first look.
    pub(crate) has_waited: bool,
}

impl Live {
    /// The longest that a request may wait.
    pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);

    /// The order as soon as it is newer than the client knows, or as it stands when patience ends
    /// or the process stops; nothing when the customer has no such order.
    ///
    /// The seat is taken before the order is read, so that no change falls between the two.
    pub(crate) async fn wait(
        &self,
        sought: Sought,
        stop: &Stop,
    ) -> Result<Option<Waited>, OpenError> {
        let Sought { user, order, after_revision, patience } = sought;
        let end = Instant::now() + patience.min(Self::LONGEST_WAIT);
        let mut seat = self.hub.wait(user, order)?;
        let Some(mut view) = self.orders.find(user, order).await? else { return Ok(None) };
        let known = Known::of(&view.order, after_revision);
        let (mut has_waited, mut outcome) = (false, "at_once");
        while !known.is_surpassed_by(&view.order) {
            has_waited = true;
            outcome = tokio::select! {
                changed = seat.changed() => if changed.is_some() { "changed" } else { "stopped" },
                () = sleep_until(end) => "deadline",
                () = stop.stopping() => "stopped",
            };
            if outcome == "stopped" {
                break;
            }
            // Never closed, so there is a permit sooner or later.
            let turn = self.reading.acquire().await;
            let Some(now) = self.orders.find(user, order).await? else { return Ok(None) };
            drop(turn);
            view = now;
            if outcome == "deadline" {
                break;
            }
        }
        counter!("order_waits_total", "outcome" => outcome).increment(1);
        Ok(Some(Waited { view, has_waited }))
    }
}

/// How far a client knows an order.
struct Known {
    status: Status,
    revision: i32,
}

impl Known {
    fn of(order: &Order, after_revision: Option<i32>) -> Self {
        let revision = after_revision.unwrap_or_else(|| revision(order));
        Self { status: order.status(), revision }
    }

    /// Whether there is something to tell, or will never be.
    fn is_surpassed_by(&self, order: &Order) -> bool {
        let status = order.status();
        revision(order) > self.revision || status != self.status || status.is_over()
    }
}

fn revision(order: &Order) -> i32 {
    order.delivery().map_or(0, |delivery: &Delivery| delivery.revision)
}
