//! Every use case, disturbed at each of its calls in every way; then time heals all.

use std::time::Duration;

use domain::{
    gateways::{DisputeReport, DisputeState, PaymentRef},
    ledger::{
        Gateway,
        adjust::{Change, Proposal},
    },
    money::{Amount, Cost},
    orders::{Order, Status},
    providers::{AcquireRequest, Refusal},
    topups::{Topup, refund::RefundCommand},
};
use testkit::{Blow, Market, Moment, Outcome, Sale, until_crash};

const FUNDS: i64 = 200;
const PAID: i64 = 50_000;
const REFUNDED: i64 = 20_000;

fn refund_command(topup: &Topup) -> RefundCommand {
    RefundCommand {
        topup: topup.id,
        amount: Amount::new(REFUNDED),
        operator: "Ada".to_owned(),
        approver: "Grace".to_owned(),
        reason: "asked for".to_owned(),
    }
}

/// What is done, and in what situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Buy,
    BuyMany,
    BuyAfterRefusal,
    BuyNothing,
    BuyUnheard,
    BuyGarbled,
    Cancel,
    CancelDelivered,
    Finish,
    Resend,
    Receive,
    Drain,
    Poll,
    PollEnded,
    Expire,
    ExpireDelivered,
    Settle,
    SettleUnsold,
    SettleOrphan,
    Close,
    CloseFinished,
    StartTopup,
    RecordNotice,
    ConfirmPayment,
    ConfirmDispute,
    ConfirmTask,
    PollTopups,
    CatchUp,
    OrderRefund,
    SendRefund,
    Adjust,
}

const BLOWS: [(Moment, Blow); 5] = [
    (Moment::Before, Blow::Fail),
    (Moment::After, Blow::Fail),
    (Moment::Before, Blow::Contend),
    (Moment::Before, Blow::Crash),
    (Moment::After, Blow::Crash),
];

/// A market in the situation of a scene.
struct Stage {
    market: Market,
    order: Option<Order>,
    payment: Option<(Topup, String)>,
}

impl Stage {
    fn order(&self) -> Outcome<&Order> {
        Ok(self.order.as_ref().ok_or("the scene has an order")?)
    }

    fn payment(&self) -> Outcome<&(Topup, String)> {
        Ok(self.payment.as_ref().ok_or("the scene has a payment")?)
    }
}

impl Scene {
    async fn prepare(self) -> Outcome<Stage> {
        let market = Market::new().await?.funded(FUNDS).await?;
        let mut stage = Stage { market, order: None, payment: None };
        self.prepare_purchase(&stage.market).await?;
        if self.has_order() {
            stage.order = Some(stage.market.buy().await?);
        }
        if self.pays_in() {
            stage.payment = Some(self.prepare_payment(&stage.market).await?);
        }
        if let Some(order) = &stage.order {
            self.prepare_order(&stage.market, order).await?;
        }
        stage.market.chaos.calm();
        Ok(stage)
    }

    const fn has_order(self) -> bool {
        matches!(
            self,
            Self::Cancel
                | Self::CancelDelivered
                | Self::Finish
                | Self::Resend
                | Self::Receive
                | Self::Drain
                | Self::Poll
                | Self::PollEnded
                | Self::Expire
                | Self::ExpireDelivered
                | Self::Close
                | Self::CloseFinished
        )
    }

    async fn prepare_purchase(self, market: &Market) -> Outcome {
        let refused = || Sale::Refused(Refusal::OutOfStock);
        let (cheap, dear) = (&market.cheap.adapter, &market.dear.adapter);
        match self {
            Self::BuyAfterRefusal => {
                cheap.then_sale(refused());
            }
            Self::BuyNothing => {
                cheap.then_sale(refused());
                dear.then_sale(refused());
            }
            Self::BuyUnheard => {
                cheap.then_sale(Sale::AnswerLost);
            }
            Self::BuyGarbled => {
                cheap.then_sale(Sale::RefusedGarbled);
            }
            Self::Settle | Self::SettleUnsold => {
                let sale = if self == Self::Settle { Sale::AnswerLost } else { Sale::RequestLost };
                cheap.then_sale(sale);
                assert!(market.buy().await.is_err());
                market.clock.advance_seconds(31);
            }
            Self::SettleOrphan => {
                let (service, country) = ("wa".to_owned(), "6".to_owned());
                let max_cost = Cost::default();
                let request = AcquireRequest { service, country, max_cost };
                cheap.sell_unasked(&request).ok_or("a number")?;
                market.settle_reserving().run_once().await?;
                market.clock.advance_seconds(45);
            }
            _ => {}
        }
        Ok(())
    }

    async fn prepare_order(self, market: &Market, order: &Order) -> Outcome {
        market.clock.advance(Market::TERMS.minimum_cancel);
        if self.delivers() {
            market.sms(order, "1234")?;
        }
        match self {
            Self::Finish | Self::Resend | Self::CloseFinished => {
                market.poll_active().run_once().await?;
            }
            Self::Drain => {
                market.receive_sms().store(&market.callback(order, "1234")?).await?;
            }
            Self::PollEnded => {
                market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
            }
            Self::Expire | Self::ExpireDelivered => market.clock.advance(Market::TERMS.lifetime),
            _ => {}
        }
        if self == Self::CloseFinished {
            market.finish_order().execute(market.user, order.id).await?;
        }
        if self == Self::Close {
            market.clock.advance(Market::TERMS.lifetime);
            market.expire_orders().run_once().await?;
        }
        Ok(())
    }

