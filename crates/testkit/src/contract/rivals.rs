//! Two customers who do everything at the same time, for backends that can hold their steps open.
//!
//! No cases: an empty store is not enough. Each side is the same store as `shop`, seen through one
//! connection on which nothing is committed before its last unit is, and which gives up soon
//! when it has to wait.

use std::time::Duration;

use domain::{
    inbox::{MessageSource, StoredMessage},
    ledger::{Gateway, Posted, chart},
    money::Money,
    orders::{Claim, Order, Reserved},
    outbox::{Event, EventKind},
    providers::{SmsCode, SmsText},
    store::UnitOfWork,
};

use super::{
    Backend,
    stage::{PRICE, Stage, amount, leased, request},
};
use crate::Outcome;

/// What each customer has before and pays in during their purchase.
const BALANCE: i64 = 100;

/// A customer on a connection of their own.
struct Side<'a, B> {
    stage: Stage<'a, B>,
    name: &'static str,
}

impl<'a, B: Backend> Side<'a, B> {
    /// Sets the price aside.
    async fn reserve(&self) -> Outcome<Order> {
        let reservation = self.stage.draft(1, Some(request("same", self.name)?));
        match self.stage.store.reserve(&reservation).await? {
            Reserved::New(orders) => Ok(orders.into_iter().next().ok_or("no order was made")?),
            Reserved::Replay(_) => Err("keys of customers are their own".into()),
        }
    }

    /// Stores the number.
    async fn activate(&self, order: Order) -> Outcome<Order> {
        let order = leased(order, self.name)?;
        assert_eq!(self.stage.store.activate(&order).await?, Claim::Won);
        Ok(order)
    }

    /// Stores the message and earns the money.
    async fn deliver(&self, order: Order) -> Outcome<Box<dyn UnitOfWork + 'a>> {
        let capture = order.money().capture(order.quote.provider, order.quote.cost);
        let at = order.changed_at + Duration::from_secs(1);
        let (text, code) = (SmsText::new("Code 1234"), Some(SmsCode::from("1234")));
        let order = order.receive(text.clone(), code.clone(), at)?;
        let source = MessageSource::Callback;
        let message = StoredMessage { revision: 1, code, text: Some(text), source, at };
        let mut unit = self.stage.store.begin().await?;
        unit.orders().lock(order.id).await?.ok_or("no such order")?;
        assert_eq!(unit.ledger().post(&capture).await?, Posted::New);
        unit.inbox().add_message(&order, &message).await?;
        unit.orders().update(&order).await?;
        let event = Event { user: order.user, order: order.id, kind: EventKind::OrderOtpReceived };
        unit.outbox().publish(event, at).await?;
        Ok(unit)
    }

    /// Pays in.
    async fn credit(&self, unit: &mut (dyn UnitOfWork + '_)) -> Outcome {
        let paid = amount(BALANCE)?;
        let user = self.stage.user;
        let journal =
            chart::topup(Gateway::Stripe, (self.name, None), user, paid, Money::idr(paid));
        assert_eq!(unit.ledger().post(&journal).await?, Posted::New);
        Ok(unit.ledger().repay_debt(user).await.map(drop)?)
    }
}

/// Whoever buys waits for nobody else, at no step: there is no row that both change.
pub async fn never_wait_for_each_other<B: Backend>(shop: &B, sides: [&B; 2]) -> Outcome {
    let [one, other] = open(shop, sides).await?;
    let (first, second) = (one.reserve().await?, other.reserve().await?);
    let (first, second) = (one.activate(first).await?, other.activate(second).await?);
    let (mut first, mut second) = (one.deliver(first).await?, other.deliver(second).await?);
    one.credit(&mut *first).await?;
    other.credit(&mut *second).await?;
    // Nobody has committed anything so far.
    for side in [&one, &other] {
        assert_eq!(super::stage::wallet(shop, side.stage.user).await?, (BALANCE, 0));
    }
    first.commit().await?;
    second.commit().await?;
    for side in [&one, &other] {
        let wallet = super::stage::wallet(shop, side.stage.user).await?;
        assert_eq!(wallet, (2 * BALANCE - PRICE, 0));
    }
    Ok(())
}

/// The control: a customer does wait for themselves, or the above would prove nothing.
pub async fn wait_for_themselves<B: Backend>(shop: &B, sides: [&B; 2]) -> Outcome {
    let [one, other] = open(shop, sides).await?;
    one.reserve().await?;
    let stage = Stage { user: one.stage.user, ..other.stage };
    let again = Side { stage, name: "again" };
    let waited = again.stage.store.reserve(&again.stage.draft(1, None)).await;
    assert!(waited.is_err(), "{waited:?}");
    Ok(())
}

async fn open<'a, B: Backend>(shop: &B, [one, other]: [&'a B; 2]) -> Outcome<[Side<'a, B>; 2]> {
    let first = Stage::open(shop, BALANCE).await?;
    let second = first.another("second@example.com", BALANCE).await?;
    // The first message of a day makes the key of that day; only who comes in that moment waits.
    let earliest = first.another("earliest@example.com", BALANCE).await?;
    let earliest = Side { stage: earliest, name: "earliest" };
    let order = earliest.activate(earliest.reserve().await?).await?;
    earliest.deliver(order).await?.commit().await?;
    Ok([
        Side { stage: first.through(one), name: "one" },
        Side { stage: second.through(other), name: "other" },
    ])
}
