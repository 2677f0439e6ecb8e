//! What customers do with what they buy, and what operators decide about them.

use std::time::Duration;

use domain::{
    abuse::{Conduct, Decided, Decision, Measure, Tier, Trip},
    identity::{TokenHash, TokenRecord, TokenTerms},
    ids::UserId,
    orders::{Order, ReserveError, Reserved},
    store::StoreError,
    time::Timestamp,
};
use futures_util::future::join_all;

use super::{
    Backend,
    stage::{PRICE, Stage, assert_clean, request},
};
use crate::{Outcome, start_of_time};

const DAY: Duration = Duration::from_hours(24);

fn at(seconds: u64) -> Timestamp {
    start_of_time() + Duration::from_secs(seconds)
}

/// Asks to cancel at `at`, where so many a day are allowed; says when it would be, if not now.
async fn ask<B: Backend>(
    store: &B,
    order: &Order,
    at: Timestamp,
    most: u32,
) -> Result<Option<Timestamp>, StoreError> {
    domain::store::retrying(10, || store.ask(order, (at, at - DAY), most)).await
}

async fn conduct<B: Backend>(store: &B, user: UserId, since: Timestamp) -> Outcome<[u32; 2]> {
    let mut unit = store.begin().await?;
    let Conduct { given_up, delivered } = unit.conduct().outcomes(user, since).await?;
    Ok([given_up, delivered])
}

async fn decide<B: Backend>(
    store: &B,
    user: UserId,
    measure: Measure,
    at: Timestamp,
) -> Outcome<Decided> {
    let (operator, reason) = ("operator".to_owned(), "a case".to_owned());
    let mut unit = store.begin().await?;
    let decided = unit.conduct().decide(&Decision { user, measure, operator, reason, at }).await?;
    unit.commit().await?;
    Ok(decided)
}

async fn trip<B: Backend>(
    store: &B,
    user: UserId,
    tier: Tier,
    [since, until]: [Timestamp; 2],
) -> Outcome<bool> {
    let mut unit = store.begin().await?;
    let reason = "too many of them".to_owned();
    let banned = unit.conduct().trip(&Trip { user, tier, since, until, reason }).await?;
    unit.commit().await?;
    Ok(banned)
}

/// Ends an order at the end of its window, and holds that against its customer if `given_up`.
async fn expired<B: Backend>(stage: &Stage<'_, B>, order: Order, given_up: bool) -> Outcome {
    let end = order.lease().ok_or("a lease")?.expires_at;
    let release = order.money().release();
    let expired = order.expire(end)?;
    stage.write(&expired, Some(release)).await?;
    if given_up {
        let mut unit = stage.store.begin().await?;
        unit.orders().lock(expired.id).await?;
        unit.conduct().give_up(&expired, end).await?;
        unit.commit().await?;
    }
    Ok(())
}

/// Counts what the customer gave up and what was delivered within the window; what a provider ended
/// counts against nobody, nor does a cancel that a message overtook.
pub async fn counts_outcomes_within_a_window<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let other = stage.another("b@example.com", 100).await?;
    let mut orders = Vec::new();
    for id in ["1", "2", "3", "4", "5", "6"] {
        orders.push(stage.active(id).await?);
    }
    let [asked, upstream, overtaken, left, unasked, delivered]: [Order; 6] =
        orders.try_into().map_err(|_| "six orders")?;
    assert_eq!(conduct(store, stage.user, at(0)).await?, [0, 0]);
    ask(store, &asked, at(10), 9).await?;
    assert_eq!(conduct(store, stage.user, at(0)).await?, [0, 0], "it still runs");
    stage.canceled(asked).await?;
    stage.canceled(upstream).await?;
    ask(store, &overtaken, at(11), 9).await?;
    stage.delivered(overtaken).await?;
    expired(&stage, left, true).await?;
    expired(&stage, unasked, false).await?;
    stage.delivered(delivered).await?;
    assert_eq!(conduct(store, stage.user, at(0)).await?, [2, 2]);
    assert_eq!(conduct(store, stage.user, at(10)).await?, [1, 0], "since, and not at that moment");
    assert_eq!(conduct(store, stage.user, at(3600)).await?, [0, 0]);
    assert_eq!(conduct(store, other.user, at(0)).await?, [0, 0]);
    assert_clean(store).await
}

