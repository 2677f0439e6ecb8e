//! Writing and reading orders.

use std::time::Duration;

use domain::{
    ids::OrderId,
    orders::{FailReason, Order, OrderPage, OrderState, OrderView, Status},
    providers::SmsText,
};

use super::{
    Backend,
    stage::{PRICE, Stage, assert_clean, external},
};
use crate::{Outcome, start_of_time};

/// Every state comes back exactly as it was written.
pub async fn stores_every_state_as_it_is<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let later = start_of_time() + Duration::from_micros(61_000_001);
    let failing = stage.reserved().await?;
    let release = failing.money().release();
    let failed = failing.fail(FailReason::Unsettled, later)?;
    stage.write(&failed, Some(release)).await?;
    let delivered = stage.delivered(stage.active("1").await?).await?;
    let again = delivered.clone().receive(SmsText::new("no code, ünïcode ✓"), None, later)?;
    stage.write(&again, None).await?;
    assert_eq!(stage.stored(&again).await?, again);
    let waiting = again.resent(later + Duration::from_secs(9), later)?;
    stage.write(&waiting, None).await?;
    assert_eq!(stage.stored(&waiting).await?, waiting);
    let completed = waiting.complete(later)?;
    stage.write(&completed, None).await?;
    let mut canceled = stage.canceled(stage.active("2").await?).await?;
    canceled.upstream_open = false;
    stage.write(&canceled, None).await?;
    let active = stage.active("3").await?;
    let release = active.money().release();
    let end = active.lease().ok_or("an active order has a lease")?.expires_at;
    let expired = active.expire(end)?;
    stage.write(&expired, Some(release)).await?;
    for order in [failed, completed, canceled, expired] {
        assert_eq!(stage.stored(&order).await?, order);
    }
    assert_clean(store).await
}

/// An order is found by the activation it rents, in every state that has one.
pub async fn locks_by_activation<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.canceled(stage.active("1").await?).await?;
    let mut unit = store.begin().await?;
    let found = unit.orders().lock_by_activation(stage.provider, &external("1")?).await?;
    assert_eq!(found, Some(order));
    let found = unit.orders().lock_by_activation(stage.provider, &external("2")?).await?;
    assert_eq!(found, None);
    assert_eq!(unit.orders().lock(OrderId::new(4_711)).await?, None);
    Ok(())
}

/// What a unit wrote is gone when it is dropped.
pub async fn forgets_changes_of_a_dropped_unit<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.active("1").await?;
    let mut unit = store.begin().await?;
    let locked = unit.orders().lock(order.id).await?.ok_or("the order is there")?;
    unit.ledger().post(&locked.money().release()).await?;
    let canceled = locked.cancel(order.changed_at)?;
    unit.orders().update(&canceled).await?;
    drop(unit);
    assert_eq!(stage.stored(&order).await?, order);
    assert_eq!(stage.wallet().await?, (100 - PRICE, PRICE));
    assert_clean(store).await
}

/// A customer sees their own orders in the states that are public, and nothing else.
pub async fn shows_only_public_states_of_the_owner<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 200).await?;
    let other = stage.another("b@example.com", 100).await?;
    let reserving = stage.reserved().await?;
    let failing = stage.reserved().await?;
    let release = failing.money().release();
    let failed = failing.fail(FailReason::NoOffer, start_of_time())?;
    stage.write(&failed, Some(release)).await?;
    let active = stage.active("1").await?;
    for hidden in [&reserving, &failed] {
        assert_eq!(store_find(store, &stage, hidden).await?, None);
    }
    assert_eq!(store_find(store, &stage, &active).await?, Some(active.clone()));
    assert_eq!(store_find(store, &other, &active).await?, None);
    let page = OrderPage { limit: 100, offset: 0, status: None };
    let listed = domain::orders::OrderQueries::list(store, stage.user, page).await?;
    assert_eq!(ids(&listed), [active.id]);
    assert!(domain::orders::OrderQueries::list(store, other.user, page).await?.is_empty());
    assert_eq!(store.by_ids(other.user, &[active.id]).await?, []);
    Ok(())
}

async fn store_find<B: Backend>(
    store: &B,
    stage: &Stage<'_, B>,
    order: &Order,
) -> Outcome<Option<Order>> {
    let view = domain::orders::OrderQueries::find(store, stage.user, order.id).await?;
    Ok(view.map(|view| view.order))
}

fn ids(views: &[OrderView]) -> Vec<OrderId> {
    views.iter().map(|view| view.order.id).collect()
}

/// A repeated request finds its orders in every state, public or not.
pub async fn finds_every_state_of_repeated_requests<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let orders = [stage.reserved().await?, stage.active("1").await?];
    let [first, second] = orders.map(|order| order.id);
    for wanted in [[first, second], [second, first]] {
        assert_eq!(ids(&store.by_ids(stage.user, &wanted).await?), [first, second]);
    }
    assert_eq!(store.by_ids(stage.user, &[]).await?, []);
    Ok(())
}

/// Pages follow each other without gap or overlap, newest first, within one status if asked.
pub async fn pages_the_newest_first<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let mut expected = Vec::new();
    for number in 1..=5 {
        expected.insert(0, stage.active(&number.to_string()).await?.id);
    }
    let canceled = stage.canceled(stage.active("6").await?).await?;
    expected.insert(0, canceled.id);
    let list = async |limit, offset, status| -> Outcome<Vec<OrderId>> {
        let page = OrderPage { limit, offset, status };
        Ok(ids(&domain::orders::OrderQueries::list(store, stage.user, page).await?))
    };
    let mut paged = list(4, 0, None).await?;
    assert_eq!(paged.len(), 4);
    paged.extend(list(4, 4, None).await?);
    assert_eq!(paged, expected);
    assert_eq!(list(4, 8, None).await?, []);
    assert_eq!(list(10, 0, Some(Status::Canceled)).await?, [canceled.id]);
    let active = list(10, 0, Some(Status::Active)).await?;
    assert_eq!(active.len(), 5);
    assert!(!active.contains(&canceled.id));
    Ok(())
}

/// What runs is listed until it is over.
pub async fn lists_what_is_not_over<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    stage.reserved().await?;
    let active = stage.active("1").await?;
    let delivered = stage.delivered(stage.active("2").await?).await?;
    stage.canceled(stage.active("3").await?).await?;
    let over = stage.delivered(stage.active("4").await?).await?;
    let over = over.clone().complete(over.changed_at)?;
    stage.write(&over, None).await?;
    let running = domain::orders::OrderQueries::active(store, stage.user).await?;
    assert_eq!(ids(&running), [delivered.id, active.id]);
    assert!(matches!(delivered.state, OrderState::Delivered { .. }));
    Ok(())
}