    /// Whether a message is at the provider before anything goes wrong.
    const fn delivers(self) -> bool {
        matches!(
            self,
            Self::CancelDelivered
                | Self::Finish
                | Self::Resend
                | Self::Receive
                | Self::Drain
                | Self::Poll
                | Self::ExpireDelivered
                | Self::CloseFinished
        )
    }

    /// Whether money is at the gateway before anything goes wrong.
    const fn pays_in(self) -> bool {
        matches!(
            self,
            Self::RecordNotice
                | Self::ConfirmPayment
                | Self::ConfirmDispute
                | Self::ConfirmTask
                | Self::PollTopups
                | Self::CatchUp
                | Self::OrderRefund
                | Self::SendRefund
        )
    }

    async fn prepare_payment(self, market: &Market) -> Outcome<(Topup, String)> {
        let (topup, payment) = market.started(&market.gateway, PAID).await?;
        market.gateway.pay(&payment);
        match self {
            Self::ConfirmTask => market.hint(&market.gateway, &payment).await?,
            Self::PollTopups => market.clock.advance(Duration::from_mins(1)),
            Self::CatchUp => market.gateway.lose_hint(&payment),
            Self::ConfirmDispute | Self::OrderRefund | Self::SendRefund => {
                market.learn(&market.gateway, &payment, |_| {}).await?;
            }
            _ => {}
        }
        if self == Self::ConfirmDispute {
            let (id, amount) = ("dp_1".to_owned(), topup.charge);
            let dispute = DisputeReport { id, amount, state: DisputeState::Lost };
            market.gateway.alter(&payment, |report| report.disputes.push(dispute));
        }
        if self == Self::SendRefund {
            market.order_refund().execute(&refund_command(&topup)).await?;
        }
        Ok((topup, payment))
    }

    /// What is disturbed. Its answer is the customer's, who may never hear it.
    async fn act(self, stage: &Stage) -> Outcome {
        let market = &stage.market;
        match self {
            Self::Buy
            | Self::BuyAfterRefusal
            | Self::BuyNothing
            | Self::BuyUnheard
            | Self::BuyGarbled => {
                let command = market.command(1, Some("key-1"));
                market.place_orders().execute(command).await?;
            }
            Self::BuyMany => {
                let command = market.command(3, Some("key-1"));
                market.place_orders().execute(command).await?;
            }
            Self::Cancel | Self::CancelDelivered => {
                market.cancel_order().execute(market.user, stage.order()?.id).await?;
            }
            Self::Finish => {
                market.finish_order().execute(market.user, stage.order()?.id).await?;
            }
            Self::Resend => {
                market.resend_order().execute(market.user, stage.order()?.id).await?;
            }
            Self::Receive => {
                let callback = market.callback(stage.order()?, "1234")?;
                market.receive_sms().execute(&callback).await?;
            }
            _ => self.act_for_worker(stage).await?,
        }
        Ok(())
    }

    async fn act_for_worker(self, stage: &Stage) -> Outcome {
        let market = &stage.market;
        match self {
            Self::Poll | Self::PollEnded => _ = market.poll_active().run_once().await?,
            Self::Expire | Self::ExpireDelivered => _ = market.expire_orders().run_once().await?,
            Self::Settle | Self::SettleUnsold | Self::SettleOrphan => {
                market.settle_reserving().run_once().await?;
            }
            Self::StartTopup => {
                let amount = Amount::new(PAID).ok_or("an amount")?;
                market.start_topup().execute(market.user, amount).await?;
            }
            Self::RecordNotice => {
                market.hint(&market.gateway, &stage.payment()?.1).await?;
            }
            Self::ConfirmPayment | Self::ConfirmDispute => {
                let payment = PaymentRef::Payment(stage.payment()?.1.clone());
                market.confirm_payment().execute(Gateway::Stripe, &payment, None).await?;
            }
            Self::Drain
            | Self::Close
            | Self::CloseFinished
            | Self::ConfirmTask
            | Self::SendRefund => _ = market.run_tasks().await?,
            Self::PollTopups => _ = market.poll_topups().run_once().await?,
            Self::CatchUp => _ = market.catch_up().run_once().await?,
            Self::OrderRefund => {
                market.order_refund().execute(&refund_command(&stage.payment()?.0)).await?;
            }
            Self::Adjust => {
                let proposal = Proposal {
                    reference: "case 7".to_owned(),
                    user: market.user,
                    change: Change::Give,
                    amount: Amount::new(PAID).ok_or("an amount")?,
                    operator: "Ada".to_owned(),
                    reason: "a lost payment".to_owned(),
                };
                market.adjustments().decide(&proposal, "Grace").await?;
            }
            other => return Err(format!("{other:?} is no worker's").into()),
        }
        Ok(())
    }

