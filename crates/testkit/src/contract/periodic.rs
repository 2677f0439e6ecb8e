//! Slots and terms of periodic tasks.

use std::time::Duration;

use domain::{
    providers::ProviderCatalog,
    store::StoreError,
    tasks::{Slot, Term},
};
use futures_util::future::join_all;

use super::{
    Backend,
    shelf::{add_provider, synced},
};
use crate::Outcome;

/// Nobody sees the end of such a slot.
const AGES: Duration = Duration::from_hours(24 * 365 * 100);

async fn begin<B: Backend>(store: &B, task: &'static str) -> Result<Slot, StoreError> {
    store.begin_term(task, AGES, "worker").await
}

/// A run of another slot, which shorter slots make another one.
async fn overtaking<B: Backend>(store: &B, task: &'static str) -> Outcome<Term> {
    let slot = store.begin_term(task, Duration::from_mins(1), "another").await?;
    Ok(slot.term.ok_or("the first slot of its length")?)
}

/// I-13: each slot is given out once, whoever asks for it.
pub async fn gives_a_slot_to_one_of_many<B: Backend>(store: &B) -> Outcome {
    let mut terms = Vec::new();
    for slot in join_all((0..8).map(|_| begin(store, "purge"))).await {
        let slot = slot?;
        assert!(slot.next_in <= AGES);
        terms.extend(slot.term);
    }
    assert_eq!(terms.len(), 1, "{terms:?}");
    assert_eq!((terms[0].task, terms[0].number), ("purge", 1));
    assert!(begin(store, "audit").await?.term.is_some(), "tasks have slots of their own");
    Ok(())
}

/// The first slot of a task follows no other, so none was missed.
pub async fn counts_slots_that_were_missed<B: Backend>(store: &B) -> Outcome {
    let first = begin(store, "purge").await?;
    assert_eq!(first.missed, 0);
    let slot = store.begin_term("purge", Duration::from_mins(1), "another").await?;
    assert!(slot.missed > 1_000_000, "{slot:?}");
    assert!(slot.next_in <= Duration::from_mins(1));
    Ok(())
}

/// A run that was overtaken can neither commit nor say that it succeeded.
pub async fn ends_a_term_when_the_next_begins<B: Backend>(store: &B) -> Outcome {
    let first = begin(store, "purge").await?.term.ok_or("the first slot")?;
    let mut unit = store.begin().await?;
    assert!(unit.tasks().hold_term(&first).await?);
    unit.commit().await?;
    let second = overtaking(store, "purge").await?;
    assert_eq!(second.number, 2);
    let mut unit = store.begin().await?;
    assert!(!unit.tasks().hold_term(&first).await?);
    assert!(unit.tasks().hold_term(&second).await?);
    drop(unit);
    assert!(!store.end_term(&first, true).await?);
    assert!(store.end_term(&second, true).await?);
    Ok(())
}

/// A price list that was read in a run which was overtaken is not taken over.
pub async fn refuses_the_list_of_a_term_that_is_over<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    let first = begin(store, "catalog").await?.term.ok_or("the first slot")?;
    let mut list = synced(provider, ProviderCatalog::default());
    list.term = Some(first);
    store.take_over(&list).await?;
    let second = overtaking(store, "catalog").await?;
    assert!(store.take_over(&list).await.is_err());
    list.term = Some(second);
    store.take_over(&list).await?;
    Ok(())
}

/// Forgetting old runs gives out no slot again and ends no term.
pub async fn forgets_old_runs<B: Backend>(store: &B) -> Outcome {
    begin(store, "purge").await?;
    let second = overtaking(store, "purge").await?;
    assert_eq!(store.forget_runs(Duration::from_hours(1)).await?, 0);
    let mut unit = store.begin().await?;
    assert!(unit.tasks().hold_term(&second).await?);
    Ok(())
}
