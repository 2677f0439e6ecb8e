//! Money that goes back: claw-backs and the debts they leave, refunds, compensations, freezes.

use domain::{
    ids::UserId,
    ledger::{
        Freeze, FreezeCause, Gateway, LedgerQueries, PostError, Posted, Wallet,
        audit::AuditReport,
        chart::{self, Journal},
    },
    money::{Amount, Balance, Currency, Money},
    orders::{FailReason, ReserveError},
    store::{Store, retrying},
};
use futures_util::future::join_all;

use super::{
    Backend,
    stage::{COST_MICROS, PERSISTENT, PRICE, Stage, amount, customer, decide, post, wallet},
};
use crate::Outcome;

const GATEWAY: Gateway = Gateway::Stripe;

/// What a customer can spend and what they owe.
async fn standing<B: Backend>(store: &B, user: UserId) -> Outcome<(i64, i64)> {
    let Wallet { available, debt, .. } = LedgerQueries::wallet(store, user).await?;
    Ok((available.get(), debt.get()))
}

async fn repay<B: Backend>(store: &B, user: UserId) -> Result<Option<Amount>, PostError> {
    retrying(PERSISTENT, || async {
        let mut unit = Store::begin(store).await?;
        let paid = unit.ledger().repay_debt(user).await?;
        unit.commit().await?;
        Ok(paid)
    })
    .await
}

pub(super) async fn balance<B: Backend>(
    store: &B,
    class: &str,
    currency: Currency,
) -> Outcome<i64> {
    let report = store.audit().await?;
    assert_holds(&report);
    let lines = report.trial_balance.iter();
    let of = lines.filter(|line| line.class == class && line.currency == currency.code());
    Ok(of.map(|line| line.balance).sum())
}

/// No finding but the one that the credits of these cases belong to no top-up.
fn assert_holds(report: &AuditReport) {
    let others: Vec<_> = report.findings.iter().filter(|it| it.invariant != "L9").collect();
    assert!(others.is_empty(), "{others:?}");
}

pub(super) async fn assert_clean<B: Backend>(store: &B) -> Outcome {
    assert_holds(&store.audit().await?);
    Ok(())
}

fn paid(user: UserId, units: i64) -> Outcome<Journal> {
    let received = Money { currency: Currency::Idr, amount: amount(units)? };
    Ok(chart::topup(GATEWAY, ("pay_1", None), user, received.amount, received))
}

/// A dispute is booked whole even when the wallet is empty, and once however often it is told.
pub async fn owes_the_whole_claw_back_whatever_the_wallet_holds<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 30).await?;
    let clawback = chart::clawback(GATEWAY, "dp_1", user, amount(100)?, None);
    assert_eq!(post(store, &clawback).await?, Posted::New);
    assert_eq!(post(store, &clawback).await?, Posted::Already);
    assert_eq!(standing(store, user).await?, (30, 100));
    let shown = LedgerQueries::wallet(store, user).await?.shown();
    assert_eq!(shown, -70);
    assert_eq!(balance(store, "debt", Currency::Idr).await?, -100);
    assert_eq!(balance(store, "gateway_clearing", Currency::Idr).await?, 100);
    Ok(())
}

/// A debt takes what can be spent, never what is held, and nothing twice.
pub async fn spends_what_is_there_on_a_debt_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE + 50).await?;
    stage.reserved().await?;
    let user = stage.user;
    post(store, &chart::clawback(GATEWAY, "dp_1", user, amount(80)?, None)).await?;
    let mut taken = 0;
    for answer in join_all((0..4).map(|_| repay(store, user))).await {
        taken += answer?.map_or(0, Amount::get);
    }
    assert_eq!((taken, standing(store, user).await?), (50, (0, 30)));
    assert_eq!(stage.wallet().await?, (0, PRICE));
    post(store, &paid(user, 70)?).await?;
    assert_eq!(repay(store, user).await?, Amount::new(30));
    assert_eq!(repay(store, user).await?, None);
    assert_eq!(standing(store, user).await?, (40, 0));
    assert_clean(store).await
}

/// Whoever owes money buys nothing, even with money in the wallet; running orders end as usual.
pub async fn sells_nothing_to_whoever_owes_money<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 3 * PRICE).await?;
    let order = stage.reserved().await?;
    post(store, &chart::clawback(GATEWAY, "dp_1", stage.user, amount(1)?, None)).await?;
    let refused = stage.reserve(&stage.draft(1, None)).await;
    assert!(matches!(refused, Err(ReserveError::InsufficientFunds)), "{refused:?}");
    let (release, at) = (order.money().release(), order.changed_at);
    stage.write(&order.fail(FailReason::NoOffer, at)?, Some(release)).await?;
    repay(store, stage.user).await?;
    stage.reserved().await?;
    assert_eq!(stage.wallet().await?, (2 * PRICE - 1, PRICE));
    assert_clean(store).await
}

