//! Requests that wait for an order to change.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use api_server::{Callers, Streams};
use async_trait::async_trait;
use axum::http::StatusCode;
use domain::{
    identity::{Customer, IdentityQueries, Mode, TokenHash, TokenOwner, TokenTerms},
    ids::{TokenId, UserId},
    orders::Order,
    store::StoreError,
};
use testkit::{Blow, Moment};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Answer, Api};

/// In the paused time of tests: long enough for a request to have begun to wait.
const BEGUN: Duration = Duration::from_millis(100);

async fn bought() -> (Api, Order) {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    api.relay().await;
    (api, order)
}

fn path(order: &Order, query: &str) -> String {
    format!("/v1/orders/{}?{query}", order.id)
}

/// The answer to a wait, and how long it took while `meanwhile` happened.
async fn waited(api: &Api, path: &str, meanwhile: impl Future<Output = ()>) -> (Answer, Duration) {
    let started = Instant::now();
    let timed = async {
        let answer = api.get(path).await;
        (answer, started.elapsed())
    };
    let later = async {
        sleep(BEGUN).await;
        meanwhile.await;
    };
    tokio::join!(timed, later).0
}

#[tokio::test(start_paused = true)]
async fn answers_at_once_when_a_code_comes() {
    let (api, order) = bought().await;
    let (answer, took) = waited(&api, &path(&order, "wait=30"), async {
        api.receive(&order, "4321").await;
        api.relay().await;
    })
    .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["data"]["otp_code"], "4321");
    assert_eq!(answer.json()["data"]["status"], "OTP_RECEIVED");
    assert!(took < BEGUN * 2, "{took:?}");
    // What it says is what it says without waiting.
    assert_eq!(answer.body, api.get(&path(&order, "")).await.body);
}

