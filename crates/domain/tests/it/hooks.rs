//! Telling customers' servers.

use std::time::Duration;

use domain::{
    fault::{Code, Fault},
    hooks::{
        About, DisableReason, Endpoint, HookQueries, Message, MessageId, MessageState, News,
        OrderNews, Schedule, SendOutcome, Trigger,
        configure::{ConfigureError, EndpointChange},
        trial::TryEndpoint,
    },
    ids::UserId,
    orders::Order,
    outbox::{EventRelay, Queue},
    tasks::{TaskKind, TaskQueue},
};
use testkit::{Market, Outcome};
use uuid::Uuid;

const URL: &str = "https://customer.example/hook";

fn change(url: Option<&str>, secret: Option<&str>) -> EndpointChange {
    EndpointChange { url: url.map(str::to_owned), secret: secret.map(str::to_owned) }
}

/// A market whose customer listens and has an order with an SMS.
async fn told() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(100).await?;
    market.configure_endpoint().change(market.user, change(Some(URL), None)).await?;
    let order = market.buy().await?;
    receive(&market, &order, "1111").await?;
    market.wake.take();
    Ok((market, order))
}

async fn receive(market: &Market, order: &Order, code: &str) -> Outcome {
    market.sms(order, code)?;
    market.clock.advance_seconds(6);
    market.poll_active().run_once().await?;
    market.store.stamp(10).await?;
    Ok(())
}

async fn only_message(market: &Market) -> Outcome<Message> {
    let mut messages = market.store.messages(market.user, 10).await?;
    assert_eq!(messages.len(), 1);
    Ok(messages.remove(0))
}

async fn endpoint(market: &Market) -> Outcome<Endpoint> {
    Ok(market.store.endpoint(market.user).await?.ok_or("an endpoint")?)
}

/// How many deliveries wait.
async fn waiting(market: &Market) -> Outcome<i64> {
    let stats = market.store.stats().await?;
    let kind = TaskKind::DeliverHook.as_str();
    Ok(stats.iter().find(|it| it.kind == kind).map_or(0, |it| it.waiting))
}

fn order_news(news: &News) -> Outcome<&OrderNews> {
    match news {
        News::Order(news) => Ok(news),
        News::Test => Err("news of an order".into()),
    }
}

#[tokio::test]
async fn delivers_a_code_once() -> Outcome {
    let (market, order) = told().await?;
    market.run_tasks().await?;
    market.run_tasks().await?;
    let came = market.receiver.came();
    let [(target, parcel)] = &came[..] else { return Err("one parcel".into()) };
    assert_eq!(target.url.as_str(), URL);
    assert_eq!(target.secret, endpoint(&market).await?.secret);
    let message = only_message(&market).await?;
    assert_eq!((parcel.id, parcel.event, parcel.number), (message.id, "order.otp_received", 1));
    let news = order_news(&parcel.news)?;
    assert_eq!((news.order.id, news.revision), (order.id, Some(1)));
    assert_eq!(news.code.as_ref().map(domain::providers::SmsCode::reveal), Some("1111"));
    assert!(news.capabilities.can_finish && news.capabilities.can_resend);
    assert_eq!((message.state, message.attempts), (MessageState::Delivered, 1));
    let attempts = market.store.attempts(market.user, 10).await?;
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].attempt.status, attempts[0].attempt.next_at), (Some(200), None));
    assert_eq!(waiting(&market).await?, 0);
    Ok(())
}

/// A code that is told late is told as it stood, although another one came and the order ended.
#[tokio::test]
async fn tells_what_was_and_not_what_is() -> Outcome {
    let (market, order) = told().await?;
    market.receiver.then(SendOutcome::Answered(500));
    market.run_tasks().await?;
    receive(&market, &order, "2222").await?;
    market.resend_order().execute(market.user, order.id).await?;
    market.finish_order().execute(market.user, order.id).await?;
    market.store.stamp(10).await?;
    market.clock.advance_seconds(60);
    market.run_tasks().await?;
    let came = market.receiver.came();
    let first = came[0].1.id;
    let tries: Vec<_> = came.iter().filter(|(_, parcel)| parcel.id == first).collect();
    assert_eq!(tries.len(), 2);
    for (_, parcel) in tries {
        let news = order_news(&parcel.news)?;
        assert_eq!(news.code.as_ref().map(domain::providers::SmsCode::reveal), Some("1111"));
        let text = news.text.as_ref().map(domain::providers::SmsText::reveal);
        assert_eq!((text, news.revision), (Some("Your code is 1111"), Some(1)));
        assert!(news.capabilities.can_finish && news.capabilities.can_resend);
    }
    let ended = came.iter().find(|(_, parcel)| parcel.event == "order.completed");
    let ended = order_news(&ended.ok_or("the end")?.1.news)?;
    assert_eq!((ended.revision, ended.capabilities.can_finish), (None, false));
    assert_eq!(ended.code.as_ref().map(domain::providers::SmsCode::reveal), Some("2222"));
    Ok(())
}

