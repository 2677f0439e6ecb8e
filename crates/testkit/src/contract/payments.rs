//! What was booked for payments, and what went back.

use domain::{
    ids::{RefundId, UserId},
    ledger::{Gateway, Posted, chart},
    money::Money,
    store::{Store, StoreError, UnitOfWork, retrying},
    topups::{
        PaymentRecord, Refund, RefundProgress, Reversal, ReversalKind, ReversalState, Topup,
        TopupHistory, TopupQueries,
    },
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::{
    Backend,
    stage::{PERSISTENT, amount, assert_clean, customer, wallet},
    topups::{insert, topup},
};
use crate::{Outcome, start_of_time};

const PAID: i64 = 50_000;

/// A customer with a top-up.
async fn started<B: Backend>(store: &B) -> Outcome<Topup> {
    let topup = topup(1, customer(store, "a@example.com", 0).await?)?;
    insert(store, &topup).await?;
    Ok(topup)
}

fn paid(topup: &Topup, payment_id: &str) -> PaymentRecord {
    let fresh = PaymentRecord::new(Gateway::Stripe, payment_id.to_owned(), topup.id);
    PaymentRecord { received: PAID, credited: PAID, ..fresh }
}

fn credit(payment_id: &str, user: UserId) -> Outcome<chart::Journal> {
    let money = Money::idr(amount(PAID)?);
    Ok(chart::topup(Gateway::Stripe, (payment_id, None), user, money.amount, money))
}

fn reversal(topup: &Topup, kind: ReversalKind, id: &str) -> Outcome<Reversal> {
    Ok(Reversal {
        gateway: Gateway::Stripe,
        id: id.to_owned(),
        topup: topup.id,
        payment_id: "pay_1".to_owned(),
        kind,
        amount: Money::idr(amount(1_000)?),
        taken: 1_000,
        given: 0,
        state: ReversalState::Booked,
    })
}

fn refund(number: u128, topup: &Topup) -> Outcome<Refund> {
    Ok(Refund {
        id: RefundId::new(Uuid::from_u128(number)),
        topup: topup.id,
        payment_id: "pay_1".to_owned(),
        amount: amount(1_000)?,
        given: 0,
        value: Money::idr(amount(1_000)?),
        operator: "Ada".to_owned(),
        approver: "Grace".to_owned(),
        reason: "asked for".to_owned(),
        state: RefundProgress::Requested,
        gateway_refund_id: None,
        claim_url: None,
        created_at: start_of_time(),
    })
}

/// A unit that has locked the top-up.
async fn unit<B: Backend>(store: &B, topup: &Topup) -> Outcome<Box<dyn UnitOfWork>> {
    let mut unit = store.begin().await?;
    unit.topups().lock_topup(topup.id).await?.ok_or("the top-up")?;
    Ok(unit)
}

/// A top-up with a payment that is credited and booked.
async fn credited<B: Backend>(store: &B) -> Outcome<Topup> {
    let topup = started(store).await?;
    let mut unit = unit(store, &topup).await?;
    unit.ledger().post(&credit("pay_1", topup.user)?).await?;
    unit.topups().put_payment(&paid(&topup, "pay_1")).await?;
    unit.commit().await?;
    Ok(topup)
}

async fn history<B: Backend>(store: &B, topup: &Topup) -> Outcome<TopupHistory> {
    Ok(TopupQueries::topup_history(store, topup.id).await?)
}

/// What is booked comes back as written; a payment stays with its top-up.
pub async fn books_a_payment_for_one_topup<B: Backend>(store: &B) -> Outcome {
    let first = credited(store).await?;
    let other = topup(2, first.user)?;
    insert(store, &other).await?;
    let (one, two) =
        (paid(&first, "pay_1"), PaymentRecord { credited: 0, ..paid(&first, "pay_2") });
    let mut open = unit(store, &first).await?;
    assert_eq!(open.topups().payment(Gateway::Stripe, "pay_1").await?.as_ref(), Some(&one));
    assert_eq!(open.topups().payment(Gateway::Btcpay, "pay_1").await?, None);
    assert_eq!(open.topups().payment(Gateway::Stripe, "pay_2").await?, None);
    open.topups().put_payment(&two).await?;
    assert_eq!(open.topups().payments_of(first.id).await?, [one.clone(), two.clone()]);
    open.commit().await?;
    assert_eq!(history(store, &first).await?.payments, [one, two.clone()]);
    let grown = PaymentRecord { received: PAID + 1, returned: 7, ..two };
    let mut open = unit(store, &first).await?;
    open.topups().put_payment(&grown).await?;
    open.commit().await?;
    assert_eq!(history(store, &first).await?.payments.last(), Some(&grown));
    let mut open = unit(store, &other).await?;
    assert!(open.topups().put_payment(&paid(&other, "pay_1")).await.is_err());
    drop(open);
    assert_eq!(history(store, &other).await?, TopupHistory::default());
    Ok(())
}

/// Refunds and disputes are told apart by kind and id, and keep their order when they change.
pub async fn keeps_what_went_back_in_order<B: Backend>(store: &B) -> Outcome {
    let topup = credited(store).await?;
    let mut all = [
        reversal(&topup, ReversalKind::Dispute, "b")?,
        reversal(&topup, ReversalKind::Refund, "b")?,
        reversal(&topup, ReversalKind::Undone, "a")?,
    ];
    let mut open = unit(store, &topup).await?;
    for reversal in &all {
        open.topups().put_reversal(reversal).await?;
    }
    assert_eq!(open.topups().reversals_of(topup.id).await?, all);
    open.commit().await?;
    for state in ReversalState::ALL {
        if let Some(first) = all.first_mut() {
            (first.state, first.given) = (*state, first.given + 100);
            let mut open = unit(store, &topup).await?;
            open.topups().put_reversal(first).await?;
            open.commit().await?;
        }
        assert_eq!(history(store, &topup).await?.reversals, all);
    }
    Ok(())
}

/// A refund comes back as written, in every state.
pub async fn keeps_refunds_as_they_are<B: Backend>(store: &B) -> Outcome {
    let topup = credited(store).await?;
    let (mut first, second) = (refund(1, &topup)?, refund(2, &topup)?);
    let mut open = unit(store, &topup).await?;
    open.topups().insert_refund(&first).await?;
    open.topups().insert_refund(&second).await?;
    assert!(open.topups().refund(RefundId::new(Uuid::from_u128(3))).await?.is_none());
    open.commit().await?;
    first.gateway_refund_id = Some("re_1".to_owned());
    first.claim_url = Some("https://claim.example/1".to_owned());
    for state in RefundProgress::ALL {
        (first.state, first.given) = (*state, first.given + 100);
        let mut open = unit(store, &topup).await?;
        open.topups().update_refund(&first, start_of_time()).await?;
        assert_eq!(open.topups().refund(first.id).await?.as_ref(), Some(&first));
        let both = [first.clone(), second.clone()];
        assert_eq!(open.topups().refunds_of(topup.id).await?, both);
        open.commit().await?;
        assert_eq!(history(store, &topup).await?.refunds, both);
    }
    Ok(())
}

/// Nobody gives more back than there was.
pub async fn refuses_more_back_than_was_credited<B: Backend>(store: &B) -> Outcome {
    let topup = credited(store).await?;
    for reversed in [-1, PAID + 1] {
        let mut open = unit(store, &topup).await?;
        let wrong = PaymentRecord { reversed, ..paid(&topup, "pay_1") };
        assert!(open.topups().put_payment(&wrong).await.is_err(), "{reversed}");
        assert!(open.commit().await.is_err());
    }
    Ok(())
}

/// Two persons stand behind every refund.
pub async fn refuses_a_refund_approved_by_its_operator<B: Backend>(store: &B) -> Outcome {
    let topup = credited(store).await?;
    let alone = Refund { approver: "ada".to_owned(), ..refund(1, &topup)? };
    let mut open = unit(store, &topup).await?;
    assert!(open.topups().insert_refund(&alone).await.is_err());
    assert!(open.commit().await.is_err());
    Ok(())
}

/// Nothing of a dropped unit is kept.
pub async fn forgets_what_a_dropped_unit_booked<B: Backend>(store: &B) -> Outcome {
    let topup = credited(store).await?;
    let before = history(store, &topup).await?;
    let mut open = unit(store, &topup).await?;
    open.topups().put_payment(&PaymentRecord { returned: 5, ..paid(&topup, "pay_1") }).await?;
    open.topups().put_reversal(&reversal(&topup, ReversalKind::Refund, "re_1")?).await?;
    open.topups().insert_refund(&refund(1, &topup)?).await?;
    drop(open);
    assert_eq!(history(store, &topup).await?, before);
    Ok(())
}

/// Books a payment unless it is booked; what the lock is for.
async fn book_once<B: Backend>(store: &B, topup: &Topup) -> Result<bool, StoreError> {
    let journal = credit("pay_1", topup.user).map_err(super::stage::stop)?;
    retrying(PERSISTENT, || async {
        let mut open = Store::begin(store).await?;
        open.topups().lock_topup(topup.id).await?;
        if open.topups().payment(Gateway::Stripe, "pay_1").await?.is_some() {
            return Ok(false);
        }
        let posted = open.ledger().post(&journal).await.map_err(super::stage::stop)?;
        assert_eq!(posted, Posted::New);
        open.topups().put_payment(&paid(topup, "pay_1")).await?;
        open.commit().await?;
        Ok(true)
    })
    .await
}

/// However many act on one payment at once, its money comes once.
pub async fn credits_a_payment_once_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let topup = started(store).await?;
    let mut fresh = 0;
    for booked in join_all((0..8).map(|_| book_once(store, &topup))).await {
        fresh += u32::from(booked?);
    }
    assert_eq!((fresh, wallet(store, topup.user).await?), (1, (PAID, 0)));
    assert_clean(store).await
}