#[tokio::test(start_paused = true)]
async fn each_further_message_and_the_end_of_the_order_are_news() {
    let (api, order) = bought().await;
    api.receive(&order, "1").await;
    api.relay().await;
    let (answer, took) = waited(&api, &path(&order, "wait=30"), async {
        api.receive(&order, "2").await;
        api.relay().await;
    })
    .await;
    assert_eq!(answer.json()["data"]["sms_revision"], 2);
    assert!(took < BEGUN * 2, "{took:?}");
    let (answer, took) = waited(&api, &path(&order, "wait=30"), async {
        api.market.finish_order().execute(api.market.user, order.id).await.unwrap();
        api.relay().await;
    })
    .await;
    assert_eq!(answer.json()["data"]["status"], "COMPLETED");
    assert!(took < BEGUN * 2, "{took:?}");
    // Nothing can come any more.
    let (_, took) = waited(&api, &path(&order, "wait=30"), async {}).await;
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn ends_with_the_order_as_it_stands() {
    let (api, order) = bought().await;
    for (query, length) in [("wait=7", 7), ("wait=30", 30), ("wait=4000000000", 30), ("wait=0", 0)]
    {
        let (answer, took) = waited(&api, &path(&order, query), async {}).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert_eq!(answer.json()["data"]["status"], "ACTIVE", "{query}");
        assert_eq!(took, Duration::from_secs(length), "{query}");
    }
    for query in ["wait=-1", "wait=soon", "wait=1.5", "wait=1&after_revision=x"] {
        assert_eq!(api.get(&path(&order, query)).await.code(), "VALIDATION_ERROR", "{query}");
    }
    let foreign = api.get("/v1/orders/999?wait=30").await;
    assert_eq!(foreign.code(), "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn what_came_between_two_requests_is_not_waited_for() {
    let (api, order) = bought().await;
    api.receive(&order, "1234").await;
    api.relay().await;
    let (answer, took) = waited(&api, &path(&order, "wait=30&after_revision=0"), async {}).await;
    assert_eq!(answer.json()["data"]["otp_code"], "1234");
    assert_eq!(took, Duration::ZERO);
    let (answer, took) = waited(&api, &path(&order, "wait=9&after_revision=1"), async {}).await;
    assert_eq!(answer.json()["data"]["otp_code"], "1234");
    assert_eq!(took, Duration::from_secs(9));
}

#[tokio::test(start_paused = true)]
async fn the_second_version_waits_as_well() {
    let (api, order) = bought().await;
    let path = format!("/v2/orders/{}?wait=30", order.id);
    let (answer, took) = waited(&api, &path, async {
        api.receive(&order, "55").await;
        api.relay().await;
    })
    .await;
    assert_eq!(answer.json()["data"]["otp_code"], "55");
    assert_eq!(answer.json()["data"]["amount"]["currency"], "USD");
    assert!(took < BEGUN * 2, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn news_of_other_orders_wake_nobody() {
    let (api, order) = bought().await;
    let other = api.market.buy().await.unwrap();
    api.relay().await;
    let finds = |api: &Api| api.market.chaos.calls().iter().filter(|it| **it == "find").count();
    let before = finds(&api);
    let (answer, took) = waited(&api, &path(&order, "wait=5"), async {
        api.receive(&other, "1").await;
        api.relay().await;
    })
    .await;
    assert_eq!(answer.json()["data"]["sms_revision"], 0);
    assert_eq!(took, Duration::from_secs(5));
    assert!(finds(&api) - before <= 2, "{}", finds(&api) - before);
}

#[tokio::test(start_paused = true)]
async fn a_code_arrives_within_two_seconds_while_the_feed_is_down() {
    let (api, order) = bought().await;
    api.watch_the_tail();
    let (answer, took) = waited(&api, &path(&order, "wait=30"), async {
        api.receive(&order, "77").await;
        api.stamp().await;
    })
    .await;
    assert_eq!(answer.json()["data"]["otp_code"], "77");
    assert!(took <= BEGUN + Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn waits_are_answered_when_the_process_stops() {
    let (api, order) = bought().await;
    let (answer, took) = waited(&api, &path(&order, "wait=30"), async {
        api.supervisor.stop().soft.cancel();
    })
    .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(took, BEGUN);
}

#[tokio::test(start_paused = true)]
async fn waits_are_counted_and_their_places_freed() {
    let limits = Streams { most: 3, most_per_user: 1, most_waits_per_user: 2 };
    let api = Api::limited(limits, |_, _| {}).await;
    let order = api.market.buy().await.unwrap();
    api.relay().await;
    let path = path(&order, "wait=30");
    let stream = api.stream(None).await;
    let (first, second, refused) = tokio::join!(
        timeout(Duration::from_secs(1), api.get(&path)),
        timeout(Duration::from_secs(1), api.get(&path)),
        async {
            sleep(BEGUN).await;
            api.get(&path).await
        }
    );
    assert!(first.is_err() && second.is_err(), "both waited until they were given up");
    // The stream fills the process as well.
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    drop(stream);
    let (_first, _second, refused) = tokio::join!(
        timeout(Duration::from_secs(1), api.get(&path)),
        timeout(Duration::from_secs(1), api.get(&path)),
        async {
            sleep(BEGUN).await;
            api.get(&path).await
        }
    );
    assert_eq!(refused.code(), "RATE_LIMIT_EXCEEDED");
    assert!(refused.retry_after.is_some());
    // Without waiting there is no limit of waits, and all places are free again.
    assert_eq!(api.get(&path.replace("30", "0")).await.status, StatusCode::OK);
    assert_eq!(api.get(&path.replace("30", "1")).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn storage_that_fails_is_no_news() {
    let (api, order) = bought().await;
    api.market.chaos.strike_next("find", Moment::Before, Blow::Fail);
    assert_eq!(api.get(&path(&order, "wait=30")).await.code(), "SERVICE_UNAVAILABLE");
    assert_eq!(api.get(&path(&order, "wait=1")).await.status, StatusCode::OK);
}

struct Revocable(AtomicBool);

#[async_trait]
impl IdentityQueries for Revocable {
    async fn by_email(&self, _: &str) -> Result<Option<Customer>, StoreError> {
        Ok(None)
    }

    async fn token_owner(&self, _: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        let revoked = self.0.load(Ordering::Relaxed);
        let owner = TokenOwner {
            user: UserId::new(1),
            token: TokenId::new(1),
            terms: TokenTerms::default(),
            suspended: false,
            mode: Mode::Live,
        };
        Ok((!revoked).then_some(owner))
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_learns_nothing_that_came_later() {
    let identity = Arc::new(Revocable(AtomicBool::new(false)));
    let api = Api::with(|parts, market| {
        parts.callers = Callers::new(market.mint.clone(), identity.clone(), market.clock.clone());
    })
    .await;
    let order = api.market.buy().await.unwrap();
    api.relay().await;
    // The stream looks whether the token is good, so that the process has heard of it.
    let mut stream = api.stream(None).await;
    let listening = async { while stream.next().await.is_some() {} };
    let path = path(&order, "wait=30");
    let (waited, ()) = tokio::join!(
        waited(&api, &path, async {
            identity.0.store(true, Ordering::Relaxed);
            sleep(Duration::from_secs(16)).await;
            api.receive(&order, "1234").await;
            api.relay().await;
        }),
        listening
    );
    assert_eq!(waited.0.code(), "UNAUTHORIZED");
}
