use std::{collections::BTreeSet, time::Duration};

use domain::{
    gateways::{DisputeState, PaymentGateway},
    ids::{InboxId, UserId},
    inbox::CallbackStore,
    ledger::Wallet,
    orders::Order,
    tasks::{StoredTask, TaskKind},
};

use super::Market;
use crate::Outcome;

/// Steps of the clock until all must be at rest, behind those in which orders end: a top-up whose
/// page was never opened is given up after a day.
const ROUNDS: u32 = 48;
const STEP: Duration = Duration::from_hours(1);

impl Market {
    /// Lets time pass until everything that was begun has come to its end.
    pub async fn come_to_rest(&self) -> Outcome {
        self.settle_down().await?;
        for _ in 0..ROUNDS {
            if self.check_rest().await.is_ok() {
                return Ok(());
            }
            self.clock.advance(STEP);
            self.reconcile().await?;
            self.collect_debts().run_once().await?;
        }
        self.check_rest().await
    }

    /// Proves that nothing is left to be done: no task, no hold, no debt of somebody who could pay
    /// it, no top-up on its way, and nobody stopped without a reason.
    pub async fn check_rest(&self) -> Outcome {
        for task in self.store.all_tasks().await {
            if !self.is_hopeless(&task).await? {
                return Err(format!("still to be done: {task:?}").into());
            }
        }
        let disputing = self.disputing().await?;
        for (user, wallet) in self.store.all_wallets().await {
            let Wallet { available, held, debt, frozen } = wallet;
            let owes = debt.get() > 0 && available.get() > 0;
            if held.get() > 0 || owes || frozen != disputing.contains(&user) {
                return Err(format!("customer {user} has {wallet:?}").into());
            }
        }
        let topups = self.store.all_topups().await;
        match topups.iter().find(|topup| !topup.state.is_settled()) {
            Some(topup) => Err(format!("still on its way: {topup:?}").into()),
            None => Ok(()),
        }
    }

    /// Proves that what was charged for numbers of refunded orders, and for numbers of no order, is
    /// booked as our loss, once. With what delivered codes cost, that is all that providers took.
    ///
    /// A number that its provider ended behind our back may be among them or not: nobody tells
    /// whether it is charged, unless its callback comes. Where there is no list, nobody tells of
    /// numbers without an order.
    pub async fn check_losses(&self) -> Outcome {
        let orders = self.store.all_orders().await;
        let (mut least, mut most) = (0, 0);
        for seller in [&self.cheap, &self.dear] {
            for sold in seller.adapter.sold().iter().filter(|sold| sold.is_charged()) {
                let id = &sold.activation.external_id;
                let rents = |order: &&Order| {
                    order.quote.provider == seller.id
                        && order.lease().is_some_and(|lease| lease.external_id == *id)
                };
                let must_be_known = match orders.iter().find(rents) {
                    Some(order) if order.delivery().is_some() => continue,
                    Some(_) => !sold.finished,
                    None => !seller.adapter.has_vanished(id) && seller.adapter.has_list(),
                };
                most += sold.cost.micros();
                least += if must_be_known { sold.cost.micros() } else { 0 };
            }
        }
        let books = self.audit().await?.trial_balance;
        let of_losses = books.iter().filter(|line| line.class == "late_sms_expense");
        let booked: i64 = of_losses.map(|line| -line.balance).sum();
        if (least..=most).contains(&booked) {
            return Ok(());
        }
        Err(format!("codes that came late cost {least} to {most}, {booked} is booked").into())
    }

    /// A callback of a number that nobody rents waits until it is given up, unless we know that
    /// nobody ever will.
    async fn is_hopeless(&self, task: &StoredTask) -> Outcome<bool> {
        if task.kind != TaskKind::ConfirmSms.as_str() {
            return Ok(false);
        }
        let id = InboxId::new(task.subject.parse()?);
        let stored = self.store.callback(id).await?.ok_or("a task without a callback")?;
        let is_written_off = self.store.is_written_off(&stored.callback).await?;
        Ok(!is_written_off && !self.store.has_order(&stored.callback).await?)
    }

    /// Whose credited payments are disputed, or were with success.
    async fn disputing(&self) -> Outcome<BTreeSet<UserId>> {
        let topups = self.store.all_topups().await;
        let mut users = BTreeSet::new();
        for gateway in [&self.gateway, &self.coins, &self.bank] {
            let code = PaymentGateway::terms(&**gateway).gateway;
            for payment in gateway.payments() {
                let against = |state| matches!(state, DisputeState::Open | DisputeState::Lost);
                let Some(topup) = topups.iter().find(|it| Some(it.id) == payment.topup) else {
                    continue;
                };
                let booked = self.booked(topup, code, &payment.payment_id).await?;
                let credited = booked.is_some_and(|booked| booked.credited > 0);
                if credited && payment.disputes.iter().any(|dispute| against(dispute.state)) {
                    users.insert(topup.user);
                }
            }
        }
        Ok(users)
    }
}