/// L9: the audit finds money that was credited for no payment.
pub async fn finds_a_credit_that_was_not_booked<B: Backend>(store: &B) -> Outcome {
    let topup = started(store).await?;
    let mut open = unit(store, &topup).await?;
    open.ledger().post(&credit("pay_1", topup.user)?).await?;
    open.commit().await?;
    assert_finding(store).await
}

/// L9: the audit finds a payment whose money was never credited.
pub async fn finds_a_booking_without_its_credit<B: Backend>(store: &B) -> Outcome {
    let topup = started(store).await?;
    let mut open = unit(store, &topup).await?;
    open.topups().put_payment(&paid(&topup, "pay_1")).await?;
    open.commit().await?;
    assert_finding(store).await
}

/// L9: the audit finds money that was taken back without being booked.
pub async fn finds_a_return_that_was_not_booked<B: Backend>(store: &B) -> Outcome {
    let topup = credited(store).await?;
    assert_clean(store).await?;
    let thousand = amount(1_000)?;
    let journal = chart::clawback(Gateway::Stripe, "refund:re_1", topup.user, thousand, None);
    let mut open = unit(store, &topup).await?;
    open.ledger().post(&journal).await?;
    open.ledger().repay_debt(topup.user).await?;
    open.commit().await?;
    assert_finding(store).await?;
    let mut open = unit(store, &topup).await?;
    open.topups().put_reversal(&reversal(&topup, ReversalKind::Refund, "re_1")?).await?;
    let booked = PaymentRecord { returned: 1_000, reversed: 1_000, ..paid(&topup, "pay_1") };
    open.topups().put_payment(&booked).await?;
    open.commit().await?;
    assert_clean(store).await
}

async fn assert_finding<B: Backend>(store: &B) -> Outcome {
    let found: Vec<_> = store.audit().await?.findings.into_iter().map(|f| f.invariant).collect();
    assert_eq!(found, ["L9"]);
    Ok(())
}
