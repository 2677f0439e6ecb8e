//! Callbacks and messages.

use std::time::Duration;

use domain::{
    ids::ProviderId,
    inbox::{Callback, CallbackState, CallbackStore, MessageSource, StoredCallback, StoredMessage},
    orders::Order,
    providers::{NewProvider, Protocol, SmsText},
    time::Timestamp,
};
use futures_util::future::join_all;

use super::{
    Backend,
    shelf::add_provider,
    stage::{Stage, external},
};
use crate::{Outcome, start_of_time};

const INTERVAL: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_micros(1);

/// Long enough after a callback came that it is due in any case.
fn soon() -> Timestamp {
    start_of_time() + Duration::from_mins(1)
}

fn callback(provider: ProviderId) -> Outcome<Callback> {
    Ok(Callback {
        provider,
        external_id: external("1")?,
        code: Some("1234".to_owned()),
        text: SmsText::new("Your code is 1234"),
        received_at: "2027-01-15 08:00:00".to_owned(),
    })
}

async fn store_one<B: Backend>(store: &B) -> Outcome<StoredCallback> {
    let provider = add_provider(store, "first").await?.id;
    Ok(CallbackStore::store(store, &callback(provider)?, start_of_time()).await?)
}

async fn due<B: Backend>(store: &B, now: Timestamp) -> Outcome<Vec<StoredCallback>> {
    Ok(CallbackStore::due(store, now, INTERVAL, 10).await?)
}

/// A repeat finds the first one, with what became of it.
pub async fn stores_a_callback_once<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    assert_eq!((first.state, first.attempts), (CallbackState::Pending, 0));
    let again = CallbackStore::store(store, &first.callback, soon()).await?;
    assert_eq!(again, first);
    let mut unit = store.begin().await?;
    unit.inbox().mark_callback(first.id, CallbackState::Applied).await?;
    unit.commit().await?;
    let again = CallbackStore::store(store, &first.callback, soon()).await?;
    assert_eq!(again, StoredCallback { state: CallbackState::Applied, ..first });
    Ok(())
}

/// Equal callbacks at once are one.
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
    assert_eq!((ids.len(), due(store, soon()).await?.len()), (1, 1));
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
        CallbackStore::store(store, callback, start_of_time()).await?;
    }
    let mut found: Vec<_> = due(store, soon()).await?;
    found.sort_by_key(|stored| stored.id);
    let found: Vec<_> = found.into_iter().map(|stored| stored.callback).collect();
    assert_eq!(found, [vec![first], different.to_vec()].concat());
    Ok(())
}

/// A claimed callback is given out again when the interval is over, and not before.
pub async fn gives_out_a_callback_once_per_interval<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    let now = soon();
    assert_eq!(due(store, now).await?, std::slice::from_ref(&first));
    assert_eq!(due(store, now + INTERVAL - MOMENT).await?, []);
    assert_eq!(due(store, now + INTERVAL).await?, [first]);
    Ok(())
}

/// A postponed callback waits for its instant and counts the try.
pub async fn waits_as_long_as_it_was_postponed<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    let next = soon() + 3 * INTERVAL;
    CallbackStore::postpone(store, &first, Some(next)).await?;
    CallbackStore::postpone(store, &first, Some(next + INTERVAL)).await?;
    assert_eq!(due(store, next - MOMENT).await?, []);
    assert_eq!(due(store, next).await?, [StoredCallback { attempts: 1, ..first }]);
    Ok(())
}

/// What is given up is kept for the operator and not given out again.
pub async fn parks_a_callback_that_is_given_up<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    assert_eq!(CallbackStore::backlog(store).await?, (1, 0));
    CallbackStore::postpone(store, &first, None).await?;
    assert_eq!(CallbackStore::backlog(store).await?, (0, 1));
    assert_eq!(due(store, soon() + Duration::from_hours(48)).await?, []);
    let again = CallbackStore::store(store, &first.callback, soon()).await?;
    assert_eq!((again.id, again.state), (first.id, CallbackState::Parked));
    Ok(())
}

/// Once something became of a callback it is not given out, whatever that was.
pub async fn gives_out_nothing_that_was_acted_on<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    for state in [CallbackState::Applied, CallbackState::Known, CallbackState::Late] {
        let mut unit = store.begin().await?;
        unit.inbox().mark_callback(first.id, state).await?;
        unit.commit().await?;
        assert_eq!(due(store, soon() + INTERVAL).await?, []);
        let mut unit = store.begin().await?;
        let locked = unit.inbox().lock_callback(first.id).await?;
        assert_eq!(locked.map(|stored| stored.state), Some(state));
    }
    assert_eq!(CallbackStore::backlog(store).await?, (0, 0));
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
        code: Some("1234".to_owned()),
        text: SmsText::new(text),
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
        text: SmsText::new("Your code is 1234"),
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
