//! Money that operators give back.

use domain::{
    fault::{Code, Fault},
    gateways::{GatewayError, RefundState},
    ids::{RefundId, TopupId},
    ledger::PostError,
    money::{Amount, Money},
    tasks::{DeadLetters, TaskKind, TaskQueue},
    topups::{
        Refund, RefundProgress, Topup, TopupQueries, TopupState,
        refund::{RefundCommand, RefundError},
    },
};
use testkit::{Blow, Market, Moment, Outcome};
use uuid::Uuid;

const PAID: i64 = 50_000;

async fn paid() -> Outcome<(Market, Topup, String)> {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.gateway, PAID).await?;
    market.gateway.pay(&payment);
    market.learn(&market.gateway, &payment, |_| {}).await?;
    Ok((market, topup, payment))
}

fn command(topup: &Topup, amount: Option<i64>) -> RefundCommand {
    RefundCommand {
        topup: topup.id,
        amount: amount.and_then(Amount::new),
        operator: "Ada".to_owned(),
        approver: "Grace".to_owned(),
        reason: "asked for".to_owned(),
    }
}

async fn order(market: &Market, topup: &Topup, amount: Option<i64>) -> Result<Refund, RefundError> {
    market.order_refund().execute(&command(topup, amount)).await
}

async fn refund(market: &Market, refund: &Refund) -> Outcome<Refund> {
    let history = market.store.topup_history(refund.topup).await?;
    let found = history.refunds.into_iter().find(|known| known.id == refund.id);
    Ok(found.ok_or("the refund")?)
}

async fn state(market: &Market, topup: &Topup) -> Outcome<TopupState> {
    Ok(market.topup(topup).await?.state)
}