#[tokio::test]
async fn tries_again_on_schedule_and_then_gives_up() -> Outcome {
    let (market, order) = told().await?;
    market.run_tasks().await?;
    market.receiver.always(SendOutcome::TimedOut);
    market.finish_order().execute(market.user, order.id).await?;
    market.store.stamp(10).await?;
    let mut attempts = 0;
    for _ in 0..30 {
        // Ten failures in a row would end it before its schedule does.
        let keep = change(None, Some("secret"));
        market.configure_endpoint().change(market.user, keep).await?;
        market.run_tasks().await?;
        attempts = market.store.attempts(market.user, 50).await?.len() - 1;
        market.clock.advance(Duration::from_hours(15));
    }
    assert_eq!(attempts, Schedule::ATTEMPTS);
    let states: Vec<_> =
        market.store.messages(market.user, 10).await?.iter().map(|it| it.state).collect();
    assert!(states.contains(&MessageState::Failed), "{states:?}");
    assert_eq!(waiting(&market).await?, 0);
    Ok(())
}

/// A code is worth nothing an hour after its number is gone; that is not its server's fault.
#[tokio::test]
async fn does_not_tell_codes_that_are_worth_nothing_any_more() -> Outcome {
    let (market, _) = told().await?;
    market.clock.advance(Market::TERMS.lifetime + Duration::from_mins(61));
    market.run_tasks().await?;
    assert_eq!(market.receiver.came(), []);
    assert_eq!(only_message(&market).await?.state, MessageState::Expired);
    assert_eq!(endpoint(&market).await?.failures, 0);
    Ok(())
}

