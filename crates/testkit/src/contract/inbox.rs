//! Callbacks and messages.

use std::time::Duration;

use domain::{
    ids::{InboxId, ProviderId},
    inbox::{Callback, CallbackState, CallbackStore, MessageSource, StoredCallback, StoredMessage},
    orders::Order,
    providers::{NewProvider, Protocol, SmsText},
    tasks::{Claimed, TaskKind, Wanted},
    time::Timestamp,
};
use futures_util::future::join_all;

use super::{
    Backend,
    shelf::add_provider,
    stage::{Stage, external},
};
use crate::{Outcome, start_of_time};

/// After every callback here came.
fn soon() -> Timestamp {
    start_of_time() + Duration::from_mins(1)
}

fn callback(provider: ProviderId) -> Outcome<Callback> {
    Ok(Callback {
        provider,
        external_id: external("1")?,
        code: Some("1234".into()),
        text: SmsText::new("Your code is 1234"),
        received_at: "2027-01-15 08:00:00".to_owned(),
    })
}

async fn store_one<B: Backend>(store: &B) -> Outcome<StoredCallback> {
    let provider = add_provider(store, "first").await?.id;
    Ok(CallbackStore::store(store, &callback(provider)?, start_of_time()).await?)
}

/// How many callbacks have a task that waits.
async fn tasks<B: Backend>(store: &B) -> Outcome<i64> {
    let kind = TaskKind::ConfirmSms.as_str();
    let stats = store.stats().await?;
    Ok(stats.iter().find(|stats| stats.kind == kind).map_or(0, |stats| stats.waiting))
}

async fn mark<B: Backend>(store: &B, id: InboxId, state: CallbackState) -> Outcome {
    let mut unit = store.begin().await?;
    unit.inbox().mark_callback(id, state).await?;
    unit.tasks().withdraw(TaskKind::ConfirmSms, &id.into()).await?;
    unit.commit().await?;
    Ok(())
}

/// A repeat finds the first one, with what became of it.
pub async fn stores_a_callback_once<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    assert_eq!(first.state, CallbackState::Pending);
    let again = CallbackStore::store(store, &first.callback, soon()).await?;
    assert_eq!(again, first);
    mark(store, first.id, CallbackState::Applied).await?;
    let again = CallbackStore::store(store, &first.callback, soon()).await?;
    assert_eq!(again, StoredCallback { state: CallbackState::Applied, ..first.clone() });
    assert_eq!(store.callback(first.id).await?, Some(again));
    assert_eq!(store.callback(InboxId::new(4_711)).await?, None);
    Ok(())
}

/// Equal callbacks at once are one, with one task.
pub async fn stores_a_callback_once_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    let callback = callback(provider)?;
    let mut ids = Vec::new();
    for stored in
        join_all((0..10).map(|_| CallbackStore::store(store, &callback, start_of_time()))).await
    {
        ids.push(stored?.id);
    }
    ids.dedup();
    assert_eq!((ids.len(), CallbackStore::backlog(store).await?, tasks(store).await?), (1, 1, 1));
    Ok(())
}

/// Another text, time, activation or provider is another message.
pub async fn tells_messages_of_one_activation_apart<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?.callback;
    let other = add_provider(store, "second").await?.id;
    let different = [
        Callback { text: SmsText::new("Your code is 5678"), ..first.clone() },
        Callback { received_at: "2027-01-15 08:00:09".to_owned(), ..first.clone() },
        Callback { external_id: external("2")?, ..first.clone() },
        Callback { provider: other, ..first.clone() },
    ];
    for callback in &different {
        let stored = CallbackStore::store(store, callback, start_of_time()).await?;
        assert_eq!(store.callback(stored.id).await?.map(|it| it.callback), Some(callback.clone()));
    }
    assert_eq!((CallbackStore::backlog(store).await?, tasks(store).await?), (5, 5));
    Ok(())
}