/// A claw-back that the gateway returns enters what can be spent; it returns what it took, once.
pub async fn returns_a_claw_back_once_and_no_more_than_it_took<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    post(store, &chart::clawback(GATEWAY, "dp_1", user, amount(100)?, None)).await?;
    let back = |id, user, units| -> Outcome<Journal> {
        Ok(chart::clawback_reversal(GATEWAY, (id, 0), user, amount(units)?, None))
    };
    for wrong in [back("dp_1", user, 101)?, back("dp_1", other, 100)?, back("dp_2", user, 100)?] {
        let refused = post(store, &wrong).await;
        assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(post(store, &back("dp_1", user, 100)?).await?, Posted::New);
    assert_eq!(post(store, &back("dp_1", user, 100)?).await?, Posted::Already);
    assert!(matches!(post(store, &back("dp_1", user, 99)?).await, Err(PostError::KeyReused(_))));
    assert_eq!(standing(store, user).await?, (100, 100));
    repay(store, user).await?;
    assert_eq!(standing(store, user).await?, (0, 0));
    assert_clean(store).await
}

/// What was clawed back can return in parts, of which each is told by what returned before;
/// together they are no more than it was, in either currency.
pub async fn returns_a_claw_back_in_parts<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let usd = |units: i64| amount(units * 100);
    let took = chart::clawback(GATEWAY, "dispute:dp_1", user, amount(100)?, Some(usd(100)?));
    post(store, &took).await?;
    let back = |given, idr, units| -> Outcome<Journal> {
        let (id, usd) = (("dispute:dp_1", given), Some(usd(units)?));
        Ok(chart::clawback_reversal(GATEWAY, id, user, amount(idr)?, usd))
    };
    assert_eq!(post(store, &back(0, 60, 60)?).await?, Posted::New);
    for wrong in [back(60, 41, 40)?, back(60, 40, 41)?, back(5, 100, 100)?] {
        let refused = post(store, &wrong).await;
        assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    }
    assert_eq!(post(store, &back(60, 30, 30)?).await?, Posted::New);
    assert_eq!(post(store, &back(60, 30, 30)?).await?, Posted::Already);
    assert_eq!(post(store, &back(90, 10, 10)?).await?, Posted::New);
    let refused = post(store, &back(100, 1, 1)?).await;
    assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    assert_eq!(standing(store, user).await?, (100, 100));
    assert_eq!(balance(store, "gateway_clearing", Currency::Usd).await?, 0);
    let of_nobody = chart::clawback_reversal(GATEWAY, ("dispute:dp_2", 5), user, amount(1)?, None);
    assert!(matches!(post(store, &of_nobody).await, Err(PostError::Forbidden(_))));
    Ok(())
}

/// Dollars go to the exchange and rupiah come out, both ways; either currency adds up.
pub async fn exchanges_what_a_gateway_received_in_dollars<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let (idr, usd) = (amount(160_000)?, amount(10_000_000)?);
    let received = Money { currency: Currency::Usd, amount: usd };
    let journals = [
        chart::topup(GATEWAY, ("pay_1", None), user, idr, received),
        chart::topup_refund(GATEWAY, "re_1", user, idr, Some(usd)),
        chart::topup_refund_reversal(GATEWAY, ("re_1", 0), user, idr, Some(usd)),
        chart::clawback(GATEWAY, "dp_1", user, idr, Some(usd)),
    ];
    let owed = [-10_000_000, 0, -10_000_000, 0];
    for (journal, owed) in journals.iter().zip(owed) {
        assert_eq!(post(store, journal).await?, Posted::New, "{journal:?}");
        assert_eq!(balance(store, "gateway_clearing", Currency::Usd).await?, owed);
        let exchanged = balance(store, "liquidity", Currency::Usd).await?;
        assert_eq!(exchanged, -owed);
        assert_eq!(balance(store, "liquidity", Currency::Idr).await?, exchanged / 1_000 * -16);
    }
    assert_eq!(standing(store, user).await?, (160_000, 160_000));
    let back = chart::clawback_reversal(GATEWAY, ("dp_1", 0), user, idr, Some(usd));
    assert_eq!(post(store, &back).await?, Posted::New);
    // An exchange that yields rupiah for nothing.
    let mut half = chart::topup(GATEWAY, ("pay_2", None), user, idr, received);
    half.legs.remove(0);
    assert!(matches!(post(store, &half).await, Err(PostError::Forbidden(_))));
    assert_eq!(standing(store, user).await?, (320_000, 160_000));
    assert_clean(store).await
}

