//! Money that goes back to payers without our doing.

use std::sync::Arc;

use domain::{
    fault::{Code, Fault},
    gateways::{
        DisputeReport, DisputeState, PaymentReport, PaymentStatus, RefundReport, RefundState,
    },
    ledger::{LedgerQueries, Wallet},
    money::{Amount, Currency, Money},
    topups::{
        ReversalKind, ReversalState, Topup, TopupFlag, TopupHistory, TopupQueries, TopupState,
    },
};
use testkit::{FakeGateway, Market, Outcome};

const PAID: i64 = 50_000;

/// A payment that is credited.
struct Paid {
    market: Market,
    gateway: Arc<FakeGateway>,
    topup: Topup,
    payment: String,
}

impl Paid {
    async fn new() -> Outcome<Self> {
        Self::at(|market| &market.gateway).await
    }

    async fn at(gateway: impl Fn(&Market) -> &Arc<FakeGateway>) -> Outcome<Self> {
        let market = Market::new().await?;
        let gateway = Arc::clone(gateway(&market));
        let (topup, payment) = market.started(&gateway, PAID).await?;
        gateway.pay(&payment);
        market.learn(&gateway, &payment, |_| {}).await?;
        assert_eq!(market.wallet().await?, (PAID, 0));
        Ok(Self { market, gateway, topup, payment })
    }

    /// The gateway tells of a change, twice.
    async fn learn(&self, change: impl FnOnce(&mut PaymentReport) + Send) -> Outcome {
        self.market.learn(&self.gateway, &self.payment, change).await?;
        self.market.learn(&self.gateway, &self.payment, |_| {}).await?;
        self.market.check_payins().await?;
        self.market.check_books().await
    }

    async fn state(&self) -> Outcome<TopupState> {
        Ok(self.market.topup(&self.topup).await?.state)
    }

    async fn flag(&self) -> Outcome<Option<TopupFlag>> {
        Ok(self.market.topup(&self.topup).await?.flag)
    }

    async fn history(&self) -> Outcome<TopupHistory> {
        Ok(self.market.store.topup_history(self.topup.id).await?)
    }

    /// What the customer has and what they owe.
    async fn standing(&self) -> Outcome<(i64, i64)> {
        let wallet = self.wallet().await?;
        Ok((wallet.available.get(), wallet.debt.get()))
    }

    async fn wallet(&self) -> Outcome<Wallet> {
        Ok(LedgerQueries::wallet(&self.market.store, self.market.user).await?)
    }

    fn money(&self, units: i64) -> Money {
        let amount = Amount::new(units).unwrap_or(self.topup.charge.amount);
        Money { amount, ..self.topup.charge }
    }

    fn refund(&self, id: &str, units: i64, state: RefundState) -> RefundReport {
        RefundReport { id: id.to_owned(), refund: None, amount: self.money(units), state }
    }

    fn dispute(&self, id: &str, units: i64, state: DisputeState) -> DisputeReport {
        DisputeReport { id: id.to_owned(), amount: self.money(units), state }
    }
}

#[tokio::test]
async fn takes_back_each_refund_once() -> Outcome {
    let paid = Paid::new().await?;
    for (id, units, left, state) in [
        ("re_1", 10_000, 40_000, TopupState::PartiallyRefunded),
        ("re_2", 15_000, 25_000, TopupState::PartiallyRefunded),
        ("re_3", 25_000, 0, TopupState::Refunded),
    ] {
        let refund = paid.refund(id, units, RefundState::Done);
        paid.learn(|report| report.refunds.push(refund)).await?;
        assert_eq!(paid.standing().await?, (left, 0));
        assert_eq!(paid.state().await?, state);
    }
    assert_eq!(paid.history().await?.reversals.len(), 3);
    assert_eq!(paid.flag().await?, None);
    Ok(())
}

#[tokio::test]
async fn gives_back_what_a_failed_refund_took() -> Outcome {
    let paid = Paid::new().await?;
    let pending = paid.refund("re_1", 20_000, RefundState::Pending);
    paid.learn(|report| report.refunds = vec![pending]).await?;
    assert_eq!(paid.standing().await?, (30_000, 0));
    let failed = paid.refund("re_1", 20_000, RefundState::Failed);
    paid.learn(|report| report.refunds = vec![failed]).await?;
    assert_eq!(paid.standing().await?, (PAID, 0));
    assert_eq!(paid.state().await?, TopupState::Paid);
    // An older report comes late.
    let pending = paid.refund("re_1", 20_000, RefundState::Pending);
    paid.market
        .learn(&paid.gateway, &paid.payment, |report| report.refunds = vec![pending])
        .await?;
    assert_eq!(paid.standing().await?, (PAID, 0));
    // One that failed at once never took anything.
    let failed = paid.refund("re_2", 20_000, RefundState::Failed);
    paid.market.learn(&paid.gateway, &paid.payment, |report| report.refunds.push(failed)).await?;
    assert_eq!(paid.history().await?.reversals.len(), 1);
    Ok(())
}

