//! What operators book by hand: payouts of gateways, funding of providers, compensations.

use std::sync::Arc;

use super::{
    Gateway, Journal, PostError, Posted,
    adjust::{AdjustError, MAX_REFERENCE, MAX_TEXT, check},
    chart,
};
use crate::{
    ids::{OrderId, ProviderId, UserId},
    money::{Amount, Money},
    orders::OrderQueries,
    store::{ATTEMPTS, Store, UnitOfWork, retrying},
};

/// On whose word money is booked, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Name of the person.
    pub operator: String,
    /// The person's words; kept for ever beside the money.
    pub reason: String,
    /// What names the step outside, such as the number of a payout: the same one books once.
    pub reference: String,
}

/// Bookings by hand.
#[derive(Clone)]
pub struct Treasury {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
}

impl Treasury {
    /// Wires the use cases.
    pub fn new(store: Arc<dyn Store>, orders: Arc<dyn OrderQueries>) -> Self {
        Self { store, orders }
    }

    /// Books what a gateway paid out to us and what it kept.
    pub async fn settle(
        &self,
        gateway: Gateway,
        net: Money,
        fee: Option<Amount>,
        decision: &Decision,
    ) -> Result<Posted, AdjustError> {
        let journal = chart::settlement(gateway, &decision.reference, net, fee);
        self.book(&journal, decision).await
    }

    /// Books what we sent to a provider in advance, in millionths of a US dollar.
    pub async fn fund(
        &self,
        provider: ProviderId,
        usd: Amount,
        decision: &Decision,
    ) -> Result<Posted, AdjustError> {
        self.book(&chart::funding(provider, &decision.reference, usd), decision).await
    }

    /// Gives back part or all of what an order of `user` earned. Refused for an order that earned
    /// nothing, and beyond what it earned.
    pub async fn compensate(
        &self,
        user: UserId,
        order: OrderId,
        amount: Amount,
        decision: &Decision,
    ) -> Result<Posted, AdjustError> {
        check_decision(decision)?;
        let found = self.orders.by_ids(user, &[order]).await?;
        let unknown = || PostError::Forbidden(format!("customer {user} has no order {order}"));
        let money = found.first().ok_or_else(unknown)?.order.money();
        let journal = chart::compensation(money, &decision.reference, amount);
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let posted = post(&mut *uow, &journal, decision).await?;
            uow.ledger().repay_debt(user).await?;
            uow.commit().await?;
            Ok(posted)
        })
        .await
    }

    async fn book(&self, journal: &Journal, decision: &Decision) -> Result<Posted, AdjustError> {
        check_decision(decision)?;
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let posted = post(&mut *uow, journal, decision).await?;
            uow.commit().await?;
            Ok(posted)
        })
        .await
    }
}

async fn post(
    uow: &mut (dyn UnitOfWork + '_),
    journal: &Journal,
    decision: &Decision,
) -> Result<Posted, PostError> {
    let posted = uow.ledger().post(journal).await?;
    if posted == Posted::New {
        uow.ledger().note_decision(&journal.key, decision).await?;
    }
    Ok(posted)
}

fn check_decision(decision: &Decision) -> Result<(), AdjustError> {
    for (field, text, max) in [
        ("operator", &decision.operator, MAX_TEXT),
        ("reason", &decision.reason, MAX_TEXT),
        ("reference", &decision.reference, MAX_REFERENCE),
    ] {
        check(field, text, max)?;
    }
    Ok(())
}
