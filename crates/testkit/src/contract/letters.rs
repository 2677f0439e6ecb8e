//! Tasks that were given up, and tasks that are missing.

use std::time::Duration;

use domain::{
    inbox::{Callback, CallbackStore},
    orders::Order,
    providers::SmsText,
    tasks::{Burial, Subject, TaskKind, TaskState, Verdict},
};

use super::{
    Backend,
    stage::{Stage, external},
    tasks::{HOUR, KIND, buried, claims, enqueue, finish, matter, only, somebody},
};
use crate::Outcome;

/// What was given up says why, and its matter can have a new task.
pub async fn lies_dead_until_somebody_decides<B: Backend>(store: &B) -> Outcome {
    let dead = buried(store).await?;
    assert_eq!((dead.kind.as_str(), dead.subject.as_str()), (KIND.as_str(), "1"));
    assert_eq!(dead.last_error.as_deref(), Some("no such order"));
    assert!(matches!(dead.state, TaskState::Dead { burial: Burial::Permanent, .. }));
    assert_eq!(claims(store).await?, []);
    enqueue(store, &matter(1)).await?;
    let claim = only(store, HOUR).await?;
    assert_ne!(claim.id, dead.id);
    assert!(!store.retry(claim.id, &somebody()).await?);
    assert!(!store.discard(claim.id, &somebody()).await?);
    assert!(finish(store, &claim).await?);
    assert!(store.discard(dead.id, &somebody()).await?);
    assert!(!store.discard(dead.id, &somebody()).await?);
    assert_eq!((store.dead(10).await?, store.task(dead.id).await?), (vec![], None));
    Ok(())
}

/// A retried task runs with all its tries; where its matter has a live one, that one runs.
pub async fn is_retried_on_request<B: Backend>(store: &B) -> Outcome {
    let dead = buried(store).await?;
    assert!(store.retry(dead.id, &somebody()).await?);
    let claim = only(store, HOUR).await?;
    assert_eq!((claim.subject.as_number(), claim.attempt), (Some(1), 1));
    assert!(store.fail(&claim, Verdict::Bury(Burial::Exhausted), "still not").await?);
    enqueue(store, &matter(1).after(HOUR)).await?;
    let dead = store.dead(10).await?.pop().ok_or("a dead task")?;
    assert!(store.retry(dead.id, &somebody()).await?);
    assert!(!store.retry(dead.id, &somebody()).await?);
    only(store, HOUR).await?;
    assert_eq!(store.dead(10).await?, []);
    Ok(())
}

/// What an earlier version left without a task gets one, unless somebody has decided otherwise.
pub async fn is_adopted_where_it_is_missing<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    stage.active("1").await?;
    let order = stage.canceled(stage.active("2").await?).await?;
    assert_eq!(store.adopt(order.changed_at - Duration::from_secs(1)).await?, 0);
    assert_eq!(store.adopt(order.changed_at).await?, 1);
    assert_eq!(store.adopt(order.changed_at).await?, 0);
    let claim = only(store, HOUR).await?;
    assert_eq!(claim.subject, Subject::from(order.id));
    assert!(store.fail(&claim, Verdict::Bury(Burial::Permanent), "refused").await?);
    assert_eq!(store.adopt(order.changed_at).await?, 0);
    assert!(store.discard(claim.id, &somebody()).await?);
    assert_eq!(store.adopt(order.changed_at).await?, 0);
    let closed = Order { upstream_open: false, ..order };
    let callback = Callback {
        provider: stage.provider,
        external_id: external("2")?,
        code: None,
        text: SmsText::new("Your code is 1234"),
        received_at: String::new(),
    };
    stage.write(&closed, None).await?;
    let stored = CallbackStore::store(store, &callback, closed.changed_at).await?;
    assert_eq!(store.adopt(closed.changed_at).await?, 0);
    let mut unit = store.begin().await?;
    unit.tasks().withdraw(TaskKind::ConfirmSms, &stored.id.into()).await?;
    unit.commit().await?;
    assert_eq!(store.adopt(closed.changed_at).await?, 1);
    Ok(())
}
