//! Booking what gateways tell of payments.

use domain::{
    fault::{Code, Fault},
    gateways::{GatewayError, PaymentRef, PaymentStatus},
    ids::TopupId,
    ledger::{Gateway, PostError},
    money::{Amount, Money},
    store::StoreError,
    time::IdGen,
    topups::{Applied, ApplyError, Topup, TopupFlag, TopupState, confirm::ConfirmError},
};
use testkit::{Blow, Market, Moment, Outcome};
use uuid::Uuid;

const PAID: i64 = 50_000;

async fn started() -> Outcome<(Market, Topup, String)> {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.gateway, PAID).await?;
    Ok((market, topup, payment))
}

async fn standing(market: &Market, topup: &Topup) -> Outcome<(TopupState, Option<TopupFlag>)> {
    let topup = market.topup(topup).await?;
    Ok((topup.state, topup.flag))
}

fn payment(id: &str) -> PaymentRef {
    PaymentRef::Payment(id.to_owned())
}

#[tokio::test]
async fn credits_a_payment_once_whatever_tells_of_it() -> Outcome {
    let (market, topup, payment) = started().await?;
    market.gateway.pay(&payment);
    for _ in 0..3 {
        market.hint(&market.gateway, &payment).await?;
        market.run_tasks().await?;
        assert_eq!(market.wallet().await?, (PAID, 0));
        assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, None));
    }
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn follows_a_payment_that_settles_later() -> Outcome {
    let (market, topup, payment) = started().await?;
    for (status, state) in [
        (PaymentStatus::Open, TopupState::Pending),
        (PaymentStatus::Processing, TopupState::Processing),
        (PaymentStatus::Open, TopupState::Pending),
    ] {
        market.learn(&market.gateway, &payment, |report| report.status = status).await?;
        assert_eq!(standing(&market, &topup).await?, (state, None));
        assert_eq!(market.wallet().await?, (0, 0));
    }
    market.gateway.pay(&payment);
    market.learn(&market.gateway, &payment, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, None));
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_books().await
}

#[tokio::test]
async fn credits_late_money_and_tells_the_operator() -> Outcome {
    for (status, ended) in [
        (PaymentStatus::Expired, TopupState::Expired),
        (PaymentStatus::Failed, TopupState::Failed),
        (PaymentStatus::Canceled, TopupState::Canceled),
    ] {
        let (market, topup, payment) = started().await?;
        market.learn(&market.gateway, &payment, |report| report.status = status).await?;
        assert_eq!(standing(&market, &topup).await?, (ended, None));
        // What the gateway calls open again does not revive it: the customer was told it is over.
        let reopen = |report: &mut domain::gateways::PaymentReport| {
            report.status = PaymentStatus::Processing;
        };
        market.learn(&market.gateway, &payment, reopen).await?;
        assert_eq!(standing(&market, &topup).await?, (ended, None));
        market.gateway.pay(&payment);
        market.learn(&market.gateway, &payment, |_| {}).await?;
        assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, Some(TopupFlag::Late)));
        assert_eq!(market.wallet().await?, (PAID, 0));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn credits_what_arrived_in_proportion() -> Outcome {
    // A charge of 50 000 rupiah is 5 dollars at 10 000 rupiah.
    for (units, credited, flag) in [
        (5_000_000, 50_000, None),
        (2_500_000, 25_000, Some(TopupFlag::Short)),
        (4_999_999, 49_999, Some(TopupFlag::Short)),
        (5_000_001, 50_000, Some(TopupFlag::Over)),
        (7_500_000, 75_000, Some(TopupFlag::Over)),
    ] {
        let market = Market::new().await?;
        let (topup, payment) = market.started(&market.coins, PAID).await?;
        assert_eq!(topup.charge, Money::usd(Amount::new(5_000_000).ok_or("an amount")?));
        market.coins.receive(&payment, units);
        market.learn(&market.coins, &payment, |_| {}).await?;
        assert_eq!(market.wallet().await?, (credited, 0), "{units}");
        assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, flag), "{units}");
        market.check_payins().await?;
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn credits_each_part_of_a_payment_once() -> Outcome {
    for gateway in ["coins", "bank"] {
        let market = Market::new().await?;
        let at = if gateway == "coins" { &market.coins } else { &market.bank };
        let (topup, payment) = market.started(at, PAID).await?;
        let charge = topup.charge.amount.get();
        for (part, credited) in [(charge / 5, 10_000), (charge / 5, 20_000), (charge, 70_000)] {
            at.receive(&payment, part);
            for _ in 0..2 {
                market.learn(at, &payment, |_| {}).await?;
                assert_eq!(market.wallet().await?, (credited, 0), "{gateway}");
            }
        }
        assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, Some(TopupFlag::Over)));
        market.check_payins().await?;
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn waits_for_what_is_not_final() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.coins, PAID).await?;
    market.coins.receive(&payment, 1_000_000);
    let short = |report: &mut domain::gateways::PaymentReport| report.status = PaymentStatus::Short;
    market.learn(&market.coins, &payment, short).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Underpaid, None));
    assert_eq!(market.wallet().await?, (0, 0));
    market.coins.receive(&payment, 4_000_000);
    market.learn(&market.coins, &payment, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, None));
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn credits_no_dust() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.bank, PAID).await?;
    market.bank.receive(&payment, 999);
    market.learn(&market.bank, &payment, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Review, Some(TopupFlag::Dust)));
    assert_eq!(market.wallet().await?, (0, 0));
    // With the rest it is money.
    market.bank.receive(&payment, PAID - 999);
    market.learn(&market.bank, &payment, |_| {}).await?;
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_payins().await
}

