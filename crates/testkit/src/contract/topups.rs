//! Top-ups and the notifications of gateways.

use std::time::Duration;

use domain::{
    gateways::{Payment, PaymentKind},
    ids::{TopupId, UserId},
    ledger::{Gateway, PostError, Posted, chart},
    money::{Currency, Money},
    store::{Store, retrying},
    time::Timestamp,
    topups::{PaymentEventState, PaymentInbox, StoredPayment, Topup, TopupQueries, TopupState},
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    Backend,
    stage::{PERSISTENT, amount, assert_clean, customer, wallet},
};
use crate::{Outcome, start_of_time};

const INTERVAL: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_micros(1);

/// Long enough after a notification came that it is due in any case.
fn soon() -> Timestamp {
    start_of_time() + Duration::from_mins(1)
}

fn topup(number: u128, user: UserId) -> Outcome<Topup> {
    Ok(Topup {
        id: TopupId::new(Uuid::from_u128(number)),
        user,
        gateway: Gateway::Stripe,
        amount: amount(50_000)?,
        state: TopupState::Created,
        payment_id: None,
        checkout_url: None,
        created_at: start_of_time(),
    })
}

fn payment(event: &str, topup: &Topup) -> Payment {
    Payment {
        gateway: Gateway::Stripe,
        event_id: event.to_owned(),
        payment_id: "pay_1".to_owned(),
        topup: Some(topup.id),
        kind: PaymentKind::Paid,
        amount: Some(topup.amount),
    }
}

async fn insert<B: Backend>(store: &B, topup: &Topup) -> Outcome {
    let mut unit = store.begin().await?;
    unit.topups().insert_topup(topup).await?;
    unit.commit().await?;
    Ok(())
}

async fn find<B: Backend>(store: &B, id: TopupId) -> Outcome<Option<Topup>> {
    Ok(TopupQueries::find(store, id).await?)
}

async fn due<B: Backend>(store: &B, now: Timestamp) -> Outcome<Vec<StoredPayment>> {
    Ok(PaymentInbox::due(store, now, INTERVAL, 10).await?)
}

/// One stored notification of one stored top-up.
async fn store_one<B: Backend>(store: &B) -> Outcome<StoredPayment> {
    let topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    insert(store, &topup).await?;
    let payment = payment("evt_1", &topup);
    PaymentInbox::store(store, &payment, b"raw", start_of_time()).await?;
    let due = PaymentInbox::due(store, soon(), Duration::ZERO, 10).await?;
    let [stored]: [StoredPayment; 1] = due.try_into().map_err(|_| "one notification")?;
    Ok(stored)
}

/// A top-up comes back as written, in every state.
pub async fn stores_a_topup_as_it_is<B: Backend>(store: &B) -> Outcome {
    let mut topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    insert(store, &topup).await?;
    assert_eq!(find(store, topup.id).await?.as_ref(), Some(&topup));
    topup.payment_id = Some("pay_1".to_owned());
    topup.checkout_url = Some("https://pay.example/1".to_owned());
    for state in [
        TopupState::Pending,
        TopupState::Processing,
        TopupState::Expired,
        TopupState::Failed,
        TopupState::Review,
    ] {
        topup.state = state;
        let mut unit = store.begin().await?;
        assert!(unit.topups().lock_topup(topup.id).await?.is_some());
        unit.topups().update_topup(&topup, soon()).await?;
        unit.commit().await?;
        assert_eq!(find(store, topup.id).await?.as_ref(), Some(&topup));
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

/// A repeat of a notification changes nothing, also when both come at once.
pub async fn stores_a_notification_once<B: Backend>(store: &B) -> Outcome {
    let topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    insert(store, &topup).await?;
    let (first, second) = (payment("evt_1", &topup), payment("evt_2", &topup));
    let both = [&first, &second, &first, &first, &second];
    let at = start_of_time();
    for stored in join_all(both.map(|p| PaymentInbox::store(store, p, b"raw", at))).await {
        stored?;
    }
    let unknown =
        Payment { event_id: "evt_3".to_owned(), topup: None, amount: None, ..first.clone() };
    PaymentInbox::store(store, &unknown, b"raw", at).await?;
    let mut found: Vec<_> = due(store, soon()).await?.into_iter().map(|s| s.payment).collect();
    found.sort_by(|a, b| a.event_id.cmp(&b.event_id));
    assert_eq!(found, [first, second, unknown]);
    assert_eq!(PaymentInbox::backlog(store).await?, (3, 0));
    Ok(())
}

/// A claimed notification is given out again when the interval is over, and not before.
pub async fn gives_out_a_notification_once_per_interval<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    let now = soon();
    assert_eq!(due(store, now).await?, std::slice::from_ref(&first));
    assert_eq!(due(store, now + INTERVAL - MOMENT).await?, []);
    assert_eq!(due(store, now + INTERVAL).await?, [first]);
    Ok(())
}

/// A postponed notification waits for its instant and counts the try.
pub async fn waits_as_long_as_it_was_postponed<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    let next = soon() + 3 * INTERVAL;
    PaymentInbox::postpone(store, first.id, Some(next)).await?;
    assert_eq!(due(store, next - MOMENT).await?, []);
    assert_eq!(due(store, next).await?, [StoredPayment { attempts: 1, ..first }]);
    Ok(())
}

