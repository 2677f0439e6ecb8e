//! Durable work.

use std::time::Duration;

use domain::{
    ids::OrderId,
    store::{StoreError, retrying},
    tasks::{
        Answerable, Burial, Claim, Claimed, NewTask, StoredTask, Subject, TaskKind, TaskState,
        Verdict, Wanted,
    },
};
use futures_util::future::{join, join_all};

use super::{Backend, stage::PERSISTENT};
use crate::Outcome;

pub(super) const KIND: TaskKind = TaskKind::CloseUpstream;
pub(super) const HOUR: Duration = Duration::from_hours(1);
/// Runs out at once: the worker that claims for so long is dead to all others.
const NO_TIME: Duration = Duration::ZERO;

pub(super) fn matter(number: i64) -> NewTask {
    NewTask::new(KIND, OrderId::new(number))
}

pub(super) async fn enqueue<B: Backend>(store: &B, task: &NewTask) -> Outcome {
    let mut unit = store.begin().await?;
    unit.tasks().enqueue(task).await?;
    unit.commit().await?;
    Ok(())
}

async fn claim_for<B: Backend>(store: &B, lease: Duration) -> Result<Claimed, StoreError> {
    let wanted = Wanted { kind: KIND, room: 10, lease, max_attempts: 3 };
    store.claim(&[wanted], "worker").await
}

/// What can be claimed now, for an hour.
pub(super) async fn claims<B: Backend>(store: &B) -> Outcome<Vec<Claim>> {
    Ok(claim_for(store, HOUR).await?.claims)
}

/// The only task that can be claimed now.
pub(super) async fn only<B: Backend>(store: &B, lease: Duration) -> Outcome<Claim> {
    let mut claims = claim_for(store, lease).await?.claims;
    assert_eq!(claims.len(), 1, "{claims:?}");
    Ok(claims.pop().ok_or("a claim")?)
}

/// Ends a task in a unit; true when the unit was committed.
pub(super) async fn finish<B: Backend>(store: &B, claim: &Claim) -> Result<bool, StoreError> {
    retrying(PERSISTENT, || async {
        let mut unit = store.begin().await?;
        if !unit.tasks().finish_task(claim).await? {
            return Ok(false);
        }
        unit.commit().await?;
        Ok(true)
    })
    .await
}

async fn state<B: Backend>(store: &B, claim: &Claim) -> Outcome<TaskState> {
    Ok(store.task(claim.id).await?.ok_or("the task is gone")?.state)
}

/// A task that was given up, with its stored form.
pub(super) async fn buried<B: Backend>(store: &B) -> Outcome<StoredTask> {
    enqueue(store, &matter(1)).await?;
    let claim = only(store, HOUR).await?;
    assert!(store.fail(&claim, Verdict::Bury(Burial::Permanent), "no such order").await?);
    let mut dead = store.dead(10).await?;
    assert_eq!(dead.len(), 1);
    Ok(dead.pop().ok_or("a dead task")?)
}

pub(super) fn somebody() -> Answerable {
    Answerable { operator: "operator".to_owned(), reason: "a case of the contract".to_owned() }
}

/// A task carries its matter, is given out once, and is gone when it is finished.
pub async fn is_claimed_and_finished_once<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(7)).await?;
    let claim = only(store, HOUR).await?;
    assert_eq!((claim.kind, claim.subject.as_number(), claim.attempt), (KIND, Some(7), 1));
    assert!(!claim.rescued);
    assert!(matches!(state(store, &claim).await?, TaskState::Running { .. }));
    assert_eq!(claims(store).await?, []);
    assert!(finish(store, &claim).await?);
    assert_eq!(store.task(claim.id).await?, None);
    assert!(!finish(store, &claim).await?);
    Ok(())
}

/// The end that is not part of a unit does the same.
pub async fn is_finished_outside_of_units_too<B: Backend>(store: &B) -> Outcome {
    store.enqueue_now(&matter(7)).await?;
    let claim = only(store, HOUR).await?;
    assert!(store.finish(&claim).await?);
    assert!(!store.finish(&claim).await?);
    assert_eq!(store.task(claim.id).await?, None);
    Ok(())
}

