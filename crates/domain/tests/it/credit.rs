//! Crediting paid top-ups.

use domain::{
    fault::{Code, Fault},
    gateways::{Payment, PaymentKind},
    ids::TopupId,
    ledger::{Gateway, PostError},
    money::Amount,
    store::StoreError,
    time::{Clock, IdGen},
    topups::{
        PaymentEventState, PaymentInbox, Topup, TopupQueries, TopupState, credit::CreditError,
    },
};
use testkit::{Blow, Finish, Market, Moment, Outcome, until_crash};
use uuid::Uuid;

const PAID: i64 = 50_000;

fn amount(units: i64) -> Outcome<Amount> {
    Ok(Amount::new(units).ok_or("an amount")?)
}

async fn started() -> Outcome<(Market, Topup)> {
    let market = Market::new().await?;
    let topup = market.start_topup().execute(market.user, amount(PAID)?).await?;
    Ok((market, topup))
}

fn payment(topup: &Topup, event: &str, kind: PaymentKind) -> Payment {
    Payment {
        gateway: Gateway::Stripe,
        event_id: event.to_owned(),
        payment_id: topup.payment_id.clone().unwrap_or_default(),
        topup: Some(topup.id),
        kind,
        amount: Some(topup.amount),
    }
}

/// Stores a notification and acts on what is due.
async fn tell(market: &Market, payment: &Payment) -> Outcome {
    PaymentInbox::store(&market.store, payment, b"raw", market.clock.now()).await?;
    market.credit_topups().run_once().await?;
    Ok(())
}

async fn state(market: &Market, topup: &Topup) -> Outcome<TopupState> {
    let found = TopupQueries::find(&market.store, topup.id).await?;
    Ok(found.ok_or("the top-up")?.state)
}

async fn noted(market: &Market, event: &str) -> Outcome<(PaymentEventState, String)> {
    Ok(market.store.payment_note(event).await.ok_or("the notification")?)
}

#[tokio::test]
async fn credits_a_payment_once_whatever_tells_of_it() -> Outcome {
    let (market, topup) = started().await?;
    for event in ["evt_1", "evt_1", "evt_2", "evt_3"] {
        tell(&market, &payment(&topup, event, PaymentKind::Paid)).await?;
        assert_eq!(market.wallet().await?, (PAID, 0));
        assert_eq!(state(&market, &topup).await?, TopupState::Paid);
    }
    let credited = (PaymentEventState::Done, "credited".to_owned());
    assert_eq!(noted(&market, "evt_1").await?, credited);
    let repeated = (PaymentEventState::Done, "nothing to do".to_owned());
    assert_eq!(noted(&market, "evt_2").await?, repeated);
    market.check_books().await
}

#[tokio::test]
async fn follows_a_payment_that_settles_later() -> Outcome {
    let (market, topup) = started().await?;
    tell(&market, &payment(&topup, "evt_1", PaymentKind::Processing)).await?;
    assert_eq!(state(&market, &topup).await?, TopupState::Processing);
    assert_eq!(market.wallet().await?, (0, 0));
    tell(&market, &payment(&topup, "evt_2", PaymentKind::Paid)).await?;
    assert_eq!(state(&market, &topup).await?, TopupState::Paid);
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_books().await
}