/// A callback is stored with its task, which gives whoever took it in a head start; once it is
/// settled it gets none, and one that was given up gets a new one when it comes again.
pub async fn stores_a_task_with_what_is_open<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    assert_eq!(tasks(store).await?, 1);
    let wanted = Wanted {
        kind: TaskKind::ConfirmSms,
        room: 10,
        lease: Duration::from_hours(1),
        max_attempts: 3,
    };
    assert_eq!(store.claim(&[wanted], "worker").await?, Claimed::default());
    for state in [CallbackState::Applied, CallbackState::Known, CallbackState::Late] {
        mark(store, first.id, state).await?;
        CallbackStore::store(store, &first.callback, soon()).await?;
        assert_eq!((CallbackStore::backlog(store).await?, tasks(store).await?), (0, 0));
        let mut unit = store.begin().await?;
        let locked = unit.inbox().lock_callback(first.id).await?;
        assert_eq!(locked.map(|stored| stored.state), Some(state));
    }
    mark(store, first.id, CallbackState::Parked).await?;
    CallbackStore::store(store, &first.callback, soon()).await?;
    assert_eq!((CallbackStore::backlog(store).await?, tasks(store).await?), (1, 1));
    Ok(())
}

/// A callback has an order once the order's number is stored.
pub async fn knows_whether_an_order_rents_the_activation<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let callback = callback(stage.provider)?;
    stage.reserved().await?;
    assert!(!store.has_order(&callback).await?);
    let order = stage.active("1").await?;
    assert!(store.has_order(&callback).await?);
    stage.canceled(order).await?;
    assert!(store.has_order(&callback).await?);
    let other = Callback { external_id: external("2")?, ..callback };
    assert!(!store.has_order(&other).await?);
    Ok(())
}

/// A provider is believed only if the operator said so.
pub async fn knows_whom_to_believe<B: Backend>(store: &B) -> Outcome {
    let doubted = add_provider(store, "first").await?.id;
    let provider = NewProvider {
        code: "second".to_owned(),
        protocol: Protocol::SmsActivate,
        base_url: "https://second.example".to_owned(),
        api_key: "key of the provider".to_owned(),
        priority: 1,
        trusts_callbacks: true,
    };
    let (believed, _) = store.add(&provider).await?.ok_or("a provider with this name")?;
    assert!(store.trusts(believed.id).await?);
    assert!(!store.trusts(doubted).await?);
    assert!(!store.trusts(ProviderId::new(4_711)).await?);
    Ok(())
}

fn message(revision: i32, text: &str) -> StoredMessage {
    StoredMessage {
        revision,
        code: Some("1234".into()),
        text: Some(SmsText::new(text)),
        source: MessageSource::Poll,
        at: start_of_time() + Duration::from_secs(9),
    }
}

async fn with_messages<B: Backend>(
    stage: &Stage<'_, B>,
    messages: &[StoredMessage],
) -> Outcome<Order> {
    let order = stage.delivered(stage.active("1").await?).await?;
    let mut unit = stage.store.begin().await?;
    unit.orders().lock(order.id).await?;
    for message in messages {
        unit.inbox().add_message(&order, message).await?;
    }
    unit.commit().await?;
    Ok(order)
}

/// The messages of an order come back as written, oldest first, inside a unit and outside.
pub async fn keeps_messages_in_order<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let mut first = message(1, "Your code is 1234 ✓");
    first.code = None;
    let second = message(2, "Your other code is 1234");
    let order = with_messages(&stage, &[second.clone(), first.clone()]).await?;
    let expected = [first, second];
    assert_eq!(store.history(order.id).await?, expected);
    let mut unit = store.begin().await?;
    assert_eq!(unit.inbox().messages(&order).await?, expected);
    drop(unit);
    let other = stage.active("2").await?;
    assert_eq!(store.history(other.id).await?, []);
    Ok(())
}

/// Completing a message changes its text and source and leaves the others alone.
pub async fn replaces_text_and_source_of_a_message<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let (first, second) = (message(1, "1234"), message(2, "5678"));
    let order = with_messages(&stage, &[first.clone(), second.clone()]).await?;
    let full = StoredMessage {
        text: Some(SmsText::new("Your code is 1234")),
        source: MessageSource::Callback,
        ..first
    };
    let mut unit = store.begin().await?;
    unit.orders().lock(order.id).await?;
    unit.inbox().replace_message(&order, &full).await?;
    unit.commit().await?;
    assert_eq!(store.history(order.id).await?, [full, second]);
    Ok(())
}