/// Workers that ask at once share what is due.
pub async fn goes_to_one_of_many_workers<B: Backend>(store: &B) -> Outcome {
    for number in 0..20 {
        enqueue(store, &matter(number)).await?;
    }
    let mut ids = Vec::new();
    for claimed in join_all((0..4).map(|_| claim_for(store, HOUR))).await {
        let claimed = claimed?;
        assert!(claimed.claims.len() <= 10);
        ids.extend(claimed.claims.into_iter().map(|claim| claim.id));
    }
    ids.extend(claims(store).await?.into_iter().map(|claim| claim.id));
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((all, ids.len()), (20, 20));
    Ok(())
}

/// A worker gets no kind that it did not ask for, and of each as much as it has room for.
pub async fn respects_kind_and_room<B: Backend>(store: &B) -> Outcome {
    for number in 0..3 {
        enqueue(store, &matter(number)).await?;
    }
    enqueue(store, &NewTask::new(TaskKind::Canary, OrderId::new(1))).await?;
    let wanted = |kind, room| Wanted { kind, room, lease: HOUR, max_attempts: 3 };
    let few = store.claim(&[wanted(KIND, 2)], "worker").await?.claims;
    assert_eq!(few.iter().filter(|claim| claim.kind == KIND).count(), 2);
    let both = [wanted(KIND, 2), wanted(TaskKind::Canary, 2)];
    let rest = store.claim(&both, "worker").await?.claims;
    let mut kinds: Vec<_> = rest.iter().map(|claim| claim.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [KIND, TaskKind::Canary]);
    Ok(())
}

/// A matter has one live task, which comes forward when it is wanted earlier.
pub async fn has_one_live_task_per_matter<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1).after(HOUR)).await?;
    assert_eq!(claims(store).await?, []);
    enqueue(store, &matter(1).after(2 * HOUR)).await?;
    assert_eq!(claims(store).await?, []);
    enqueue(store, &matter(1)).await?;
    enqueue(store, &matter(1).after(HOUR)).await?;
    let claim = only(store, HOUR).await?;
    assert!(finish(store, &claim).await?);
    assert_eq!(claims(store).await?, []);
    Ok(())
}

/// What is heard while a task runs makes it run once more, with all its tries.
pub async fn runs_once_more_for_what_it_missed<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    let first = only(store, HOUR).await?;
    enqueue(store, &matter(1)).await?;
    enqueue(store, &matter(1).after(HOUR)).await?;
    assert_eq!(claims(store).await?, []);
    assert!(finish(store, &first).await?);
    let second = only(store, HOUR).await?;
    assert_eq!((second.id, second.attempt), (first.id, 1));
    assert!(second.token > first.token);
    assert!(finish(store, &second).await?);
    assert_eq!(claims(store).await?, []);
    Ok(())
}

/// I-17: a hint that meets the end of the task is not lost, whoever comes first.
pub async fn loses_no_hint_in_a_race<B: Backend>(store: &B) -> Outcome {
    for round in 0..25 {
        enqueue(store, &matter(round)).await?;
        let first = only(store, HOUR).await?;
        let hint = || async {
            let mut unit = store.begin().await?;
            unit.tasks().enqueue(&matter(round)).await?;
            unit.commit().await
        };
        let (finished, told) = join(finish(store, &first), retrying(PERSISTENT, hint)).await;
        assert!(finished?);
        told?;
        let second = only(store, HOUR).await?;
        assert!(finish(store, &second).await?);
        assert_eq!(claims(store).await?, []);
    }
    Ok(())
}

/// Neither a task nor its end outlives the unit that they were part of.
pub async fn forgets_what_a_dropped_unit_did<B: Backend>(store: &B) -> Outcome {
    let mut unit = store.begin().await?;
    unit.tasks().enqueue(&matter(1)).await?;
    drop(unit);
    assert_eq!(claims(store).await?, []);
    enqueue(store, &matter(1)).await?;
    let claim = only(store, NO_TIME).await?;
    let mut unit = store.begin().await?;
    assert!(unit.tasks().finish_task(&claim).await?);
    drop(unit);
    // Waits for the lock of the dropped unit, which claims would skip.
    assert!(store.extend(&Claim { lease: NO_TIME, ..claim.clone() }).await?);
    assert_eq!(only(store, HOUR).await?.id, claim.id);
    Ok(())
}

