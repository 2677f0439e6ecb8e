//! Endpoints of customers, and what they are told.

use std::time::Duration;

use domain::{
    hooks::{
        About, Attempt, DisableReason, Disabled, Endpoint, HookSecret, HookUrl, Message, MessageId,
        MessageState, Trigger,
    },
    ids::UserId,
    inbox::{MessageSource, StoredMessage},
    orders::Order,
    outbox::{Event, EventKind},
    providers::SmsText,
    store::StoreError,
    tasks::{Subject, TaskKind, Wanted},
    time::Timestamp,
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    Backend,
    stage::{Stage, customer},
};
use crate::{Outcome, start_of_time};

const HOUR: Duration = Duration::from_hours(1);

fn instant(seconds: u64) -> Timestamp {
    start_of_time() + Duration::from_secs(seconds)
}

/// Gives a customer an endpoint.
async fn listen<B: Backend>(store: &B, user: UserId) -> Outcome<Endpoint> {
    let mut unit = store.begin().await?;
    let mut endpoint = unit.hooks().open_endpoint(user).await?;
    endpoint.url = HookUrl::parse("https://customer.example/hook");
    endpoint.secret = HookSecret::parse("a secret, not only of ASCII: ü");
    endpoint.version += 1;
    unit.hooks().update_endpoint(&endpoint, instant(0)).await?;
    unit.commit().await?;
    Ok(endpoint)
}

async fn put<B: Backend>(store: &B, endpoint: &Endpoint) -> Outcome {
    let mut unit = store.begin().await?;
    unit.hooks().lock_endpoint(endpoint.user).await?.ok_or("an endpoint")?;
    unit.hooks().update_endpoint(endpoint, instant(0)).await?;
    unit.commit().await?;
    Ok(())
}

/// A further SMS for an order, with its event.
async fn receive<B: Backend>(stage: &Stage<'_, B>, order: Order, code: &str) -> Outcome<Order> {
    let first = order.delivery().is_none();
    let capture = order.money().capture(order.quote.provider, order.quote.cost);
    let at = order.changed_at + Duration::from_secs(1);
    let text = SmsText::new(&format!("Code {code}"));
    let order = order.receive(text.clone(), Some(code.into()), at)?;
    let revision = order.delivery().map_or(0, |delivery| delivery.revision);
    let source = MessageSource::Poll;
    let message = StoredMessage { revision, code: Some(code.into()), text: Some(text), source, at };
    let mut unit = stage.store.begin().await?;
    unit.orders().lock(order.id).await?.ok_or("no such order")?;
    if first {
        unit.ledger().post(&capture).await?;
    }
    unit.inbox().add_message(&order, &message).await?;
    unit.orders().update(&order).await?;
    publish(&mut *unit, &order, EventKind::OrderOtpReceived).await?;
    unit.commit().await?;
    Ok(order)
}

async fn publish(
    unit: &mut (dyn domain::store::UnitOfWork + '_),
    order: &Order,
    kind: EventKind,
) -> Result<(), StoreError> {
    let event = Event { user: order.user, order: order.id, kind };
    unit.outbox().publish(event, order.changed_at).await
}

async fn complete<B: Backend>(stage: &Stage<'_, B>, order: Order) -> Outcome<Order> {
    let at = order.changed_at + Duration::from_secs(1);
    let order = order.complete(at)?;
    let mut unit = stage.store.begin().await?;
    unit.orders().lock(order.id).await?.ok_or("no such order")?;
    unit.orders().update(&order).await?;
    publish(&mut *unit, &order, EventKind::OrderCompleted).await?;
    unit.commit().await?;
    Ok(order)
}

/// The subjects of all tasks that deliver messages.
async fn tasks<B: Backend>(store: &B) -> Outcome<Vec<Subject>> {
    let wanted = Wanted { kind: TaskKind::DeliverHook, room: 100, lease: HOUR, max_attempts: 3 };
    let claims = store.claim(&[wanted], "worker").await?.claims;
    store.release(&claims).await?;
    let mut subjects: Vec<_> = claims.into_iter().map(|claim| claim.subject).collect();
    subjects.sort();
    Ok(subjects)
}

/// What each message tells of, in the order of the events.
fn told(messages: &[Message]) -> Vec<(&'static str, Option<i32>)> {
    let mut told: Vec<_> = messages.iter().map(|it| (it.at, it.about)).collect();
    told.sort_by_key(|(at, _)| *at);
    let about = told.into_iter().map(|(_, about)| match about {
        About::Order { revision, .. } => (about.name(), revision),
        About::Test => (about.name(), None),
    });
    about.collect()
}

fn trial(user: UserId, number: u128, at: Timestamp) -> Message {
    Message {
        id: MessageId::new(Uuid::from_u128(number)),
        user,
        about: About::Test,
        at,
        expires_at: None,
        state: MessageState::Dropped,
        attempts: 1,
        round: 1,
        trigger: Trigger::Test,
    }
}

fn attempt(message: &Message, number: u32) -> Attempt {
    Attempt {
        message: message.id,
        user: message.user,
        number,
        trigger: Trigger::Test,
        host: "customer.example".to_owned(),
        outcome: "refused".to_owned(),
        status: Some(503),
        took: Duration::from_millis(17),
        response: Some("later, träge".to_owned()),
        next_at: Some(instant(100)),
        at: instant(u64::from(number)),
    }
}

async fn add<B: Backend>(store: &B, message: &Message, attempts: &[Attempt]) -> Outcome {
    let mut unit = store.begin().await?;
    unit.hooks().add_trial(message).await?;
    for attempt in attempts {
        unit.hooks().add_attempt(attempt).await?;
    }
    unit.commit().await?;
    Ok(())
}

/// Whoever opens an endpoint finds the one that there is.
pub async fn opens_an_endpoint_once<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    assert_eq!(store.endpoint(user).await?, None);
    let endpoint = listen(store, user).await?;
    let mut unit = store.begin().await?;
    assert_eq!(unit.hooks().open_endpoint(user).await?, endpoint);
    assert_eq!(unit.hooks().lock_endpoint(user).await?, Some(endpoint.clone()));
    unit.commit().await?;
    assert_eq!(store.endpoint(user).await?, Some(endpoint));
    let other = customer(store, "b@example.com", 0).await?;
    assert_eq!(store.endpoint(other).await?, None);
    Ok(())
}