/// Parts of one payment are told apart by what had arrived until then.
pub async fn credits_a_payment_part_by_part<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let part = |total, units| -> Outcome<Journal> {
        let received = Money { currency: Currency::Idr, amount: amount(units)? };
        Ok(chart::topup(GATEWAY, ("pay_1", total), user, received.amount, received))
    };
    for (journal, expected) in [
        (part(None, 40)?, Posted::New),
        (part(Some(70), 30)?, Posted::New),
        (part(Some(70), 30)?, Posted::Already),
        (part(None, 40)?, Posted::Already),
    ] {
        assert_eq!(post(store, &journal).await?, expected);
    }
    assert!(matches!(post(store, &part(Some(70), 31)?).await, Err(PostError::KeyReused(_))));
    assert_eq!(wallet(store, user).await?, (70, 0));
    Ok(())
}

/// What is held or spent cannot be sent back.
pub async fn refunds_a_payment_only_from_what_can_be_spent<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    stage.reserved().await?;
    let refund = |units| -> Outcome<Journal> {
        Ok(chart::topup_refund(GATEWAY, "re_1", stage.user, amount(units)?, None))
    };
    let refused = post(store, &refund(100 - PRICE + 1)?).await;
    assert!(matches!(refused, Err(PostError::InsufficientFunds)), "{refused:?}");
    assert_eq!(post(store, &refund(100 - PRICE)?).await?, Posted::New);
    assert_eq!(post(store, &refund(100 - PRICE)?).await?, Posted::Already);
    assert_eq!(stage.wallet().await?, (0, PRICE));
    assert_clean(store).await
}

/// A refund that failed at the gateway comes back once, to whom it was taken from.
pub async fn returns_a_refund_that_did_not_arrive<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 100).await?;
    let other = customer(store, "b@example.com", 0).await?;
    let back = |user, units| -> Outcome<Journal> {
        Ok(chart::topup_refund_reversal(GATEWAY, ("re_1", 0), user, amount(units)?, None))
    };
    assert!(matches!(post(store, &back(user, 60)?).await, Err(PostError::Forbidden(_))));
    post(store, &chart::topup_refund(GATEWAY, "re_1", user, amount(60)?, None)).await?;
    for wrong in [back(other, 60)?, back(user, 61)?] {
        assert!(matches!(post(store, &wrong).await, Err(PostError::Forbidden(_))));
    }
    assert_eq!(post(store, &back(user, 60)?).await?, Posted::New);
    assert_eq!(post(store, &back(user, 60)?).await?, Posted::Already);
    assert_eq!(wallet(store, user).await?, (100, 0));
    assert_clean(store).await
}

/// All compensations of an order together give back at most its price, and only after delivery.
pub async fn compensates_no_more_than_an_order_earned<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 3 * PRICE).await?;
    let order = stage.delivered(stage.active("1").await?).await?;
    let refunded = stage.canceled(stage.active("2").await?).await?;
    let running = stage.reserved().await?;
    for order in [&refunded, &running] {
        let refused = decide(store, &chart::compensation(order.money(), "a", amount(1)?)).await;
        assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    }
    let give = |reference, units| -> Outcome<Journal> {
        Ok(chart::compensation(order.money(), reference, amount(units)?))
    };
    assert_eq!(decide(store, &give("a", PRICE - 10)?).await?, Posted::New);
    assert_eq!(decide(store, &give("a", PRICE - 10)?).await?, Posted::Already);
    assert!(matches!(decide(store, &give("b", 11)?).await, Err(PostError::Forbidden(_))));
    assert_eq!(decide(store, &give("b", 10)?).await?, Posted::New);
    assert!(matches!(decide(store, &give("c", 1)?).await, Err(PostError::Forbidden(_))));
    assert_eq!(stage.wallet().await?, (2 * PRICE, PRICE));
    assert_eq!(balance(store, "revenue", Currency::Idr).await?, 0);
    Ok(())
}

/// Two who compensate one order at the same moment do not give its price back twice.
pub async fn compensates_an_order_once_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let order = stage.delivered(stage.active("1").await?).await?;
    let give = async |number: usize| -> Result<Posted, PostError> {
        let units = amount(PRICE).map_err(super::stage::stop)?;
        decide(store, &chart::compensation(order.money(), &number.to_string(), units)).await
    };
    let answers = join_all((0..6).map(give)).await;
    let given = answers.iter().filter(|answer| matches!(answer, Ok(Posted::New))).count();
    let refused = answers.iter().filter(|it| matches!(it, Err(PostError::Forbidden(_)))).count();
    assert_eq!((given, refused), (1, 5));
    assert_eq!(stage.wallet().await?, (PRICE, 0));
    assert_clean(store).await
}