/// So many may be canceled within a day; what is asked twice counts once, what is not canceled
/// after all makes room, and so does time.
pub async fn lets_so_many_be_canceled_a_day<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let (first, second) = (stage.active("1").await?, stage.active("2").await?);
    let (third, fourth) = (stage.active("3").await?, stage.active("4").await?);
    assert_eq!(ask(store, &first, at(10), 2).await?, None);
    assert_eq!(ask(store, &first, at(11), 2).await?, None);
    assert_eq!(ask(store, &second, at(20), 2).await?, None);
    assert_eq!(ask(store, &third, at(30), 2).await?, Some(at(10)));
    assert_eq!(ask(store, &second, at(30), 2).await?, None, "asked before");
    stage.canceled(first).await?;
    stage.delivered(second).await?;
    assert_eq!(ask(store, &third, at(40), 2).await?, None, "one was delivered after all");
    stage.canceled(third).await?;
    assert_eq!(ask(store, &fourth, at(50), 2).await?, Some(at(10)));
    assert_eq!(ask(store, &fourth, at(9) + DAY, 2).await?, Some(at(10)));
    let other = stage.another("b@example.com", 100).await?;
    assert_eq!(ask(store, &other.active("5").await?, at(50), 2).await?, None);
    assert_eq!(ask(store, &fourth, at(10) + DAY, 2).await?, None);
    assert_clean(store).await
}

/// Of many requests at once, exactly as many are let through as may be.
pub async fn lets_exactly_so_many_cancel_at_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let mut orders = Vec::new();
    for id in 0..20 {
        orders.push(stage.active(&id.to_string()).await?);
    }
    let mut through = 0;
    for answer in join_all(orders.iter().map(|order| ask(store, order, at(10), 5))).await {
        through += u32::from(answer?.is_none());
    }
    assert_eq!(through, 5);
    Ok(())
}

/// A ban stops new purchases until it is over; a repeat is answered, others buy, and a refusal
/// leaves no key behind.
pub async fn stops_purchases_while_a_ban_lasts<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let before = stage.draft(1, Some(request("before", "one")?));
    stage.reserve(&before).await?;
    assert!(trip(store, stage.user, Tier::Soft, [at(0), at(60)]).await?);
    assert!(matches!(stage.reserve(&before).await?, Reserved::Replay(_)));
    let mut later = stage.draft(1, Some(request("later", "one")?));
    for (second, left) in [(0, Some(60)), (59, Some(1)), (60, None)] {
        later.draft.created_at = at(second);
        match (stage.reserve(&later).await, left) {
            (Err(ReserveError::Banned(ban)), Some(left)) => {
                let left = Duration::from_secs(left);
                assert_eq!((ban.tier, ban.until, ban.left), (Tier::Soft, at(60), left));
                assert_eq!(store.replay(stage.user, &request("later", "one")?).await?, None);
            }
            (Ok(Reserved::New(_)), None) => {}
            (other, _) => return Err(format!("after {second} s: {other:?}").into()),
        }
    }
    let other = stage.another("b@example.com", 100).await?;
    trip(store, stage.user, Tier::Hard, [at(60), at(90)]).await?;
    other.reserve(&other.draft(1, None)).await?;
    assert_clean(store).await
}

/// The guard makes a ban harder and never softer or shorter; one that is over is in nobody's way.
pub async fn a_ban_gives_way_to_a_harder_one<B: Backend>(store: &B) -> Outcome {
    let Stage { user, .. } = Stage::open(store, 100).await?;
    for (tier, since, until, expected) in [
        (Tier::Soft, 0, 60, true),
        (Tier::Soft, 10, 70, false),
        (Tier::Hard, 20, 50, false),
        (Tier::Hard, 20, 600, true),
        (Tier::Hard, 30, 700, false),
        (Tier::Soft, 30, 700, false),
        (Tier::Soft, 600, 660, true),
    ] {
        let banned = trip(store, user, tier, [at(since), at(until)]).await?;
        assert_eq!(banned, expected, "{tier:?} from {since} to {until}");
    }
    let ban = store.standing(user, at(601)).await?.ban.ok_or("a ban")?;
    assert_eq!((ban.tier, ban.until), (Tier::Soft, at(660)));
    assert_eq!(store.standing(user, at(660)).await?.ban, None);
    Ok(())
}

