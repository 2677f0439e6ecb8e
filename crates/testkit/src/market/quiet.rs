use std::time::Duration;

use domain::{orders::Order, outbox::EventRelay};

use super::{Market, Seller};
use crate::{Outcome, Sold};

/// Seconds between two rounds of the reconcilers: the longest of their claims.
const STEP_SECONDS: u64 = 15;

/// Rounds until everything must be over: an order's life, the grace after it and the patience
/// for a provider without a list, three times over.
const MAX_ROUNDS: u32 = 60;

/// Rounds after the last change, for callbacks that wait for their next try.
const CALM_ROUNDS: u32 = 3;

/// Steps of the clock until a gateway is asked a last time about what seemed to be over, and a
/// few for what follows from it.
const POLLS: u32 = 30;
const POLL_STEP: Duration = Duration::from_hours(1);

impl Market {
    /// Runs every reconciler and every task that is due once, at one instant.
    pub async fn reconcile(&self) -> Outcome {
        self.settle_reserving().run_once().await?;
        self.run_tasks().await?;
        self.poll_active().run_once().await?;
        self.expire_orders().run_once().await?;
        self.poll_topups().run_once().await?;
        self.catch_up().run_once().await?;
        self.run_tasks().await?;
        self.store.stamp(u32::MAX).await?;
        Ok(())
    }

    /// Lets time pass and reconcilers run until every order is over and every provider knows.
    pub async fn settle_down(&self) -> Outcome {
        let mut calm = 0;
        for _ in 0..MAX_ROUNDS {
            self.reconcile().await?;
            calm = if self.is_quiet().await { calm + 1 } else { 0 };
            if calm > CALM_ROUNDS {
                return self.settle_payins().await;
            }
            self.clock.advance_seconds(STEP_SECONDS);
        }
        let orders = self.store.all_orders().await;
        let open: Vec<_> = orders
            .iter()
            .filter(|order| !order.status().is_over() || order.upstream_open)
            .map(|order| (order.id, order.status(), order.upstream_open))
            .collect();
        Err(format!("still not quiet: orders {open:?}").into())
    }

    /// Lets time pass until gateways were asked about everything that nobody told of.
    async fn settle_payins(&self) -> Outcome {
        for _ in 0..POLLS {
            self.reconcile().await?;
            if self.check_payins().await.is_ok() {
                return Ok(());
            }
            self.clock.advance(POLL_STEP);
        }
        self.check_payins().await
    }

    async fn is_quiet(&self) -> bool {
        let orders = self.store.all_orders().await;
        let over = orders.iter().all(|order| order.status().is_over() && !order.upstream_open);
        let sellers = [&self.cheap, &self.dear];
        let idle = sellers
            .iter()
            .all(|seller| !seller.adapter.sold().iter().any(|it| is_stray(&orders, seller, it)));
        over && idle
    }
}

/// Whether a number is still to be given back or finished: it runs and a list tells us of it. A
/// message keeps the provider from taking it back from an order that ended.
pub(super) fn is_stray(orders: &[Order], seller: &Seller, sold: &Sold) -> bool {
    let id = &sold.activation.external_id;
    let is_owned = orders.iter().any(|order| {
        order.quote.provider == seller.id && order.lease().is_some_and(|it| it.external_id == *id)
    });
    sold.is_running() && seller.adapter.has_list() && !(is_owned && sold.is_charged())
}