/// Address, secret, failures and the end of patience are stored and read back.
pub async fn keeps_an_endpoint_as_its_owner_left_it<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let endpoint = listen(store, user).await?;
    for reason in [DisableReason::ConsecutiveFailures, DisableReason::Gone] {
        let disabled = Some(Disabled { at: instant(9), reason });
        let endpoint = Endpoint { disabled, failures: 10, version: 7, ..endpoint.clone() };
        put(store, &endpoint).await?;
        assert_eq!(store.endpoint(user).await?, Some(endpoint));
    }
    let cleared = Endpoint { url: None, secret: None, ..endpoint };
    put(store, &cleared).await?;
    assert_eq!(store.endpoint(user).await?, Some(cleared));
    Ok(())
}

/// I-25: every event has one message and one task, and a code says which SMS it came with.
pub async fn tells_each_event_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    listen(store, stage.user).await?;
    let order = receive(&stage, stage.active("1").await?, "1111").await?;
    let order = receive(&stage, order, "2222").await?;
    store.stamp(10).await?;
    let order = complete(&stage, order).await?;
    for _ in 0..3 {
        store.stamp(10).await?;
    }
    let messages = store.messages(stage.user, 10).await?;
    let expected = [
        ("order.otp_received", Some(1)),
        ("order.otp_received", Some(2)),
        ("order.completed", None),
    ];
    assert_eq!(told(&messages), expected);
    let lease = order.lease().ok_or("a number")?;
    for message in &messages {
        let About::Order { event, order: of, resend_from, .. } = message.about else {
            return Err("a message of an order".into());
        };
        let ends = (event == EventKind::OrderOtpReceived).then_some(lease.expires_at + HOUR);
        assert_eq!((of, resend_from, message.expires_at), (order.id, lease.resend_from, ends));
        let news = (message.state, message.attempts, message.round, message.trigger);
        assert_eq!(news, (MessageState::Waiting, 0, 0, Trigger::Schedule));
    }
    let mut subjects: Vec<_> = messages.iter().filter_map(Message::subject).collect();
    subjects.sort();
    assert_eq!(tasks(store).await?, subjects);
    Ok(())
}

/// Several relays at once tell no event twice.
pub async fn tells_each_event_once_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    listen(store, stage.user).await?;
    let mut order = stage.active("1").await?;
    for code in 1..=9 {
        order = receive(&stage, order, &code.to_string()).await?;
    }
    for batch in join_all((0..4).map(|_| store.stamp(4))).await {
        batch?;
    }
    let told = told(&store.messages(stage.user, 100).await?);
    let revisions: Vec<_> = told.into_iter().filter_map(|(_, revision)| revision).collect();
    assert_eq!(revisions, (1..=9).collect::<Vec<_>>());
    assert_eq!(tasks(store).await?.len(), 9);
    Ok(())
}

