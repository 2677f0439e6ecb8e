//! What goes wrong goes wrong as planned, and never otherwise.

use domain::{
    catalog::CatalogQueries,
    outbox::EventQueries,
    store::{Store, StoreError},
};
use testkit::{Blow, Chaos, Dice, Finish, MemStore, Moment, Outcome, race, until_crash};

fn disturbed() -> (Chaos, MemStore) {
    let chaos = Chaos::default();
    (chaos.clone(), MemStore::new(chaos))
}

async fn add(store: &MemStore, email: &str) -> Result<(), StoreError> {
    let mut unit = store.begin().await?;
    unit.identity().insert_customer(email, None, testkit::start_of_time()).await?;
    unit.commit().await
}

async fn exists(store: &MemStore, email: &str) -> Result<bool, StoreError> {
    Ok(domain::identity::IdentityQueries::by_email(store, email).await?.is_some())
}

#[tokio::test]
async fn strikes_the_planned_call_and_no_other() -> Outcome {
    let (chaos, store) = disturbed();
    chaos.strike(1, Moment::Before, Blow::Fail);
    store.countries().await?;
    assert!(matches!(store.newest().await, Err(StoreError::Unavailable(_))));
    store.newest().await?;
    assert_eq!(chaos.calls(), ["countries", "newest", "newest"]);
    Ok(())
}

#[tokio::test]
async fn tells_a_commit_that_failed_from_one_that_was_not_heard_of() -> Outcome {
    let (chaos, store) = disturbed();
    for (moment, durable) in [(Moment::Before, false), (Moment::After, true)] {
        let email = format!("{moment:?}@example.com");
        chaos.strike_next("commit", moment, Blow::Fail);
        assert!(add(&store, &email).await.is_err());
        assert_eq!(exists(&store, &email).await?, durable, "{moment:?}");
    }
    Ok(())
}

#[tokio::test]
async fn breaks_a_unit_whose_step_failed() -> Outcome {
    let (chaos, store) = disturbed();
    chaos.strike_next("publish", Moment::After, Blow::Fail);
    let mut unit = store.begin().await?;
    let event = domain::outbox::Event {
        user: domain::ids::UserId::new(1),
        order: domain::ids::OrderId::new(1),
        kind: domain::outbox::EventKind::OrderActive,
    };
    assert!(unit.outbox().publish(event, testkit::start_of_time()).await.is_err());
    assert!(unit.commit().await.is_err());
    Ok(())
}

#[tokio::test]
async fn frees_the_lock_of_a_crashed_unit() -> Outcome {
    let (chaos, store) = disturbed();
    chaos.strike_next("commit", Moment::Before, Blow::Crash);
    let finish = until_crash(&chaos, add(&store, "a@example.com")).await;
    assert!(matches!(finish, Finish::Crashed));
    chaos.restart();
    assert!(!exists(&store, "a@example.com").await?);
    add(&store, "a@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn mixes_racers_the_same_way_for_the_same_seed() -> Outcome {
    let mut orders = Vec::new();
    for seed in [1, 1, 2, 3, 4] {
        let (chaos, store) = disturbed();
        chaos.interleave();
        let racers: Vec<_> = (0..4)
            .map(|number| {
                let store = store.clone();
                Box::pin(async move { add(&store, &format!("{number}@example.com")).await }) as _
            })
            .collect();
        let ends = race(&chaos, &mut Dice::new(seed), racers).await;
        assert!(ends.iter().all(|end| matches!(end, Finish::Returned(Ok(())))));
        orders.push(chaos.calls());
    }
    assert_eq!(orders[0], orders[1]);
    assert!(orders.iter().any(|order| *order != orders[0]));
    Ok(())
}

#[tokio::test]
async fn a_crash_in_a_race_kills_one_racer() -> Outcome {
    let (chaos, store) = disturbed();
    chaos.interleave();
    chaos.strike_next("commit", Moment::After, Blow::Crash);
    let racers: Vec<_> = (0..3)
        .map(|number| {
            let store = store.clone();
            Box::pin(async move { add(&store, &format!("{number}@example.com")).await }) as _
        })
        .collect();
    let ends = race(&chaos, &mut Dice::new(7), racers).await;
    assert_eq!(ends.iter().filter(|end| matches!(end, Finish::Crashed)).count(), 1);
    for number in 0..3 {
        assert!(exists(&store, &format!("{number}@example.com")).await?);
    }
    Ok(())
}
