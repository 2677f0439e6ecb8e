//! Auditing, collecting debts, and booking by hand.

use domain::{
    ledger::{
        Gateway, LedgerQueries, PostError, Posted,
        adjust::AdjustError,
        audit::AuditBooks,
        chart,
        debts::CollectDebts,
        treasury::{Decision, Treasury},
    },
    money::{Amount, Currency, Money},
    orders::ReserveError,
    store::Store,
};
use std::sync::Arc;

use testkit::{Blow, Market, Moment, Outcome};

fn amount(units: i64) -> Outcome<Amount> {
    Ok(Amount::new(units).ok_or("an amount")?)
}

async fn post(market: &Market, journal: &chart::Journal) -> Outcome {
    let mut unit = market.store.begin().await?;
    unit.ledger().post(journal).await?;
    unit.commit().await?;
    Ok(())
}

fn audit(market: &Market) -> AuditBooks {
    let store = Arc::new(market.store.clone());
    AuditBooks::new(store.clone(), store.clone(), store)
}

fn decision(reference: &str) -> Decision {
    Decision {
        operator: "Ada".to_owned(),
        reason: "a late code".to_owned(),
        reference: reference.to_owned(),
    }
}

/// A customer whose books do not hold may not buy; all others may.
#[tokio::test]
async fn stops_whoever_the_audit_finds_and_nobody_else() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.buy().await?;
    assert!(audit(&market).recent().await?.is_clean());
    market.store.tamper_with_wallet(market.user).await;
    for full in [true, false] {
        let books = audit(&market);
        let report = if full { books.full().await? } else { books.recent().await? };
        assert!(!report.is_clean());
    }
    let wallet = LedgerQueries::wallet(&market.store, market.user).await?;
    assert!(wallet.frozen);
    assert_eq!(LedgerQueries::freezes(&market.store, market.user).await?.len(), 1);
    let refused = market.place_orders().execute(market.command(1, None)).await.unwrap_err();
    let refused = refused.to_string();
    assert_eq!(refused, ReserveError::Frozen.to_string());
    Ok(())
}

/// A crash between stopping an account and noting the horizon looks at the same again.
#[tokio::test]
async fn notes_the_horizon_after_the_accounts_are_stopped() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.store.tamper_with_wallet(market.user).await;
    market.chaos.strike_next("freeze", Moment::Before, Blow::Fail);
    audit(&market).recent().await.unwrap_err();
    assert!(!market.chaos.calls().contains(&"mark_audited"));
    assert!(audit(&market).recent().await?.transfers > 0, "it is looked at again");
    assert!(LedgerQueries::wallet(&market.store, market.user).await?.frozen);
    Ok(())
}

/// What a hold sets free goes to the debt first.
#[tokio::test]
async fn collects_a_debt_when_a_hold_ends() -> Outcome {
    let market = Market::new().await?.funded(30).await?;
    market.buy().await?;
    post(&market, &chart::clawback(Gateway::Stripe, "dp_1", market.user, amount(50)?, None))
        .await?;
    let store = Arc::new(market.store.clone());
    let collect = CollectDebts::new(store.clone(), store);
    assert_eq!(collect.run_once().await?, 0);
    market.settle_down().await?;
    assert_eq!(market.wallet().await?, (30, 0));
    assert_eq!(collect.run_once().await?, 1);
    assert_eq!(collect.run_once().await?, 0);
    let wallet = LedgerQueries::wallet(&market.store, market.user).await?;
    assert_eq!((wallet.available.get(), wallet.debt.get(), wallet.shown()), (0, 20, -20));
    Ok(())
}

/// Payouts, funding and compensations are booked once per reference, with a name and a reason.
#[tokio::test]
async fn books_by_hand_once_per_reference() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    let store = Arc::new(market.store.clone());
    let treasury = Treasury::new(store.clone(), store);
    let net = Money { currency: Currency::Idr, amount: amount(970)? };
    for expected in [Posted::New, Posted::Already] {
        let fee = Amount::new(30);
        let settled = treasury.settle(Gateway::Stripe, net, fee, &decision("po_1")).await?;
        let funded = treasury.fund(market.cheap.id, amount(5)?, &decision("tx_1")).await?;
        let given = decision("case 7");
        let given = treasury.compensate(market.user, order.id, amount(30)?, &given).await?;
        assert_eq!((settled, funded, given), (expected, expected, expected));
    }
    let more = treasury.compensate(market.user, order.id, amount(1)?, &decision("case 8")).await;
    assert!(matches!(more, Err(AdjustError::Post(PostError::Forbidden(_)))), "{more:?}");
    let unsigned = Decision { operator: " ".to_owned(), ..decision("po_2") };
    assert!(treasury.settle(Gateway::Stripe, net, None, &unsigned).await.is_err());
    assert_eq!(market.wallet().await?, (100, 0));
    assert_eq!(market.balance("gateway_clearing", Currency::Idr).await?, 1_000);
    market.check_books().await
}