    /// Whether the one who asked asks again after a failure, as gateways and operators do.
    const fn is_repeated(self) -> bool {
        matches!(self, Self::RecordNotice | Self::ConfirmDispute | Self::Adjust)
    }

    /// What must hold in the end, whatever went wrong.
    async fn judge(self, stage: &Stage) -> Outcome {
        let market = &stage.market;
        assert_eq!(market.check_story().await?, 0);
        let orders = market.store.all_orders().await;
        let spent: i64 = orders
            .iter()
            .filter(|order| order.status() == Status::Completed)
            .map(|order| order.price.get())
            .sum();
        let paid_in = if self.pays_in() || self == Self::Adjust { PAID } else { 0 };
        let expected = FUNDS + paid_in - self.went_back(stage)? - spent;
        assert_eq!(market.wallet().await?, (expected, 0));
        if self.delivers() {
            let order = market.order(stage.order()?).await?;
            assert_eq!(order.status(), Status::Completed, "no message is lost");
            assert_eq!(market.messages(&order).await?.len(), 1);
        } else {
            assert!(orders.iter().all(|order| order.status() != Status::Completed));
        }
        if matches!(self, Self::Cancel | Self::PollEnded) {
            let status = market.order(stage.order()?).await?.status();
            assert!(matches!(status, Status::Canceled | Status::Expired));
        }
        assert!(orders.len() <= if self == Self::BuyMany { 3 } else { 1 });
        Ok(())
    }

    /// What the payer has back in the end, according to the gateway.
    fn went_back(self, stage: &Stage) -> Outcome<i64> {
        if !self.pays_in() {
            return Ok(0);
        }
        let report = stage.market.gateway.report(&stage.payment()?.1).ok_or("a payment")?;
        let refunded: i64 = report.refunds.iter().map(|refund| refund.amount.amount.get()).sum();
        let lost: i64 = report.disputes.iter().map(|dispute| dispute.amount.amount.get()).sum();
        match self {
            // An order that failed may have been taken, as it tells whoever looks.
            Self::OrderRefund => assert!(refunded == 0 || refunded == REFUNDED),
            Self::SendRefund => assert_eq!(refunded, REFUNDED),
            _ => assert_eq!(refunded, 0),
        }
        Ok(refunded + lost)
    }

    async fn run(self, call: usize, moment: Moment, blow: Blow) -> Outcome {
        let stage = self.prepare().await?;
        let chaos = &stage.market.chaos;
        chaos.strike(call, moment, blow);
        let _ = until_crash(chaos, self.act(&stage)).await;
        assert!(!chaos.is_pending(), "the call did not happen");
        chaos.calm();
        stage.market.check_books().await?;
        if self.is_repeated() {
            self.act(&stage).await?;
        }
        stage.market.settle_down().await?;
        self.judge(&stage).await?;
        self.replay(&stage).await
    }

    /// The same request again, when all is over, makes nothing new.
    async fn replay(self, stage: &Stage) -> Outcome {
        let market = &stage.market;
        let before = market.store.all_orders().await;
        if before.is_empty() || !format!("{self:?}").starts_with("Buy") {
            return Ok(());
        }
        let answer = self.act(stage).await;
        let had_number = before.iter().any(|order| order.lease().is_some());
        assert_eq!(answer.is_ok(), had_number, "{answer:?}");
        assert_eq!(market.store.all_orders().await, before);
        Ok(())
    }
}

/// Runs a scene undisturbed, then with every blow at every call.
async fn survives(scene: Scene) -> Outcome {
    let stage = scene.prepare().await?;
    let _ = scene.act(&stage).await;
    let calls = stage.market.chaos.calls();
    assert!(!calls.is_empty());
    stage.market.settle_down().await?;
    scene.judge(&stage).await?;
    for (call, method) in calls.iter().enumerate() {
        for (moment, blow) in BLOWS {
            let survived = scene.run(call, moment, blow).await;
            let place = format!("{scene:?}, call {call} ({method}), {blow:?} {moment:?}");
            survived.map_err(|error| format!("{place}: {error}"))?;
        }
    }
    Ok(())
}

macro_rules! scenes {
    ($($name:ident => $($scene:ident)+;)+) => {
        $(
            #[tokio::test]
            async fn $name() -> Outcome {
                for scene in [$(Scene::$scene),+] {
                    survives(scene).await?;
                }
                Ok(())
            }
        )+
    };
}

scenes! {
    buying => Buy BuyUnheard BuyGarbled;
    buying_many => BuyMany;
    failing_over => BuyAfterRefusal BuyNothing;
    canceling => Cancel CancelDelivered;
    finishing_and_asking_again => Finish Resend;
    receiving => Receive Drain;
    polling => Poll PollEnded;
    expiring => Expire ExpireDelivered;
    settling => Settle SettleUnsold SettleOrphan;
    closing => Close CloseFinished;
    paying_in => StartTopup RecordNotice ConfirmPayment ConfirmTask PollTopups CatchUp Adjust;
    paying_back => ConfirmDispute OrderRefund SendRefund;
}
