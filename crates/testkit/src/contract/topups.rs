//! Top-ups and the notifications of gateways.

use std::time::Duration;

use domain::{
    gateways::{Notice, PaymentRef},
    ids::{TopupId, UserId},
    ledger::Gateway,
    money::Money,
    store::{Store, retrying},
    time::Timestamp,
    topups::{Resolution, Topup, TopupBacklog, TopupFlag, TopupQueries, TopupState},
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    Backend,
    stage::{PERSISTENT, amount, customer},
};
use crate::{Outcome, start_of_time};

const MINUTE: Duration = Duration::from_mins(1);

/// Later than anything that a case stores at first.
fn soon() -> Timestamp {
    start_of_time() + MINUTE
}

pub(super) fn topup(number: u128, user: UserId) -> Outcome<Topup> {
    Ok(Topup {
        id: TopupId::new(Uuid::from_u128(number)),
        user,
        gateway: Gateway::Stripe,
        amount: amount(50_000)?,
        charge: Money::idr(amount(50_000)?),
        state: TopupState::Created,
        payment_id: None,
        checkout_url: None,
        flag: None,
        resolved: Vec::new(),
        poll_at: None,
        created_at: start_of_time(),
    })
}

pub(super) async fn insert<B: Backend>(store: &B, topup: &Topup) -> Outcome {
    let mut unit = store.begin().await?;
    unit.topups().insert_topup(topup).await?;
    unit.commit().await?;
    Ok(())
}

async fn update<B: Backend>(store: &B, topup: &Topup) -> Outcome {
    let mut unit = store.begin().await?;
    unit.topups().lock_topup(topup.id).await?.ok_or("the top-up")?;
    unit.topups().update_topup(topup, soon()).await?;
    unit.commit().await?;
    Ok(())
}

async fn find<B: Backend>(store: &B, id: TopupId) -> Outcome<Option<Topup>> {
    Ok(TopupQueries::find(store, id).await?)
}

fn notice(event: &str) -> Notice {
    Notice {
        gateway: Gateway::Stripe,
        event_id: event.to_owned(),
        event_kind: "checkout.session.completed".to_owned(),
        payment: PaymentRef::Payment("pay_1".to_owned()),
    }
}

/// A top-up comes back as written, in every state and with every flag.
pub async fn stores_a_topup_as_it_is<B: Backend>(store: &B) -> Outcome {
    let mut topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    topup.charge = Money::usd(amount(3_130_000)?);
    insert(store, &topup).await?;
    assert_eq!(find(store, topup.id).await?.as_ref(), Some(&topup));
    topup.payment_id = Some("pay_1".to_owned());
    topup.checkout_url = Some("https://pay.example/1".to_owned());
    for state in TopupState::ALL {
        topup.state = *state;
        update(store, &topup).await?;
        assert_eq!(find(store, topup.id).await?.as_ref(), Some(&topup));
    }
    for flag in TopupFlag::ALL {
        topup.flag = Some(*flag);
        topup.poll_at = topup.poll_at.map_or(Some(soon()), |_| None);
        update(store, &topup).await?;
        assert_eq!(find(store, topup.id).await?.as_ref(), Some(&topup));
        topup.resolved.push(*flag);
    }
    let unknown = TopupId::new(Uuid::from_u128(2));
    assert_eq!(find(store, unknown).await?, None);
    let mut unit = store.begin().await?;
    assert_eq!(unit.topups().lock_topup(unknown).await?, None);
    Ok(())
}

/// Dropping a unit undoes what it stored and changed.
pub async fn forgets_a_topup_of_a_dropped_unit<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let (kept, dropped) = (topup(1, user)?, topup(2, user)?);
    insert(store, &kept).await?;
    let mut unit = store.begin().await?;
    unit.topups().insert_topup(&dropped).await?;
    unit.topups().lock_topup(kept.id).await?;
    let changed = Topup { state: TopupState::Failed, ..kept.clone() };
    unit.topups().update_topup(&changed, soon()).await?;
    drop(unit);
    assert_eq!(find(store, dropped.id).await?, None);
    assert_eq!(find(store, kept.id).await?, Some(kept));
    Ok(())
}

/// A repeat of a notification is told apart from a new one; ids are those of one gateway.
pub async fn keeps_a_notification_once<B: Backend>(store: &B) -> Outcome {
    let mut elsewhere = notice("evt_1");
    elsewhere.gateway = Gateway::Btcpay;
    for (notice, is_fresh) in [
        (notice("evt_1"), true),
        (notice("evt_1"), false),
        (notice("evt_2"), true),
        (elsewhere.clone(), true),
        (elsewhere, false),
        (notice("evt_1"), false),
    ] {
        let mut unit = store.begin().await?;
        let raw = b"\x00 any bytes";
        assert_eq!(unit.topups().insert_notice(&notice, raw, soon()).await?, is_fresh);
        unit.commit().await?;
    }
    let mut unit = store.begin().await?;
    assert!(unit.topups().insert_notice(&notice("evt_3"), b"", soon()).await?);
    drop(unit);
    let mut unit = store.begin().await?;
    assert!(unit.topups().insert_notice(&notice("evt_3"), b"", soon()).await?);
    Ok(())
}

/// Of many that come at once, one is new.
pub async fn keeps_a_notification_once_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let keep = || {
        retrying(PERSISTENT, || async {
            let mut unit = Store::begin(store).await?;
            let fresh = unit.topups().insert_notice(&notice("evt_1"), b"raw", soon()).await?;
            unit.commit().await?;
            Ok::<_, domain::store::StoreError>(fresh)
        })
    };
    let mut fresh = 0;
    for kept in join_all((0..8).map(|_| keep())).await {
        fresh += u32::from(kept?);
    }
    assert_eq!(fresh, 1);
    Ok(())
}