/// The cost of a code that came after the refund is ours; no other order has such a cost.
pub async fn books_a_late_code_of_a_refunded_order_only<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 3 * PRICE).await?;
    let delivered = stage.delivered(stage.active("1").await?).await?;
    let refunded = stage.canceled(stage.active("2").await?).await?;
    let running = stage.active("3").await?;
    for order in [&delivered, &running] {
        let late = chart::late_sms(order.money(), stage.provider, order.quote.cost);
        let refused = post(store, &late.ok_or("a cost")?).await;
        assert!(matches!(refused, Err(PostError::Forbidden(_))), "{refused:?}");
    }
    let late = chart::late_sms(refunded.money(), stage.provider, refunded.quote.cost);
    let late = late.ok_or("a cost")?;
    assert_eq!(post(store, &late).await?, Posted::New);
    assert_eq!(post(store, &late).await?, Posted::Already);
    assert_eq!(balance(store, "late_sms_expense", Currency::Usd).await?, -COST_MICROS);
    assert_eq!(balance(store, "provider_prepaid", Currency::Usd).await?, 2 * COST_MICROS);
    assert_eq!(stage.wallet().await?, (PRICE, PRICE));
    Ok(())
}

/// A payout and its fee empty what a gateway collected; funding fills what a provider holds.
pub async fn settles_what_a_gateway_collected<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 0).await?;
    post(store, &paid(stage.user, 1_000)?).await?;
    let net = Money { currency: Currency::Idr, amount: amount(970)? };
    let payout = chart::settlement(GATEWAY, "po_1", net, Amount::new(30));
    assert_eq!(decide(store, &payout).await?, Posted::New);
    assert_eq!(decide(store, &payout).await?, Posted::Already);
    let funding = chart::funding(stage.provider, "tx_1", amount(5_000_000)?);
    assert_eq!(decide(store, &funding).await?, Posted::New);
    assert_eq!(balance(store, "gateway_clearing", Currency::Idr).await?, 0);
    assert_eq!(balance(store, "gateway_fee", Currency::Idr).await?, -30);
    assert_eq!(balance(store, "bank", Currency::Idr).await?, -970);
    assert_eq!(balance(store, "bank", Currency::Usd).await?, 5_000_000);
    assert_eq!(balance(store, "provider_prepaid", Currency::Usd).await?, -5_000_000);
    Ok(())
}

/// A frozen customer buys nothing, whatever the wallet holds; money still comes in.
pub async fn sells_nothing_to_a_frozen_customer<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let freeze = of(stage.user, FreezeCause::Operator, "case 7");
    assert!(apply(store, &freeze).await?);
    assert!(!apply(store, &freeze).await?);
    assert!(LedgerQueries::wallet(store, stage.user).await?.frozen);
    let refused = stage.reserve(&stage.draft(1, None)).await;
    assert!(matches!(refused, Err(ReserveError::Frozen)), "{refused:?}");
    post(store, &paid(stage.user, 5)?).await?;
    assert!(lift(store, &freeze).await?);
    stage.reserved().await?;
    assert_eq!(stage.wallet().await?, (5, PRICE));
    assert_clean(store).await
}

/// Purchases stay stopped while one of several freezes is in force.
pub async fn lifts_one_freeze_at_a_time<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    let audit = of(user, FreezeCause::Audit, "L5");
    let dispute = of(user, FreezeCause::Dispute, "dp_1");
    for freeze in [&audit, &dispute, &of(other, FreezeCause::Dispute, "dp_1")] {
        assert!(apply(store, freeze).await?);
    }
    assert!(lift(store, &audit).await?);
    assert!(!lift(store, &audit).await?);
    assert!(LedgerQueries::wallet(store, user).await?.frozen);
    assert!(lift(store, &dispute).await?);
    let wallet = LedgerQueries::wallet(store, user).await?;
    assert_eq!((wallet.frozen, wallet.debt), (false, Balance::default()));
    assert!(LedgerQueries::wallet(store, other).await?.frozen);
    assert!(apply(store, &audit).await?, "what was lifted can be put in force again");
    Ok(())
}

fn of(user: UserId, cause: FreezeCause, reference: &str) -> Freeze {
    Freeze { user, cause, reference: reference.to_owned() }
}

async fn apply<B: Backend>(store: &B, freeze: &Freeze) -> Outcome<bool> {
    let mut unit = store.begin().await?;
    let is_new = unit.ledger().freeze(freeze).await?;
    unit.commit().await?;
    Ok(is_new)
}

async fn lift<B: Backend>(store: &B, freeze: &Freeze) -> Outcome<bool> {
    let mut unit = store.begin().await?;
    let lifted = unit.ledger().unfreeze(freeze, "operator").await?;
    unit.commit().await?;
    Ok(lifted)
}