/// What is given up is kept for the operator and not given out again.
pub async fn parks_a_notification_that_is_given_up<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    assert_eq!(PaymentInbox::backlog(store).await?, (1, 0));
    PaymentInbox::postpone(store, first.id, None).await?;
    assert_eq!(PaymentInbox::backlog(store).await?, (0, 1));
    assert_eq!(due(store, soon() + Duration::from_hours(48)).await?, []);
    let mut unit = store.begin().await?;
    assert_eq!(unit.topups().lock_payment(first.id).await?, None);
    Ok(())
}

/// A notification that was acted on is neither locked nor given out.
pub async fn locks_only_what_is_pending<B: Backend>(store: &B) -> Outcome {
    let first = store_one(store).await?;
    let mut unit = store.begin().await?;
    assert_eq!(unit.topups().lock_payment(first.id).await?.as_ref(), Some(&first));
    unit.topups().mark_payment(first.id, PaymentEventState::Done, "credited").await?;
    unit.commit().await?;
    let mut unit = store.begin().await?;
    assert_eq!(unit.topups().lock_payment(first.id).await?, None);
    drop(unit);
    assert_eq!(due(store, soon()).await?, []);
    assert_eq!(PaymentInbox::backlog(store).await?, (0, 0));
    Ok(())
}

async fn credit<B: Backend>(store: &B, topup: TopupId) -> Result<Posted, PostError> {
    retrying(PERSISTENT, || async {
        let mut unit = Store::begin(store).await?;
        let found = unit.topups().lock_topup(topup).await?;
        let mut topup = found.ok_or_else(|| super::stage::stop(()))?;
        let received = Money { currency: Currency::Idr, amount: topup.amount };
        let payment = ("pay_1", None);
        let journal = chart::topup(topup.gateway, payment, topup.user, topup.amount, received);
        let posted = unit.ledger().post(&journal).await?;
        topup.state = TopupState::Paid;
        topup.payment_id = Some("pay_1".to_owned());
        unit.topups().update_topup(&topup, soon()).await?;
        unit.commit().await?;
        Ok(posted)
    })
    .await
}

/// However many act on one payment at once, its money comes once.
pub async fn credits_a_payment_once_whatever_tells_of_it<B: Backend>(store: &B) -> Outcome {
    let topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    insert(store, &topup).await?;
    let mut fresh = 0;
    for posted in join_all((0..8).map(|_| credit(store, topup.id))).await {
        fresh += u32::from(posted? == Posted::New);
    }
    assert_eq!((fresh, wallet(store, topup.user).await?), (1, (50_000, 0)));
    assert_eq!(find(store, topup.id).await?.map(|topup| topup.state), Some(TopupState::Paid));
    assert_clean(store).await
}

/// The audit finds a top-up that is paid but was never credited.
pub async fn counts_a_paid_topup_without_credit_as_a_finding<B: Backend>(store: &B) -> Outcome {
    let mut topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    insert(store, &topup).await?;
    let mut unit = store.begin().await?;
    unit.topups().lock_topup(topup.id).await?;
    topup.state = TopupState::Paid;
    topup.payment_id = Some("pay_1".to_owned());
    unit.topups().update_topup(&topup, soon()).await?;
    unit.commit().await?;
    assert_eq!(store.audit().await?.findings.len(), 1);
    Ok(())
}