#[tokio::test]
async fn ten_failures_in_a_row_disable_an_endpoint() -> Outcome {
    let (market, order) = told().await?;
    market.receiver.always(SendOutcome::Answered(500));
    let mut code = 2000;
    while endpoint(&market).await?.disabled.is_none() {
        assert!(endpoint(&market).await?.failures < Endpoint::MAX_FAILURES);
        market.run_tasks().await?;
        code += 1;
        receive(&market, &order, &code.to_string()).await?;
    }
    let now = endpoint(&market).await?;
    assert_eq!(now.disabled.map(|it| it.reason), Some(DisableReason::ConsecutiveFailures));
    let came = market.receiver.came().len();
    assert_eq!(came, usize::try_from(Endpoint::MAX_FAILURES)?);
    let before = market.store.messages(market.user, 50).await?.len();
    receive(&market, &order, "9999").await?;
    market.clock.advance_seconds(600);
    market.run_tasks().await?;
    assert_eq!(market.receiver.came().len(), came, "nothing is sent any more");
    assert_eq!(market.store.messages(market.user, 50).await?.len(), before);
    market.configure_endpoint().change(market.user, change(Some(URL), None)).await?;
    let now = endpoint(&market).await?;
    assert_eq!((now.failures, now.active_url().is_some()), (0, true));
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_gone_is_not_asked_again() -> Outcome {
    let (market, _) = told().await?;
    market.receiver.then(SendOutcome::Answered(410));
    market.run_tasks().await?;
    let disabled = endpoint(&market).await?.disabled;
    assert_eq!(disabled.map(|it| it.reason), Some(DisableReason::Gone));
    assert_eq!(only_message(&market).await?.state, MessageState::Dropped);
    assert_eq!(waiting(&market).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_success_forgets_failures() -> Outcome {
    let (market, _) = told().await?;
    market.receiver.then(SendOutcome::Unreachable);
    market.run_tasks().await?;
    assert_eq!(endpoint(&market).await?.failures, 1);
    market.clock.advance_seconds(10);
    market.run_tasks().await?;
    assert_eq!(endpoint(&market).await?.failures, 0);
    let numbers: Vec<_> = market.receiver.came().iter().map(|(_, it)| it.number).collect();
    assert_eq!(numbers, [1, 2]);
    Ok(())
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_made() -> Outcome {
    let (market, _) = told().await?;
    market.receiver.then(SendOutcome::Answered(503));
    market.receiver.wish(Duration::from_secs(40));
    market.run_tasks().await?;
    market.clock.advance_seconds(39);
    market.run_tasks().await?;
    assert_eq!(market.receiver.came().len(), 1);
    market.clock.advance_seconds(1);
    market.run_tasks().await?;
    assert_eq!(market.receiver.came().len(), 2);
    Ok(())
}

#[tokio::test]
async fn sends_a_message_again_for_its_owner_only() -> Outcome {
    let (market, _) = told().await?;
    market.run_tasks().await?;
    let id = only_message(&market).await?.id;
    let stranger = market.replay_message().execute(Some(UserId::new(999)), id).await;
    assert_eq!(stranger.unwrap_err().code(), Code::NotFound);
    let unknown = MessageId::new(Uuid::from_u128(999));
    let unknown = market.replay_message().execute(Some(market.user), unknown).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    market.clock.advance(Duration::from_hours(5));
    let message = market.replay_message().execute(Some(market.user), id).await?;
    assert_eq!((message.state, message.trigger), (MessageState::Waiting, Trigger::Replay));
    assert!(market.wake.take().contains(&Queue::Tasks));
    market.run_tasks().await?;
    let came = market.receiver.came();
    assert_eq!(came.len(), 2);
    assert_eq!((came[0].1.id, &came[0].1.news), (came[1].1.id, &came[1].1.news));
    let attempts = market.store.attempts(market.user, 10).await?;
    assert_eq!(attempts[0].attempt.trigger, Trigger::Replay);
    market.configure_endpoint().change(market.user, change(Some(""), None)).await?;
    let nowhere = market.replay_message().execute(Some(market.user), id).await;
    assert_eq!(nowhere.unwrap_err().code(), Code::Conflict);
    Ok(())
}

#[tokio::test]
async fn the_first_address_brings_a_secret() -> Outcome {
    let market = Market::new().await?;
    let configure = market.configure_endpoint();
    assert_eq!(configure.show(market.user).await?, Endpoint::unset(market.user));
    let first = configure.change(market.user, change(Some(URL), None)).await?;
    let secret = first.secret.clone().ok_or("a secret")?;
    let moved = configure.change(market.user, change(Some("https://b.example"), None)).await?;
    assert_eq!(moved.secret, Some(secret));
    let cleared = configure.change(market.user, change(None, Some(""))).await?;
    assert_eq!(cleared.secret, None);
    let moved = configure.change(market.user, change(Some(URL), None)).await?;
    assert_eq!(moved.secret, None, "who wants none gets none");
    let own = configure.change(market.user, change(None, Some("my own"))).await?;
    assert_eq!(own.secret.as_ref().map(domain::hooks::HookSecret::reveal), Some("my own"));
    assert_eq!(configure.show(market.user).await?, own);
    Ok(())
}

#[tokio::test]
async fn refuses_changes_that_make_no_sense() -> Outcome {
    let market = Market::new().await?;
    let configure = market.configure_endpoint();
    let long = "x".repeat(257);
    for (bad, field) in [
        (change(None, None), "body"),
        (change(Some("http://customer.example"), None), "webhook_url"),
        (change(Some("not an address"), None), "webhook_url"),
        (change(None, Some(&long)), "webhook_secret"),
    ] {
        let error: ConfigureError = configure.change(market.user, bad).await.unwrap_err();
        assert_eq!(error.code(), Code::ValidationError);
        assert_eq!(error.fields()[0].field, field);
    }
    assert_eq!(market.store.endpoint(market.user).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_trial_tells_the_status_and_counts_for_nothing() -> Outcome {
    let market = Market::new().await?;
    let trial = market.try_endpoint();
    let error = trial.execute(market.user).await.unwrap_err();
    assert_eq!(
        (error.code(), error.fields()[0].field.as_str()),
        (Code::ValidationError, "webhook_url")
    );
    market.configure_endpoint().change(market.user, change(Some(URL), None)).await?;
    assert_eq!(trial.execute(market.user).await?, 200);
    market.receiver.then(SendOutcome::Answered(404));
    assert_eq!(trial.execute(market.user).await?, 404);
    market.receiver.then(SendOutcome::TimedOut);
    let error = trial.execute(market.user).await.unwrap_err();
    assert_eq!(error.fields()[0].message, "did not answer in time");
    assert_eq!(endpoint(&market).await?.failures, 0);
    let parcels = market.receiver.came();
    assert!(parcels.iter().all(|(_, parcel)| parcel.event == About::TEST));
    for _ in 3..TryEndpoint::LIMIT {
        trial.execute(market.user).await?;
    }
    let error = trial.execute(market.user).await.unwrap_err();
    assert_eq!(error.code(), Code::RateLimitExceeded);
    assert_eq!(error.retry_after(), Some(TryEndpoint::WINDOW));
    market.clock.advance(TryEndpoint::WINDOW);
    assert_eq!(trial.execute(market.user).await?, 200);
    let attempts = market.store.attempts(market.user, 20).await?;
    assert_eq!(attempts.len(), usize::try_from(TryEndpoint::LIMIT + 1)?);
    Ok(())
}