/// Without an endpoint, without an address, or disabled: nothing; and nobody is told of a number
/// that has just been rented.
pub async fn tells_only_who_wants_to_hear_it<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = receive(&stage, stage.active("1").await?, "1").await?;
    store.stamp(10).await?;
    let endpoint = listen(store, stage.user).await?;
    put(store, &Endpoint { url: None, ..endpoint.clone() }).await?;
    let order = receive(&stage, order, "2").await?;
    store.stamp(10).await?;
    let disabled = Some(Disabled { at: instant(1), reason: DisableReason::Gone });
    put(store, &Endpoint { disabled, ..endpoint.clone() }).await?;
    let order = receive(&stage, order, "3").await?;
    store.stamp(10).await?;
    let other = stage.another("b@example.com", 100).await?;
    listen(store, other.user).await?;
    receive(&stage, order, "4").await?;
    other.active("2").await?;
    store.stamp(10).await?;
    assert_eq!(store.messages(stage.user, 10).await?, []);
    assert_eq!(store.messages(other.user, 10).await?, []);
    assert_eq!(tasks(store).await?, []);
    Ok(())
}

/// A delivery finds its message, where it goes, and what the order's places are called.
pub async fn hands_out_what_a_delivery_takes<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let endpoint = listen(store, stage.user).await?;
    receive(&stage, stage.active("1").await?, "1111").await?;
    store.stamp(10).await?;
    let message = store.messages(stage.user, 10).await?.remove(0);
    let delivery = store.delivery(message.id).await?.ok_or("a delivery")?;
    assert_eq!((&delivery.message, delivery.endpoint), (&message, Some(endpoint)));
    let places = delivery.places.ok_or("places")?;
    assert_eq!((places.country.as_str(), places.platform.as_str()), ("Indonesia", "WhatsApp"));
    let trial = trial(stage.user, 1, instant(0));
    add(store, &trial, &[]).await?;
    let delivery = store.delivery(trial.id).await?.ok_or("a delivery")?;
    assert_eq!((delivery.message, delivery.places), (trial, None));
    let unknown = MessageId::new(Uuid::from_u128(99));
    assert_eq!(store.delivery(unknown).await?, None);
    Ok(())
}

/// Customers see their own attempts, as they were put down.
pub async fn puts_down_attempts_newest_first<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    for user in [user, other] {
        listen(store, user).await?;
    }
    let (message, foreign) = (trial(user, 1, instant(0)), trial(other, 2, instant(0)));
    let silent = Attempt { status: None, response: None, next_at: None, ..attempt(&message, 3) };
    let attempts = [attempt(&message, 1), attempt(&message, 2), silent];
    add(store, &message, &attempts).await?;
    add(store, &foreign, &[attempt(&foreign, 1)]).await?;
    let seen = store.attempts(user, 2).await?;
    let seen: Vec<_> = seen.iter().map(|view| (&view.attempt, view.event.as_str())).collect();
    assert_eq!(seen, [(&attempts[2], About::TEST), (&attempts[1], About::TEST)]);
    assert_eq!(store.attempts(other, 10).await?.len(), 1);
    Ok(())
}

/// An attempt is one row, whoever believes to have made it.
pub async fn refuses_to_put_down_an_attempt_twice<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    listen(store, user).await?;
    let message = trial(user, 1, instant(0));
    add(store, &message, &[attempt(&message, 1)]).await?;
    let mut unit = store.begin().await?;
    assert!(unit.hooks().add_attempt(&attempt(&message, 1)).await.is_err());
    assert!(unit.commit().await.is_err());
    Ok(())
}

/// Only trials of this customer count, and only late ones.
pub async fn counts_trials_of_late<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    for user in [user, other] {
        listen(store, user).await?;
    }
    for number in 1..=4 {
        let at = instant(u64::try_from(number)?);
        add(store, &trial(user, number, at), &[]).await?;
    }
    add(store, &trial(other, 9, instant(9)), &[]).await?;
    let mut unit = store.begin().await?;
    assert_eq!(unit.hooks().trials_since(user, instant(2)).await?, 2);
    assert_eq!(unit.hooks().trials_since(user, instant(9)).await?, 0);
    Ok(())
}

/// What waits, and who is sent nothing.
pub async fn shows_what_operators_look_at<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    listen(store, stage.user).await?;
    let other = customer(store, "b@example.com", 0).await?;
    let disabled = Some(Disabled { at: instant(1), reason: DisableReason::Gone });
    let endpoint = listen(store, other).await?;
    put(store, &Endpoint { disabled, ..endpoint }).await?;
    receive(&stage, stage.active("1").await?, "1111").await?;
    store.stamp(10).await?;
    let vitals = store.hook_vitals().await?;
    assert_eq!((vitals.waiting, vitals.active, vitals.disabled), (1, 1, 1));
    assert!(vitals.oldest_untried < HOUR);
    let id = store_id(&store.messages(stage.user, 1).await?)?;
    let mut unit = store.begin().await?;
    let mut message = unit.hooks().lock_message(id).await?.ok_or("a message")?;
    message.state = MessageState::Delivered;
    unit.hooks().update_message(&message, instant(5)).await?;
    unit.commit().await?;
    assert_eq!(store.hook_vitals().await?.waiting, 0);
    Ok(())
}

fn store_id(messages: &[Message]) -> Outcome<MessageId> {
    Ok(messages.first().ok_or("a message")?.id)
}