#[tokio::test]
async fn takes_the_money_first_and_then_tells_the_gateway() -> Outcome {
    let (market, topup, payment) = paid().await?;
    let ordered = order(&market, &topup, Some(20_000)).await?;
    assert_eq!(ordered.state, RefundProgress::Requested);
    assert_eq!(market.wallet().await?, (30_000, 0));
    assert_eq!(state(&market, &topup).await?, TopupState::PartiallyRefunded);
    assert!(market.gateway.report(&payment).ok_or("a payment")?.refunds.is_empty());
    market.run_tasks().await?;
    let told = market.gateway.report(&payment).ok_or("a payment")?.refunds;
    assert_eq!(told.len(), 1);
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Done);
    // The gateway's report of it takes nothing once more.
    market.learn(&market.gateway, &payment, |_| {}).await?;
    assert_eq!(market.wallet().await?, (30_000, 0));
    order(&market, &topup, None).await?;
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (0, 0));
    assert_eq!(state(&market, &topup).await?, TopupState::Refunded);
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn refuses_what_cannot_be_refunded() -> Outcome {
    let (market, topup, _) = paid().await?;
    let error = order(&market, &topup, Some(PAID + 1)).await.unwrap_err();
    assert!(matches!(error, RefundError::TooMuch { left } if left.get() == PAID));
    assert_eq!(error.code(), Code::ValidationError);
    let unknown = Topup { id: TopupId::new(Uuid::from_u128(99)), ..topup.clone() };
    let error = order(&market, &unknown, None).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let (fresh, _) = market.started(&market.gateway, PAID).await?;
    let error = order(&market, &fresh, None).await.unwrap_err();
    assert!(matches!(error, RefundError::NothingLeft));
    let (manual, _) = market.started(&market.bank, PAID).await?;
    let error = order(&market, &manual, None).await.unwrap_err();
    assert!(matches!(error, RefundError::NotOffered));
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn asks_for_two_persons_and_a_reason() -> Outcome {
    let (market, topup, _) = paid().await?;
    for (change, field) in [
        ((|command| command.operator = " ".to_owned()) as fn(&mut RefundCommand), "operator"),
        (|command| command.approver = String::new(), "approver"),
        (|command| command.approver = " ADA ".to_owned(), "approver"),
        (|command| command.reason = "x".repeat(501), "reason"),
    ] {
        let mut wrong = command(&topup, None);
        change(&mut wrong);
        let error = market.order_refund().execute(&wrong).await.unwrap_err();
        assert_eq!(error.code(), Code::ValidationError);
        assert_eq!(error.fields().first().map(|fault| fault.field.as_ref()), Some(field));
    }
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn gives_no_refund_to_who_has_spent_it() -> Outcome {
    let (market, topup, payment) = paid().await?;
    market.buy().await?;
    let error = order(&market, &topup, None).await.unwrap_err();
    assert!(matches!(error, RefundError::Post(PostError::InsufficientFunds)), "{error}");
    assert_eq!(market.wallet().await?, (PAID - Market::PRICE, Market::PRICE));
    market.run_tasks().await?;
    assert!(market.gateway.report(&payment).ok_or("a payment")?.refunds.is_empty());
    order(&market, &topup, Some(PAID - Market::PRICE)).await?;
    market.check_books().await
}

#[tokio::test]
async fn gives_the_money_back_when_the_gateway_does_not() -> Outcome {
    for answer in [Err(GatewayError::Refused("too old")), Ok(RefundState::Failed)] {
        let (market, topup, payment) = paid().await?;
        market.gateway.then_refund(answer);
        let ordered = order(&market, &topup, Some(20_000)).await?;
        market.run_tasks().await?;
        assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Failed);
        assert_eq!(market.wallet().await?, (PAID, 0));
        assert_eq!(state(&market, &topup).await?, TopupState::Paid);
        market.learn(&market.gateway, &payment, |_| {}).await?;
        assert_eq!(market.wallet().await?, (PAID, 0));
        market.check_payins().await?;
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn follows_a_refund_that_takes_its_time() -> Outcome {
    for (end, progress, left) in [
        (RefundState::Done, RefundProgress::Done, 30_000),
        (RefundState::Failed, RefundProgress::Failed, PAID),
    ] {
        let (market, topup, payment) = paid().await?;
        market.gateway.then_refund(Ok(RefundState::Pending));
        let ordered = order(&market, &topup, Some(20_000)).await?;
        market.run_tasks().await?;
        assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Sent);
        assert_eq!(market.wallet().await?, (30_000, 0));
        // No notification tells of its end: the gateway is asked until it is over.
        market.gateway.alter(&payment, |report| report.refunds[0].state = end);
        market.clock.advance_seconds(25 * 60 * 60);
        market.poll_topups().run_once().await?;
        market.run_tasks().await?;
        assert_eq!(refund(&market, &ordered).await?.state, progress);
        assert_eq!(market.wallet().await?, (left, 0));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn gives_the_money_back_when_a_refund_bounces_later() -> Outcome {
    let (market, topup, payment) = paid().await?;
    let ordered = order(&market, &topup, Some(20_000)).await?;
    market.run_tasks().await?;
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Done);
    let bounce = |report: &mut domain::gateways::PaymentReport| {
        report.refunds[0].state = RefundState::Failed;
    };
    market.learn(&market.gateway, &payment, bounce).await?;
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Failed);
    assert_eq!(market.wallet().await?, (PAID, 0));
    assert_eq!(state(&market, &topup).await?, TopupState::Paid);
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn takes_back_what_a_gateway_sent_after_refusing() -> Outcome {
    let (market, topup, payment) = paid().await?;
    // Its answer is lost, and a repeat is refused because it was done.
    market.chaos.strike_next("send_refund", Moment::After, Blow::Fail);
    let ordered = order(&market, &topup, Some(20_000)).await?;
    market.run_tasks().await?;
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Requested);
    let hidden = market.gateway.report(&payment).ok_or("a payment")?.refunds;
    market.gateway.alter(&payment, |report| report.refunds.clear());
    market.gateway.then_refund(Err(GatewayError::Refused("refunded already")));
    market.clock.advance_seconds(60);
    market.run_tasks().await?;
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Failed);
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.learn(&market.gateway, &payment, |report| report.refunds = hidden).await?;
    assert_eq!(market.wallet().await?, (30_000, 0));
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn keeps_asking_a_gateway_that_is_away() -> Outcome {
    let (market, topup, payment) = paid().await?;
    order(&market, &topup, Some(20_000)).await?;
    for moment in [Moment::Before, Moment::After, Moment::Before] {
        market.chaos.strike_next("send_refund", moment, Blow::Fail);
        market.run_tasks().await?;
        assert!(!market.chaos.is_pending());
        market.clock.advance_seconds(120);
    }
    market.run_tasks().await?;
    assert_eq!(market.gateway.report(&payment).ok_or("a payment")?.refunds.len(), 1);
    assert_eq!(market.store.dead(10).await?, []);
    assert!(market.store.stats().await?.iter().all(|it| it.kind != TaskKind::SendRefund.as_str()));
    market.check_payins().await
}

#[tokio::test]
async fn hears_of_its_refund_before_the_answer() -> Outcome {
    let (market, topup, payment) = paid().await?;
    let ordered = order(&market, &topup, Some(20_000)).await?;
    market.chaos.strike_next("send_refund", Moment::After, Blow::Fail);
    market.run_tasks().await?;
    market.learn(&market.gateway, &payment, |_| {}).await?;
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Done);
    market.clock.advance_seconds(60);
    market.run_tasks().await?;
    assert_eq!(refund(&market, &ordered).await?.state, RefundProgress::Done);
    assert_eq!(market.wallet().await?, (30_000, 0));
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn sends_whole_cents_and_all_of_the_rest() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.coins, PAID).await?;
    market.coins.pay(&payment);
    market.learn(&market.coins, &payment, |_| {}).await?;
    let dollars = |micros| Amount::new(micros).map(Money::usd);
    // 33 333 rupiah are 3.3333 dollars.
    let first = order(&market, &topup, Some(33_333)).await?;
    assert_eq!(Some(first.value), dollars(3_330_000));
    let error = order(&market, &topup, Some(1)).await.unwrap_err();
    assert!(matches!(error, RefundError::TooLittle));
    let rest = order(&market, &topup, None).await?;
    assert_eq!((rest.amount.get(), Some(rest.value)), (16_667, dollars(1_670_000)));
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (0, 0));
    market.check_payins().await?;
    market.check_books().await
}

#[tokio::test]
async fn buries_what_names_no_refund() -> Outcome {
    let market = Market::new().await?;
    let nobody = RefundId::new(Uuid::from_u128(5));
    market.store.enqueue_now(&domain::tasks::NewTask::new(TaskKind::SendRefund, nobody)).await?;
    market.run_tasks().await?;
    assert_eq!(market.store.dead(10).await?.len(), 1);
    Ok(())
}