#[tokio::test]
async fn makes_a_debt_of_what_was_spent() -> Outcome {
    let paid = Paid::new().await?;
    let order = paid.market.buy().await?;
    let refund = paid.refund("re_1", PAID, RefundState::Done);
    paid.learn(|report| report.refunds.push(refund)).await?;
    assert_eq!(paid.standing().await?, (0, Market::PRICE));
    let error = paid.market.place_orders().execute(paid.market.command(1, None)).await.unwrap_err();
    assert_eq!(error.code(), Code::InsufficientBalance);
    // A further payment pays the debt first.
    let (_, more) = paid.market.started(&paid.gateway, 10_000).await?;
    paid.gateway.pay(&more);
    paid.market.learn(&paid.gateway, &more, |_| {}).await?;
    assert_eq!(paid.standing().await?, (10_000 - Market::PRICE, 0));
    paid.market.buy().await?;
    paid.market.sms(&order, "1234")?;
    paid.market.settle_down().await?;
    paid.market.check_books().await
}

#[tokio::test]
async fn follows_a_dispute_that_is_won() -> Outcome {
    let paid = Paid::new().await?;
    let inquiry = paid.dispute("dp_1", PAID, DisputeState::Inquiry);
    paid.learn(|report| report.disputes = vec![inquiry]).await?;
    assert_eq!(paid.standing().await?, (PAID, 0));
    assert_eq!(
        (paid.state().await?, paid.flag().await?),
        (TopupState::Paid, Some(TopupFlag::Inquiry))
    );
    let open = paid.dispute("dp_1", PAID, DisputeState::Open);
    paid.learn(|report| report.disputes = vec![open]).await?;
    assert_eq!((paid.standing().await?, paid.state().await?), ((0, 0), TopupState::Disputed));
    assert!(paid.wallet().await?.frozen);
    let won = paid.dispute("dp_1", PAID, DisputeState::Won);
    paid.learn(|report| report.disputes = vec![won]).await?;
    assert_eq!((paid.standing().await?, paid.state().await?), ((PAID, 0), TopupState::Paid));
    assert!(!paid.wallet().await?.frozen);
    // An older report comes late.
    let open = paid.dispute("dp_1", PAID, DisputeState::Open);
    paid.market.learn(&paid.gateway, &paid.payment, |report| report.disputes = vec![open]).await?;
    assert_eq!(paid.standing().await?, (PAID, 0));
    assert!(!paid.wallet().await?.frozen);
    Ok(())
}

#[tokio::test]
async fn follows_a_dispute_that_is_lost() -> Outcome {
    for through_open in [true, false] {
        let paid = Paid::new().await?;
        if through_open {
            let open = paid.dispute("dp_1", PAID, DisputeState::Open);
            paid.learn(|report| report.disputes = vec![open]).await?;
        }
        let lost = paid.dispute("dp_1", PAID, DisputeState::Lost);
        paid.learn(|report| report.disputes = vec![lost]).await?;
        assert_eq!((paid.standing().await?, paid.state().await?), ((0, 0), TopupState::Lost));
        assert!(paid.wallet().await?.frozen, "until an operator decides");
        // Banks change their mind.
        let won = paid.dispute("dp_1", PAID, DisputeState::Won);
        paid.learn(|report| report.disputes = vec![won]).await?;
        assert_eq!((paid.standing().await?, paid.state().await?), ((PAID, 0), TopupState::Paid));
        assert!(!paid.wallet().await?.frozen);
    }
    Ok(())
}

#[tokio::test]
async fn stops_a_customer_until_every_dispute_is_won() -> Outcome {
    let paid = Paid::new().await?;
    let both = |first, second| {
        vec![paid.dispute("dp_1", 10_000, first), paid.dispute("dp_2", 20_000, second)]
    };
    let disputes = both(DisputeState::Open, DisputeState::Open);
    paid.learn(|report| report.disputes = disputes).await?;
    assert_eq!(paid.standing().await?, (20_000, 0));
    let disputes = both(DisputeState::Won, DisputeState::Open);
    paid.learn(|report| report.disputes = disputes).await?;
    assert_eq!(paid.standing().await?, (30_000, 0));
    assert!(paid.wallet().await?.frozen);
    let disputes = both(DisputeState::Won, DisputeState::Won);
    paid.learn(|report| report.disputes = disputes).await?;
    assert_eq!(paid.standing().await?, (PAID, 0));
    assert!(!paid.wallet().await?.frozen);
    Ok(())
}