#[tokio::test]
async fn credits_nothing_that_does_not_fit() -> Outcome {
    let money = |units| Amount::new(units).map(Money::idr);
    let dollars = |units| Amount::new(units).map(Money::usd);
    for (charge, received) in [
        (money(PAID + 1), money(PAID + 1)),
        (money(PAID - 1), money(PAID)),
        (dollars(PAID), dollars(PAID)),
        (None, money(PAID)),
        // Of a sum in no currency of ours nothing can be told.
        (None, None),
        (money(PAID), money(PAID - 1)),
        (money(PAID), money(PAID + 1)),
        (money(PAID), dollars(PAID)),
    ] {
        let (market, topup, payment) = started().await?;
        let change = |report: &mut domain::gateways::PaymentReport| {
            report.status = PaymentStatus::Settled;
            (report.charge, report.received) = (charge, received);
        };
        market.learn(&market.gateway, &payment, change).await?;
        let place = format!("{charge:?} {received:?}");
        let expected = (TopupState::Review, Some(TopupFlag::Mismatch));
        assert_eq!(standing(&market, &topup).await?, expected, "{place}");
        assert_eq!(market.wallet().await?, (0, 0), "{place}");
        // Once it fits, it counts.
        let correct = |report: &mut domain::gateways::PaymentReport| {
            (report.charge, report.received) = (Some(topup.charge), Some(topup.charge));
        };
        market.learn(&market.gateway, &payment, correct).await?;
        assert_eq!(market.wallet().await?, (PAID, 0), "{place}");
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn credits_nothing_for_a_topup_of_another_gateway() -> Outcome {
    let (market, topup, _) = started().await?;
    let (_, elsewhere) = market.started(&market.bank, PAID).await?;
    market.bank.alter(&elsewhere, |report| report.topup = Some(topup.id));
    market.bank.pay(&elsewhere);
    market.learn(&market.bank, &elsewhere, |_| {}).await?;
    assert_eq!(market.wallet().await?, (0, 0));
    assert_eq!(standing(&market, &topup).await?.1, Some(TopupFlag::Mismatch));
    Ok(())
}

#[tokio::test]
async fn refuses_a_payment_that_changes_its_topup() -> Outcome {
    let (market, _, first) = started().await?;
    market.gateway.pay(&first);
    market.learn(&market.gateway, &first, |_| {}).await?;
    let (other, _) = market.started(&market.gateway, PAID).await?;
    market.gateway.alter(&first, |report| report.topup = Some(other.id));
    let confirm = market.confirm_payment();
    let error = confirm.execute(Gateway::Stripe, &payment(&first), None).await.unwrap_err();
    assert!(matches!(error, ConfirmError::Apply(ApplyError::OtherTopup)), "{error}");
    assert_eq!(market.wallet().await?, (PAID, 0));
    // Without an echo it is recognised by what was booked.
    market.gateway.alter(&first, |report| report.topup = None);
    assert_eq!(confirm.execute(Gateway::Stripe, &payment(&first), None).await?, Applied::Noted);
    market.check_books().await
}

#[tokio::test]
async fn credits_a_second_payment_and_tells_the_operator() -> Outcome {
    let (market, topup, first) = started().await?;
    market.gateway.pay(&first);
    market.learn(&market.gateway, &first, |_| {}).await?;
    let second = market.gateway.open_second(&first).ok_or("a second payment")?;
    market.learn(&market.gateway, &second, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, None));
    market.gateway.pay(&second);
    market.learn(&market.gateway, &second, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, Some(TopupFlag::Second)));
    assert_eq!(market.wallet().await?, (2 * PAID, 0));
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn shows_the_operator_what_a_gateway_keeps_back() -> Outcome {
    let (market, topup, payment) = started().await?;
    let lock = |report: &mut domain::gateways::PaymentReport| report.status = PaymentStatus::Locked;
    market.learn(&market.gateway, &payment, lock).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Review, Some(TopupFlag::Locked)));
    let resolved = market.resolve_topup().execute(topup.id, "Ada", "asked the gateway").await?;
    assert_eq!((resolved.flag, resolved.resolved), (None, vec![TopupFlag::Locked]));
    // What the operator has dealt with is not told again, but money is.
    market.learn(&market.gateway, &payment, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Review, None));
    market.gateway.pay(&payment);
    market.learn(&market.gateway, &payment, |_| {}).await?;
    assert_eq!(standing(&market, &topup).await?.0, TopupState::Paid);
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn waits_for_a_topup_that_is_not_there_yet() -> Outcome {
    let market = Market::new().await?;
    let (_, known) = market.started(&market.gateway, PAID).await?;
    // The ids of tests count up, so the next one is known.
    let next = TopupId::new(Uuid::from_u128(market.ids.uuid().as_u128() + 1));
    market.gateway.alter(&known, |report| report.topup = Some(next));
    market.gateway.pay(&known);
    market.hint(&market.gateway, &known).await?;
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (0, 0));
    market.start_topup().execute(market.user, Amount::new(PAID).ok_or("an amount")?).await?;
    market.clock.advance_seconds(5);
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn tries_again_while_its_gateway_is_away() -> Outcome {
    let (market, topup, payment) = started().await?;
    market.gateway.pay(&payment);
    market.hint(&market.gateway, &payment).await?;
    for _ in 0..5 {
        market.chaos.strike_next("fetch", Moment::Before, Blow::Fail);
        market.run_tasks().await?;
        assert!(!market.chaos.is_pending());
        assert_eq!(market.wallet().await?, (0, 0));
        market.clock.advance_seconds(120);
    }
    market.run_tasks().await?;
    assert_eq!(standing(&market, &topup).await?, (TopupState::Paid, None));
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn names_what_is_unknown_or_not_set_up() -> Outcome {
    let market = Market::new().await?;
    let confirm = market.confirm_payment();
    for (gateway, expected) in
        [(Gateway::Stripe, Code::NotFound), (Gateway::Btcpay, Code::InternalError)]
    {
        let error = confirm.execute(gateway, &payment("nobody's"), None).await.unwrap_err();
        assert_eq!(error.code(), expected);
    }
    let stranger = PaymentRef::Topup(TopupId::new(Uuid::from_u128(77)));
    let error = confirm.execute(Gateway::Stripe, &stranger, None).await.unwrap_err();
    assert!(matches!(error, ConfirmError::Unknown));
    Ok(())
}

#[tokio::test]
async fn classifies_its_errors() {
    for (error, code) in [
        (ConfirmError::Gateway(GatewayError::Unavailable("timeout")), Code::ServiceUnavailable),
        (ConfirmError::Zombie, Code::InternalError),
        (ConfirmError::Store(StoreError::Contention), Code::ServiceUnavailable),
        (
            ConfirmError::Apply(ApplyError::Post(PostError::InsufficientFunds)),
            Code::InsufficientBalance,
        ),
    ] {
        assert_eq!(error.code(), code, "{error}");
    }
}