/// Only what is due is given out, in the order in which it became due, as often as it is due.
pub async fn gives_out_what_is_due_longest_first<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    for (number, minutes) in [(1, Some(3)), (2, Some(2)), (3, None), (4, Some(4))] {
        let poll_at = minutes.map(|minutes| start_of_time() + minutes * MINUTE);
        insert(store, &Topup { poll_at, ..topup(number, user)? }).await?;
    }
    let numbers = |due: &[Topup]| due.iter().map(|t| t.id.get().as_u128()).collect::<Vec<_>>();
    for (minutes, limit, expected) in
        [(1, 10, vec![]), (2, 10, vec![2]), (3, 10, vec![2, 1]), (9, 2, vec![2, 1])]
    {
        let mut unit = store.begin().await?;
        let now = start_of_time() + minutes * MINUTE;
        let due = unit.topups().lock_due_topups(now, limit).await?;
        assert_eq!(numbers(&due), expected, "after {minutes} minutes");
        // A unit that is dropped keeps its locks until storage hears of it.
        unit.commit().await?;
    }
    let mut unit = store.begin().await?;
    let due = unit.topups().lock_due_topups(start_of_time() + 9 * MINUTE, 10).await?;
    for topup in due {
        unit.topups().update_topup(&Topup { poll_at: None, ..topup }, soon()).await?;
    }
    unit.commit().await?;
    let mut unit = store.begin().await?;
    assert_eq!(unit.topups().lock_due_topups(start_of_time() + 9 * MINUTE, 10).await?, []);
    Ok(())
}

/// Two that look at once share what is due, and none of it is given out twice.
pub async fn gives_out_what_nobody_else_has_locked<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    for number in 1..=6 {
        insert(store, &Topup { poll_at: Some(start_of_time()), ..topup(number, user)? }).await?;
    }
    let look = || {
        retrying(PERSISTENT, || async {
            let mut unit = Store::begin(store).await?;
            let due = unit.topups().lock_due_topups(soon(), 3).await?;
            for topup in &due {
                let topup = Topup { poll_at: None, ..topup.clone() };
                unit.topups().update_topup(&topup, soon()).await?;
            }
            unit.commit().await?;
            Ok::<_, domain::store::StoreError>(due)
        })
    };
    let mut seen = Vec::new();
    for due in join_all((0..4).map(|_| look())).await {
        seen.extend(due?.iter().map(|topup| topup.id.get().as_u128()));
    }
    for _ in 0..2 {
        seen.extend(look().await?.iter().map(|topup| topup.id.get().as_u128()));
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    Ok(())
}

/// A customer's top-ups come newest first, page by page.
pub async fn lists_topups_of_a_customer<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    for (number, owner) in [(1_u32, user), (2, other), (3, user), (4, user)] {
        let created_at = start_of_time() + number * MINUTE;
        insert(store, &Topup { created_at, ..topup(number.into(), owner)? }).await?;
    }
    let numbers = |page: &[Topup]| page.iter().map(|t| t.id.get().as_u128()).collect::<Vec<_>>();
    let page = TopupQueries::list(store, user, None, 2).await?;
    assert_eq!(numbers(&page), [4, 3]);
    let before = page.last().map(|topup| topup.created_at);
    assert_eq!(numbers(&TopupQueries::list(store, user, before, 2).await?), [1]);
    Ok(())
}

/// A flag is shown until an operator has dealt with it, and how they did is kept.
pub async fn shows_what_is_flagged_and_how_it_was_resolved<B: Backend>(store: &B) -> Outcome {
    let mut topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    topup.flag = Some(TopupFlag::Over);
    insert(store, &topup).await?;
    assert_eq!(store.flagged(10).await?, std::slice::from_ref(&topup));
    topup.flag = None;
    topup.resolved = vec![TopupFlag::Over];
    let resolution = Resolution {
        topup: topup.id,
        flag: TopupFlag::Over,
        operator: "Ada".to_owned(),
        note: "the customer asked to keep it".to_owned(),
        at: soon(),
    };
    let mut unit = store.begin().await?;
    unit.topups().lock_topup(topup.id).await?;
    unit.topups().update_topup(&topup, soon()).await?;
    unit.topups().insert_resolution(&resolution).await?;
    unit.commit().await?;
    assert_eq!(store.flagged(10).await?, []);
    assert_eq!(find(store, topup.id).await?.as_ref(), Some(&topup));
    let history = TopupQueries::topup_history(store, topup.id).await?;
    assert_eq!(history.resolutions, [resolution]);
    Ok(())
}

/// What is not over counts as open, and the oldest whose money is not final has an age.
pub async fn counts_what_waits<B: Backend>(store: &B) -> Outcome {
    assert_eq!(TopupQueries::backlog(store).await?, TopupBacklog::default());
    let user = customer(store, "a@example.com", 0).await?;
    let states =
        [TopupState::Created, TopupState::Processing, TopupState::Paid, TopupState::Expired];
    for (number, state) in (1..).zip(states) {
        insert(store, &Topup { state, ..topup(number, user)? }).await?;
    }
    insert(store, &Topup { flag: Some(TopupFlag::Short), ..topup(9, user)? }).await?;
    let backlog = TopupQueries::backlog(store).await?;
    assert_eq!((backlog.open, backlog.flagged), (3, 1));
    assert!(backlog.oldest_processing_seconds >= 0);
    Ok(())
}