#[tokio::test]
async fn credits_late_money_after_all() -> Outcome {
    for (kind, ended) in
        [(PaymentKind::Expired, TopupState::Expired), (PaymentKind::Failed, TopupState::Failed)]
    {
        let (market, topup) = started().await?;
        tell(&market, &payment(&topup, "evt_1", kind)).await?;
        assert_eq!(state(&market, &topup).await?, ended);
        tell(&market, &payment(&topup, "evt_2", PaymentKind::Paid)).await?;
        assert_eq!(state(&market, &topup).await?, TopupState::Paid);
        assert_eq!(market.wallet().await?, (PAID, 0));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn nothing_undoes_a_credit() -> Outcome {
    let (market, topup) = started().await?;
    tell(&market, &payment(&topup, "evt_1", PaymentKind::Paid)).await?;
    for (event, kind) in [
        ("evt_2", PaymentKind::Processing),
        ("evt_3", PaymentKind::Failed),
        ("evt_4", PaymentKind::Expired),
    ] {
        tell(&market, &payment(&topup, event, kind)).await?;
        assert_eq!(state(&market, &topup).await?, TopupState::Paid);
    }
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_books().await
}

#[tokio::test]
async fn credits_nothing_that_does_not_fit() -> Outcome {
    for (change, why) in [
        (
            (|payment| payment.amount = Amount::new(PAID - 1)) as fn(&mut Payment),
            "amount or currency differs",
        ),
        (|payment| payment.amount = None, "amount or currency differs"),
        (
            |payment| payment.payment_id = "pay_other".to_owned(),
            "another payment than the one started",
        ),
    ] {
        let (market, topup) = started().await?;
        let mut wrong = payment(&topup, "evt_1", PaymentKind::Paid);
        change(&mut wrong);
        tell(&market, &wrong).await?;
        assert_eq!(state(&market, &topup).await?, TopupState::Review, "{why}");
        let refused = (PaymentEventState::Refused, why.to_owned());
        assert_eq!(noted(&market, "evt_1").await?, refused);
        assert_eq!(market.wallet().await?, (0, 0));
        assert_eq!(PaymentInbox::backlog(&market.store).await?, (0, 1));
        // The right payment still counts, and gossip about it does not hide the review.
        tell(&market, &payment(&topup, "evt_2", PaymentKind::Failed)).await?;
        assert_eq!(state(&market, &topup).await?, TopupState::Review);
        tell(&market, &payment(&topup, "evt_3", PaymentKind::Paid)).await?;
        assert_eq!(market.wallet().await?, (PAID, 0));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn shows_the_operator_a_second_payment() -> Outcome {
    let (market, topup) = started().await?;
    tell(&market, &payment(&topup, "evt_1", PaymentKind::Paid)).await?;
    let mut second = payment(&topup, "evt_2", PaymentKind::Paid);
    second.payment_id = "pay_other".to_owned();
    tell(&market, &second).await?;
    assert_eq!(noted(&market, "evt_2").await?.0, PaymentEventState::Refused);
    assert_eq!(state(&market, &topup).await?, TopupState::Paid);
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_books().await
}

#[tokio::test]
async fn ignores_the_end_of_a_payment_that_is_not_the_one_started() -> Outcome {
    let (market, topup) = started().await?;
    let mut other = payment(&topup, "evt_1", PaymentKind::Expired);
    other.payment_id = "pay_other".to_owned();
    tell(&market, &other).await?;
    assert_eq!(state(&market, &topup).await?, TopupState::Pending);
    assert_eq!(noted(&market, "evt_1").await?.0, PaymentEventState::Done);
    Ok(())
}

#[tokio::test]
async fn waits_for_a_topup_that_is_not_there_yet() -> Outcome {
    let market = Market::new().await?;
    let next = Uuid::from_u128(market.ids.uuid().as_u128() + 1);
    let early = Payment {
        gateway: Gateway::Stripe,
        event_id: "evt_1".to_owned(),
        payment_id: "pay_1".to_owned(),
        topup: Some(TopupId::new(next)),
        kind: PaymentKind::Paid,
        amount: Some(amount(PAID)?),
    };
    tell(&market, &early).await?;
    assert_eq!(noted(&market, "evt_1").await?.0, PaymentEventState::Pending);
    let topup = market.start_topup().execute(market.user, amount(PAID)?).await?;
    assert_eq!((Some(topup.id), topup.payment_id.as_deref()), (early.topup, Some("pay_1")));
    assert_eq!(market.credit_topups().run_once().await?, 0);
    market.clock.advance_seconds(1);
    assert_eq!(market.credit_topups().run_once().await?, 1);
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_books().await
}

#[tokio::test]
async fn leaves_a_payment_without_topup_to_the_operator_after_a_day() -> Outcome {
    let (market, topup) = started().await?;
    let mut stray = payment(&topup, "evt_1", PaymentKind::Paid);
    stray.topup = None;
    tell(&market, &stray).await?;
    let mut waits = Vec::new();
    let mut total: u64 = 0;
    while PaymentInbox::backlog(&market.store).await? == (1, 0) {
        let mut wait: u64 = 0;
        while market.credit_topups().run_once().await? == 0 {
            let step = if waits.len() < 4 { 1 } else { 60 };
            market.clock.advance_seconds(step);
            wait += step;
            assert!(wait <= 600, "nothing was due for ten minutes");
        }
        total += wait;
        waits.push(wait);
        assert!(waits.len() <= 150, "given up too late");
    }
    assert_eq!((&waits[..6], waits.len()), (&[1, 2, 5, 30, 600, 600][..], 150));
    assert!((22 * 3_600..26 * 3_600).contains(&total), "{total} seconds");
    assert_eq!(noted(&market, "evt_1").await?.0, PaymentEventState::Parked);
    assert_eq!(market.wallet().await?, (0, 0));
    Ok(())
}

#[tokio::test]
async fn tries_again_what_could_not_be_stored() -> Outcome {
    for method in ["begin", "lock_payment", "lock_topup", "post", "update_topup", "commit"] {
        for moment in [Moment::Before, Moment::After] {
            let (market, topup) = started().await?;
            let paid = payment(&topup, "evt_1", PaymentKind::Paid);
            PaymentInbox::store(&market.store, &paid, b"raw", market.clock.now()).await?;
            market.chaos.strike_next(method, moment, Blow::Fail);
            assert_eq!(market.credit_topups().run_once().await?, 1);
            market.clock.advance_seconds(15);
            market.credit_topups().run_once().await?;
            assert_eq!(market.wallet().await?, (PAID, 0), "{method} {moment:?}");
            market.check_books().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn credits_once_across_a_crash() -> Outcome {
    for moment in [Moment::Before, Moment::After] {
        let (market, topup) = started().await?;
        let paid = payment(&topup, "evt_1", PaymentKind::Paid);
        PaymentInbox::store(&market.store, &paid, b"raw", market.clock.now()).await?;
        market.chaos.strike_next("commit", moment, Blow::Crash);
        let credit = market.credit_topups();
        let crashed = until_crash(&market.chaos, credit.run_once()).await;
        assert!(matches!(crashed, Finish::Crashed));
        market.chaos.calm();
        market.clock.advance_seconds(15);
        credit.run_once().await?;
        assert_eq!(market.wallet().await?, (PAID, 0), "{moment:?}");
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn runs_a_unit_that_lost_a_race_again() -> Outcome {
    let (market, topup) = started().await?;
    for method in ["post", "commit"] {
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
    }
    tell(&market, &payment(&topup, "evt_1", PaymentKind::Paid)).await?;
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[test]
fn names_its_failures() {
    let posted = CreditError::Post(PostError::KeyReused("topup:stripe:1".to_owned()));
    assert_eq!(posted.code(), Code::InternalError);
    let stored = CreditError::Store(StoreError::Contention);
    assert_eq!(stored.code(), Code::ServiceUnavailable);
}