/// I-16: once somebody else has claimed a task, nothing of the earlier claim has any effect.
pub async fn refuses_whatever_a_lost_claim_wants<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    let lost = only(store, NO_TIME).await?;
    let newest = only(store, HOUR).await?;
    assert_eq!((newest.id, newest.attempt, newest.rescued), (lost.id, 2, true));
    assert!(newest.token > lost.token);
    assert!(!finish(store, &lost).await?);
    assert!(!store.finish(&lost).await?);
    assert!(!store.extend(&lost).await?);
    assert!(!store.fail(&lost, Verdict::Retry(NO_TIME), "late").await?);
    assert!(!store.fail(&lost, Verdict::Bury(Burial::Permanent), "late").await?);
    store.release(std::slice::from_ref(&lost)).await?;
    assert!(matches!(state(store, &newest).await?, TaskState::Running { .. }));
    assert!(finish(store, &newest).await?);
    Ok(())
}

/// Of all who ever claimed a task, one ends it.
pub async fn is_finished_by_one_of_many<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(only(store, NO_TIME).await?);
    }
    let ends = join_all(all.iter().map(|claim| finish(store, claim))).await;
    let ends: Vec<_> = ends.into_iter().collect::<Result<_, _>>()?;
    assert_eq!(ends, [false, false, true]);
    Ok(())
}

/// A lease that is extended lasts longer.
pub async fn keeps_a_lease_that_is_extended<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    let claim = Claim { lease: HOUR, ..only(store, NO_TIME).await? };
    assert!(store.extend(&claim).await?);
    assert_eq!(claims(store).await?, []);
    assert!(finish(store, &claim).await?);
    assert!(!store.extend(&claim).await?);
    Ok(())
}

/// I-18: a task that ends every worker which runs it is given up after as many tries as any other.
pub async fn buries_what_kills_its_workers<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    for attempt in 1..=3 {
        assert_eq!(only(store, NO_TIME).await?.attempt, attempt);
    }
    let claimed = claim_for(store, NO_TIME).await?;
    assert_eq!((claimed.claims.len(), claimed.buried.len()), (0, 1));
    let dead = store.dead(10).await?;
    let states: Vec<_> = dead.iter().map(|task| &task.state).collect();
    assert!(matches!(states[..], [TaskState::Dead { burial: Burial::Crashed, .. }]), "{states:?}");
    assert_eq!(claim_for(store, NO_TIME).await?, Claimed::default());
    Ok(())
}

/// What was heard of while its last worker died is tried again from the beginning.
pub async fn buries_nothing_that_was_just_heard_of<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    for _ in 1..=3 {
        only(store, NO_TIME).await?;
    }
    enqueue(store, &matter(1)).await?;
    let claim = only(store, HOUR).await?;
    assert_eq!(claim.attempt, 1);
    enqueue(store, &matter(1)).await?;
    assert!(store.fail(&claim, Verdict::Bury(Burial::Permanent), "refused").await?);
    let claim = only(store, HOUR).await?;
    assert_eq!(claim.attempt, 1);
    assert!(store.fail(&claim, Verdict::Bury(Burial::Permanent), "refused").await?);
    assert_eq!((claims(store).await?, store.dead(10).await?.len()), (vec![], 1));
    Ok(())
}

/// A failed task comes back after its pause, or when something new is heard of it.
pub async fn waits_after_a_failure<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    let claim = only(store, HOUR).await?;
    assert!(store.fail(&claim, Verdict::Retry(NO_TIME), "no answer").await?);
    assert!(!finish(store, &claim).await?);
    let claim = only(store, HOUR).await?;
    assert_eq!((claim.attempt, claim.rescued), (2, false));
    assert!(store.fail(&claim, Verdict::Retry(HOUR), "no answer again").await?);
    assert_eq!(claims(store).await?, []);
    let stored = store.task(claim.id).await?.ok_or("the task is gone")?;
    assert_eq!((stored.attempt, stored.last_error.as_deref()), (2, Some("no answer again")));
    assert!(matches!(stored.state, TaskState::Waiting { run_at } if run_at > stored.created_at));
    enqueue(store, &matter(1)).await?;
    assert_eq!(only(store, HOUR).await?.attempt, 1);
    Ok(())
}

/// A task that came too early has as many tries left as before.
pub async fn does_not_count_a_snooze<B: Backend>(store: &B) -> Outcome {
    enqueue(store, &matter(1)).await?;
    for _ in 0..5 {
        let claim = only(store, HOUR).await?;
        assert_eq!(claim.attempt, 1);
        assert!(store.fail(&claim, Verdict::Snooze(NO_TIME), "too early").await?);
    }
    let claim = only(store, HOUR).await?;
    assert!(store.fail(&claim, Verdict::Snooze(HOUR), "too early").await?);
    assert_eq!(claims(store).await?, []);
    Ok(())
}