/// An operator bans, whatever there was before, and lifts every ban; what was before is forgiven.
pub async fn operators_ban_and_forgive<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let user = stage.user;
    let order = stage.active("1").await?;
    ask(store, &order, at(10), 9).await?;
    stage.canceled(order).await?;
    assert_eq!(conduct(store, user, at(0)).await?, [1, 0]);
    let ban = Measure::Ban { until: at(60) };
    assert_eq!(decide(store, user, Measure::Unban, at(15)).await?, Decided::Already);
    assert_eq!(decide(store, user, ban, at(20)).await?, Decided::Done);
    assert_eq!(decide(store, user, ban, at(21)).await?, Decided::Already);
    let shorter = Measure::Ban { until: at(50) };
    assert_eq!(decide(store, user, shorter, at(22)).await?, Decided::Done);
    let found = store.standing(user, at(30)).await?.ban.ok_or("a ban")?;
    assert_eq!((found.tier, found.until), (Tier::Hard, at(50)));
    assert_eq!(decide(store, user, Measure::Unban, at(30)).await?, Decided::Done);
    assert_eq!(store.standing(user, at(30)).await?.ban, None);
    assert_eq!(conduct(store, user, at(0)).await?, [0, 0]);
    assert!(trip(store, user, Tier::Soft, [at(31), at(40)]).await?);
    assert_eq!(decide(store, UserId::new(99), ban, at(20)).await?, Decided::Unknown);
    Ok(())
}

/// Suspending a customer suspends its test account, one that is opened later too; resuming opens
/// both.
pub async fn suspends_a_customer_with_its_test_account<B: Backend>(store: &B) -> Outcome {
    let Stage { user, .. } = Stage::open(store, 100).await?;
    let late = super::stage::customer(store, "late@example.com", 0).await?;
    let other = super::stage::customer(store, "other@example.com", 0).await?;
    assert_eq!(decide(store, late, Measure::Suspend, at(5)).await?, Decided::Done);
    let mut owners = vec![user, late, other];
    let mut unit = store.begin().await?;
    for owner in [user, late] {
        owners.push(unit.identity().test_account(owner, at(6)).await?);
    }
    for (number, owner) in owners.iter().enumerate() {
        let token = TokenRecord {
            user: *owner,
            hash: TokenHash([u8::try_from(number)?; 32]),
            hint: "hint".to_owned(),
            name: "name".to_owned(),
            terms: TokenTerms::default(),
            replaces: None,
        };
        unit.identity().insert_token(&token, at(7)).await?;
    }
    unit.commit().await?;
    let suspended = async || -> Outcome<Vec<bool>> {
        let mut all = Vec::new();
        for number in 0..owners.len() {
            let owner = store.token_owner(TokenHash([u8::try_from(number)?; 32])).await?;
            all.push(owner.ok_or("an owner")?.suspended);
        }
        Ok(all)
    };
    assert_eq!(suspended().await?, [false, true, false, false, true]);
    assert_eq!(decide(store, user, Measure::Suspend, at(8)).await?, Decided::Done);
    assert_eq!(decide(store, user, Measure::Suspend, at(9)).await?, Decided::Already);
    assert_eq!(suspended().await?, [true, true, false, true, true]);
    assert_eq!(store.standing(user, at(9)).await?.suspended_at, Some(at(8)));
    assert_eq!(decide(store, user, Measure::Resume, at(10)).await?, Decided::Done);
    assert_eq!(decide(store, user, Measure::Resume, at(10)).await?, Decided::Already);
    assert_eq!(suspended().await?, [false, true, false, false, true]);
    assert_eq!(store.standing(user, at(10)).await?, domain::abuse::Standing::default());
    Ok(())
}