#[tokio::test]
async fn never_takes_more_than_was_credited() -> Outcome {
    let paid = Paid::new().await?;
    let refund = paid.refund("re_1", 30_000, RefundState::Done);
    let dispute = paid.dispute("dp_1", PAID, DisputeState::Open);
    paid.learn(|report| {
        report.refunds.push(refund);
        report.disputes.push(dispute);
    })
    .await?;
    assert_eq!(paid.standing().await?, (0, 0));
    assert_eq!(paid.flag().await?, Some(TopupFlag::Excess));
    // The dispute is won: what the refund took stays away.
    let won = paid.dispute("dp_1", PAID, DisputeState::Won);
    paid.learn(|report| report.disputes = vec![won]).await?;
    assert_eq!(paid.standing().await?, (20_000, 0));
    assert_eq!(paid.state().await?, TopupState::PartiallyRefunded);
    Ok(())
}

#[tokio::test]
async fn leaves_away_what_another_return_still_covers() -> Outcome {
    let paid = Paid::new().await?;
    let dispute = paid.dispute("dp_1", PAID, DisputeState::Open);
    paid.learn(|report| report.disputes.push(dispute)).await?;
    let refund = paid.refund("re_1", 30_000, RefundState::Done);
    paid.learn(|report| report.refunds.push(refund)).await?;
    assert_eq!(paid.standing().await?, (0, 0));
    let won = paid.dispute("dp_1", PAID, DisputeState::Won);
    paid.learn(|report| report.disputes = vec![won]).await?;
    assert_eq!(paid.standing().await?, (20_000, 0), "the refund of 30 000 stays");
    Ok(())
}

#[tokio::test]
async fn takes_all_back_when_a_final_payment_is_undone() -> Outcome {
    for status in [PaymentStatus::Failed, PaymentStatus::Canceled] {
        let paid = Paid::new().await?;
        let refund = paid.refund("re_1", 10_000, RefundState::Done);
        paid.learn(|report| report.refunds.push(refund)).await?;
        paid.learn(|report| report.status = status).await?;
        assert_eq!(paid.standing().await?, (0, 0));
        assert_eq!(
            (paid.state().await?, paid.flag().await?),
            (TopupState::Refunded, Some(TopupFlag::Undone))
        );
        let kinds: Vec<_> = paid.history().await?.reversals.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [ReversalKind::Refund, ReversalKind::Undone]);
    }
    Ok(())
}

#[tokio::test]
async fn takes_dollars_back_in_proportion() -> Outcome {
    // 5 dollars were credited as 50 000 rupiah.
    let paid = Paid::at(|market| &market.coins).await?;
    let mut gone = 0;
    for (id, micros, taken) in
        [("a", 1_000_001, 10_000), ("b", 3_333_333, 33_333), ("c", 666_666, 6_667)]
    {
        let refund = paid.refund(id, micros, RefundState::Done);
        paid.learn(|report| report.refunds.push(refund)).await?;
        gone += taken;
        assert_eq!(paid.standing().await?, (PAID - gone, 0), "{id}");
    }
    assert_eq!(paid.state().await?, TopupState::Refunded);
    let clearing = paid.market.audit().await?.trial_balance;
    let of = |class: &str, currency: Currency| {
        let same = |line: &&domain::ledger::audit::TrialLine| {
            line.class == class && line.currency == currency.code()
        };
        clearing.iter().find(same).map_or(0, |line| line.balance)
    };
    assert_eq!(of("gateway_clearing", Currency::Usd), 0);
    assert_eq!(of("liquidity", Currency::Usd), 0);
    assert_eq!(of("liquidity", Currency::Idr), 0);
    Ok(())
}

#[tokio::test]
async fn books_what_went_back_before_it_was_credited() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.gateway, PAID).await?;
    market.gateway.pay(&payment);
    let refund = RefundReport {
        id: "re_1".to_owned(),
        refund: None,
        amount: topup.charge,
        state: RefundState::Done,
    };
    market.learn(&market.gateway, &payment, |report| report.refunds.push(refund)).await?;
    assert_eq!(market.wallet().await?, (0, 0));
    assert_eq!(market.topup(&topup).await?.state, TopupState::Refunded);
    let history = market.store.topup_history(topup.id).await?;
    let states: Vec<_> = history.reversals.iter().map(|it| it.state).collect();
    assert_eq!(states, [ReversalState::Booked]);
    market.check_books().await
}

#[tokio::test]
async fn takes_nothing_in_another_currency() -> Outcome {
    let paid = Paid::new().await?;
    let odd = RefundReport {
        id: "re_1".to_owned(),
        refund: None,
        amount: Money::usd(Amount::new(1_000_000).ok_or("an amount")?),
        state: RefundState::Done,
    };
    paid.market.learn(&paid.gateway, &paid.payment, |report| report.refunds.push(odd)).await?;
    assert_eq!(paid.standing().await?, (PAID, 0));
    assert_eq!(paid.flag().await?, Some(TopupFlag::Mismatch));
    Ok(())
}