/// A try that stores something and goes on later is told to wait by the same unit, which only its
/// newest claim may commit. What was heard of meanwhile does not wait.
pub async fn is_put_off_with_what_was_stored<B: Backend>(store: &B) -> Outcome {
    let put_off = |claim: Claim, pause| async move {
        let mut unit = store.begin().await?;
        let held = unit.tasks().put_off(&claim, pause).await?;
        unit.commit().await?;
        Ok::<_, domain::store::StoreError>(held)
    };
    enqueue(store, &matter(1)).await?;
    for _ in 0..5 {
        let claim = only(store, HOUR).await?;
        assert_eq!((claim.attempt, claim.rescued), (1, false));
        assert!(put_off(claim.clone(), NO_TIME).await?);
        assert!(!put_off(claim, NO_TIME).await?);
    }
    let overtaken = only(store, NO_TIME).await?;
    let claim = only(store, HOUR).await?;
    assert!(!put_off(overtaken, NO_TIME).await?);
    enqueue(store, &matter(1)).await?;
    assert!(put_off(claim, HOUR).await? && put_off(only(store, HOUR).await?, HOUR).await?);
    assert_eq!(claims(store).await?, []);
    Ok(())
}

/// What was claimed and not begun is free for others at once, and counts for nothing.
pub async fn is_released_as_if_never_claimed<B: Backend>(store: &B) -> Outcome {
    for number in 0..3 {
        enqueue(store, &matter(number)).await?;
    }
    let claimed = claims(store).await?;
    store.release(&claimed).await?;
    assert!(!finish(store, &claimed[0]).await?);
    let again = claims(store).await?;
    assert_eq!(again.iter().map(|claim| claim.attempt).collect::<Vec<_>>(), [1, 1, 1]);
    Ok(())
}

/// What was confirmed before its task began needs none; what runs is left alone, and so is work
/// that cannot become needless.
pub async fn is_withdrawn_while_it_waits<B: Backend>(store: &B) -> Outcome {
    let kind = TaskKind::ConfirmSms;
    for number in [1, 2] {
        enqueue(store, &NewTask::new(kind, OrderId::new(number))).await?;
    }
    let withdraw = |kind, number| async move {
        let mut unit = store.begin().await?;
        unit.tasks().withdraw(kind, &Subject::from(OrderId::new(number))).await?;
        unit.commit().await
    };
    withdraw(kind, 1).await?;
    let wanted = Wanted { kind, room: 10, lease: HOUR, max_attempts: 3 };
    let claimed = store.claim(&[wanted], "worker").await?.claims;
    let subjects: Vec<_> = claimed.iter().map(|claim| claim.subject.as_number()).collect();
    assert_eq!(subjects, [Some(2)]);
    withdraw(kind, 2).await?;
    assert!(finish(store, &claimed[0]).await?);
    enqueue(store, &matter(1)).await?;
    assert!(withdraw(KIND, 1).await.is_err());
    only(store, HOUR).await?;
    Ok(())
}

/// Operators and alerts see how many there are, by kind.
pub async fn is_counted_by_kind<B: Backend>(store: &B) -> Outcome {
    let dead = buried(store).await?;
    for number in [2, 3] {
        enqueue(store, &matter(number)).await?;
    }
    enqueue(store, &matter(4).after(HOUR)).await?;
    enqueue(store, &NewTask::new(TaskKind::Canary, OrderId::new(1)).after(HOUR)).await?;
    let wanted = Wanted { kind: KIND, room: 1, lease: HOUR, max_attempts: 3 };
    store.claim(&[wanted], "worker").await?;
    let stats = store.stats().await?;
    let counts: Vec<_> =
        stats.iter().map(|s| (s.kind.as_str(), s.waiting, s.running, s.dead)).collect();
    let expected = [(TaskKind::Canary.as_str(), 1, 0, 0), (KIND.as_str(), 2, 1, 1)];
    assert_eq!(counts, expected);
    assert_eq!(stats[0].oldest_ready, Duration::ZERO);
    let mut kinds = store.kinds().await?;
    kinds.sort_unstable();
    assert_eq!(kinds, [TaskKind::Canary.as_str(), KIND.as_str()]);
    assert!(store.discard(dead.id, &somebody()).await?);
    Ok(())
}
