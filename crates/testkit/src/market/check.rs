use domain::{
    inbox::CallbackStore,
    money::Currency,
    orders::{Order, Status},
    outbox::EventKind,
};

use super::{Market, Seller, quiet::is_stray};
use crate::{Outcome, Sold};

impl Market {
    /// Proves that storage, books, events and providers tell the same story, once all is over.
    ///
    /// Answers how many numbers a provider charges for although their customers were refunded:
    /// messages that came too late. Everything else that differs is an error.
    pub async fn check_story(&self) -> Outcome<u32> {
        self.check_books().await?;
        self.check_payins().await?;
        let orders = self.store.all_orders().await;
        for order in &orders {
            self.check_events(order).await?;
            self.check_messages(order).await?;
        }
        let mut losses = 0;
        for seller in [&self.cheap, &self.dear] {
            for sold in seller.adapter.sold() {
                losses += u32::from(check_sold(&orders, seller, &sold)?);
            }
        }
        self.check_expense(&orders).await?;
        Ok(losses)
    }

    /// Proves the books alone, at any moment.
    pub async fn check_books(&self) -> Outcome {
        let report = self.audit().await?;
        if report.is_clean() {
            return Ok(());
        }
        Err(format!("the audit found {:?}", report.findings).into())
    }

    /// What all accounts of a class hold together, in a currency.
    pub async fn balance(&self, class: &str, currency: Currency) -> Outcome<i64> {
        let report = self.audit().await?;
        let lines = report.trial_balance.iter();
        let of = lines.filter(|line| line.class == class && line.currency == currency.code());
        Ok(of.map(|line| line.balance).sum())
    }

    async fn check_events(&self, order: &Order) -> Outcome {
        let events = self.events(order).await?;
        let mut expected = Vec::new();
        if order.lease().is_some() {
            expected.push(EventKind::OrderActive);
        }
        let messages = order.delivery().map_or(0, |delivery| delivery.revision);
        expected.extend((0..messages).map(|_| EventKind::OrderOtpReceived));
        expected.extend(match order.status() {
            Status::Completed => Some(EventKind::OrderCompleted),
            Status::Canceled => Some(EventKind::OrderCanceled),
            Status::Expired => Some(EventKind::OrderExpired),
            _ => None,
        });
        if events == expected {
            return Ok(());
        }
        let status = order.status();
        Err(format!("order {} is {status:?}, its events are {events:?}", order.id).into())
    }

    async fn check_messages(&self, order: &Order) -> Outcome {
        let messages = self.store.history(order.id).await?;
        let revisions: Vec<_> = messages.iter().map(|message| message.revision).collect();
        let newest = order.delivery().map_or(0, |delivery| delivery.revision);
        let same_text = match (messages.last(), order.delivery()) {
            (Some(message), Some(delivery)) => message.text == delivery.text,
            (None, None) => true,
            _ => false,
        };
        if same_text && revisions.into_iter().eq(1..=newest) {
            return Ok(());
        }
        Err(format!("order {} and its messages differ: {messages:?}", order.id).into())
    }

    /// What we booked as the cost of numbers is what they were charged for.
    async fn check_expense(&self, orders: &[Order]) -> Outcome {
        let completed = orders.iter().filter(|order| order.delivery().is_some());
        let expected: i64 = completed.map(|order| order.quote.cost.micros()).sum();
        // What we spent stands below zero.
        let booked = -self.balance("provider_expense", Currency::Usd).await?;
        if booked == expected {
            return Ok(());
        }
        Err(format!("numbers cost {expected}, {booked} is booked").into())
    }
}

/// True for a number that is charged but was refunded.
fn check_sold(orders: &[Order], seller: &Seller, sold: &Sold) -> Outcome<bool> {
    let id = &sold.activation.external_id;
    let rents = |order: &&Order| {
        order.quote.provider == seller.id && order.lease().is_some_and(|l| l.external_id == *id)
    };
    let mut owners = orders.iter().filter(rents);
    let owner = owners.next().map(|order| (order.id, order.status(), order.quote.cost));
    if owners.next().is_some() {
        return Err(format!("activation {id} has two owners").into());
    }
    let kept = owner.is_some() && sold.is_running() && !sold.is_charged();
    if kept || is_stray(orders, seller, sold) {
        return Err(format!("activation {id} still runs, its owner is {owner:?}").into());
    }
    match owner {
        Some((_, Status::Completed, cost)) if sold.is_charged() && cost == sold.cost => Ok(false),
        Some((_, Status::Canceled | Status::Expired, _)) | None => Ok(sold.is_charged()),
        Some(owner) => {
            let charged = sold.is_charged();
            Err(format!("activation {id}: charged is {charged}, its owner is {owner:?}").into())
        }
    }
}
