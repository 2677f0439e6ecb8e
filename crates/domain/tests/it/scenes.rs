//! What is done by whom, in what situation, and what must come of it: the stage on which use cases
//! are disturbed.

use std::{sync::Arc, time::Duration};

use domain::{
    gateways::{
        DisputeReport, DisputeState, GatewayError, PaymentGateway, PaymentRef, PaymentReport,
        RefundState,
    },
    hooks::{HookQueries, MessageState, News, Trigger, configure::EndpointChange},
    identity::{IdentityQueries, register::RegisterError},
    ids::OrderId,
    inbox::{Callback, CallbackStore},
    ledger::{
        LedgerQueries,
        adjust::{Change, Proposal},
    },
    money::{Amount, Cost, Currency},
    orders::{Order, Status},
    providers::{AcquireRequest, Activation, CancelOutcome, Refusal, SmsText},
    topups::{Topup, refund::RefundCommand},
};
use testkit::{FakeGateway, Market, Outcome, Sale};

const FUNDS: i64 = 200;
const PAID: i64 = 50_000;
const REFUNDED: i64 = 20_000;
/// What a number costs us that nobody asked for, in millionths of a dollar.
const ORPHAN_COST: i64 = 4_000;

/// A message comes to a number that no order rents, and its callback with it.
async fn receive_unowned(market: &Market, sold: Activation) -> Outcome {
    let text = "Your code is 1234";
    market.cheap.adapter.deliver(&sold.external_id, Some("1234"), Some(text));
    let callback = Callback {
        provider: market.cheap.id,
        external_id: sold.external_id,
        code: None,
        text: SmsText::new(text),
        received_at: "now".to_owned(),
    };
    market.receive_sms().execute(&callback).await?;
    Ok(())
}

fn refund_command(topup: &Topup) -> RefundCommand {
    RefundCommand {
        topup: topup.id,
        amount: Amount::new(REFUNDED),
        operator: "Ada".to_owned(),
        approver: "Grace".to_owned(),
        reason: "asked for".to_owned(),
    }
}

fn dispute(gateway: &FakeGateway, payment: &str, state: DisputeState) {
    gateway.alter(payment, |report| {
        let amount = report.received;
        report.disputes = amount
            .map(|amount| DisputeReport { id: "dp_1".to_owned(), amount, state })
            .into_iter()
            .collect();
    });
}

fn correction(market: &Market, change: Change, amount: Amount) -> Proposal {
    Proposal {
        reference: "case 7".to_owned(),
        user: market.user,
        change,
        amount,
        operator: "Ada".to_owned(),
        reason: "a lost payment".to_owned(),
    }
}

/// The customer wants to be told.
async fn listen(market: &Market) -> Outcome {
    let url = Some("https://customer.example/hook".to_owned());
    let change = EndpointChange { url, secret: None };
    market.configure_endpoint().change(market.user, change).await?;
    Ok(())
}

/// What the body is made of; the order behind it goes on.
fn said(news: &News) -> Option<(OrderId, impl PartialEq + use<>)> {
    let News::Order(news) = news else { return None };
    let news = news.as_ref();
    let phone = news.order.lease().map(|lease| lease.phone.clone());
    let words = (news.code.clone(), news.text.clone(), news.revision, news.carrier_name.clone());
    Some((news.order.id, (phone, words, news.places.clone(), news.capabilities)))
}

/// The code and the end of its order were told, what was sent again that many times at least, and
/// every time in the same words.
async fn judge_told(market: &Market, least: usize) -> Outcome {
    let messages = market.store.messages(market.user, 10).await?;
    assert_eq!(messages.len(), 2);
    for message in messages {
        assert_eq!(message.state, MessageState::Delivered);
        let came: Vec<_> = market.receiver.came();
        let came: Vec<_> = came.iter().filter(|(_, it)| it.id == message.id).collect();
        assert!(came.windows(2).all(|pair| said(&pair[0].1.news) == said(&pair[1].1.news)));
        assert!(came.len() >= if message.trigger == Trigger::Replay { least } else { 1 });
    }
    Ok(())
}

/// The customer's money goes elsewhere.
async fn spend(market: &Market, amount: Amount) -> Outcome {
    market.adjustments().decide(&correction(market, Change::Take, amount), "Grace").await?;
    Ok(())
}

/// What is done, and in what situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
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
    Reactivate,
    ReactivateUnheard,
    ReactivateRefused,
    Receive,
    Drain,
    Poll,
    PollEnded,
    Expire,
    ExpireDelivered,
    Settle,
    SettleUnsold,
    SettleOrphan,
    SettleCharged,
    Close,
    CloseFinished,
    CloseLate,
    StartTopup,
    StartCoins,
    RecordNotice,
    ConfirmPayment,
    ConfirmPart,
    ConfirmTask,
    ConfirmDispute,
    ConfirmWon,
    ConfirmIntoDebt,
    ConfirmRefundBack,
    PollTopups,
    CatchUp,
    OrderRefund,
    SendRefund,
    SendRefundSlowly,
    SendRefundInVain,
    Resolve,
    Adjust,
    AddCustomer,
    IssueToken,
    SyncCatalog,
    Canary,
    Configure,
    Tell,
    TellAgain,
}

/// Hands all scenes to a macro, those together that belong together.
macro_rules! every_scene {
    ($each:ident) => {
        $each! {
            buying => Buy BuyUnheard BuyGarbled;
            buying_many => BuyMany;
            failing_over => BuyAfterRefusal BuyNothing;
            canceling => Cancel CancelDelivered;
            finishing_and_asking_again => Finish Resend;
            renting_again => Reactivate ReactivateUnheard ReactivateRefused;
            receiving => Receive Drain;
            polling => Poll PollEnded;
            expiring => Expire ExpireDelivered;
            settling => Settle SettleUnsold SettleOrphan SettleCharged;
            closing => Close CloseFinished CloseLate;
            paying_in => StartTopup StartCoins RecordNotice ConfirmPayment ConfirmPart ConfirmTask;
            looking_for_payments => PollTopups CatchUp;
            disputing => ConfirmDispute ConfirmWon ConfirmIntoDebt;
            paying_back => OrderRefund SendRefund SendRefundSlowly SendRefundInVain
                ConfirmRefundBack;
            operating => Resolve Adjust AddCustomer IssueToken SyncCatalog Canary;
            telling => Configure Tell TellAgain;
        }
    };
}
pub(crate) use every_scene;

/// A market in the situation of a scene.
pub(crate) struct Stage {
    pub(crate) market: Market,
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
    pub(crate) async fn prepare(self) -> Outcome<Stage> {
        let market = Market::new().await?.funded(FUNDS).await?;
        let mut stage = Stage { market, order: None, payment: None };
        self.prepare_purchase(&stage.market).await?;
        if self.has_order() {
            stage.order = Some(stage.market.buy().await?);
        }
        if self.pays_in() {
            stage.payment = Some(self.prepare_payment(&stage.market).await?);
        }
        if self == Self::Canary {
            stage.market.send_canary("drill").await?;
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
                | Self::Reactivate
                | Self::ReactivateUnheard
                | Self::ReactivateRefused
                | Self::Receive
                | Self::Drain
                | Self::Poll
                | Self::PollEnded
                | Self::Expire
                | Self::ExpireDelivered
                | Self::Close
                | Self::CloseFinished
                | Self::CloseLate
                | Self::Tell
                | Self::TellAgain
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
            Self::SettleOrphan | Self::SettleCharged => {
                let (service, country) = ("wa".to_owned(), "6".to_owned());
                let max_cost = Cost::from_micros(ORPHAN_COST).ok_or("a cost")?;
                let request = AcquireRequest { service, country, max_cost };
                let sold = cheap.sell_unasked(&request).ok_or("a number")?;
                if self == Self::SettleCharged {
                    receive_unowned(market, sold).await?;
                }
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
        if matches!(self, Self::Tell | Self::TellAgain) {
            listen(market).await?;
        }
        match self {
            Self::Tell | Self::TellAgain => {
                market.poll_active().run_once().await?;
                market.events(order).await?;
                if self == Self::TellAgain {
                    market.run_tasks().await?;
                }
            }
            Self::Finish | Self::Resend | Self::CloseFinished => {
                market.poll_active().run_once().await?;
            }
            _ if self.is_reactivating() => {
                market.poll_active().run_once().await?;
                market.finish_order().execute(market.user, order.id).await?;
                market.run_tasks().await?;
            }
            Self::Drain => {
                market.receive_sms().store(&market.callback(order, "1234")?).await?;
                market.clock.advance(Callback::HEAD_START);
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
        match self {
            Self::ReactivateUnheard => _ = market.cheap.adapter.then_sale(Sale::AnswerLost),
            Self::ReactivateRefused => {
                market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
            }
            _ => {}
        }
        if matches!(self, Self::Close | Self::CloseLate) {
            market.clock.advance(Market::TERMS.lifetime);
            market.cheap.adapter.then_cancel(Ok(CancelOutcome::TooEarly));
            market.expire_orders().run_once().await?;
        }
        if self == Self::CloseLate {
            market.sms(order, "1234")?;
        }
        Ok(())
    }

    const fn is_reactivating(self) -> bool {
        matches!(self, Self::Reactivate | Self::ReactivateUnheard | Self::ReactivateRefused)
    }

    /// Whether a message is at the provider before anything goes wrong.
    const fn delivers(self) -> bool {
        matches!(
            self,
            Self::CancelDelivered
                | Self::Finish
                | Self::Resend
                | Self::Reactivate
                | Self::ReactivateUnheard
                | Self::ReactivateRefused
                | Self::Receive
                | Self::Drain
                | Self::Poll
                | Self::ExpireDelivered
                | Self::CloseFinished
                | Self::Tell
                | Self::TellAgain
        )
    }

    /// Whether money is at the gateway before anything goes wrong.
    const fn pays_in(self) -> bool {
        matches!(
            self,
            Self::RecordNotice
                | Self::ConfirmPayment
                | Self::ConfirmPart
                | Self::ConfirmTask
                | Self::ConfirmDispute
                | Self::ConfirmWon
                | Self::ConfirmIntoDebt
                | Self::ConfirmRefundBack
                | Self::PollTopups
                | Self::CatchUp
                | Self::OrderRefund
                | Self::SendRefund
                | Self::SendRefundSlowly
                | Self::SendRefundInVain
                | Self::Resolve
        )
    }

    /// Whether the payment is booked before anything goes wrong.
    const fn is_paid_before(self) -> bool {
        !matches!(
            self,
            Self::RecordNotice
                | Self::ConfirmPayment
                | Self::ConfirmTask
                | Self::PollTopups
                | Self::CatchUp
        )
    }

    const fn gateway(self, market: &Market) -> &Arc<FakeGateway> {
        match self {
            Self::ConfirmPart | Self::Resolve => &market.coins,
            _ => &market.gateway,
        }
    }

    async fn prepare_payment(self, market: &Market) -> Outcome<(Topup, String)> {
        let gateway = self.gateway(market);
        let (topup, payment) = market.started(gateway, PAID).await?;
        let charge = topup.charge.amount.get();
        match self {
            Self::ConfirmPart | Self::Resolve => gateway.receive(&payment, charge * 3 / 10),
            _ => gateway.pay(&payment),
        }
        if self.is_paid_before() {
            market.learn(gateway, &payment, |_| {}).await?;
        }
        match self {
            Self::ConfirmTask => market.hint(gateway, &payment).await?,
            Self::PollTopups => market.clock.advance(Duration::from_mins(1)),
            Self::CatchUp => gateway.lose_hint(&payment),
            Self::ConfirmPart => gateway.receive(&payment, charge * 8 / 10),
            Self::ConfirmDispute => dispute(gateway, &payment, DisputeState::Lost),
            Self::ConfirmWon => {
                dispute(gateway, &payment, DisputeState::Open);
                market.learn(gateway, &payment, |_| {}).await?;
                dispute(gateway, &payment, DisputeState::Won);
            }
            Self::ConfirmIntoDebt => {
                spend(market, topup.amount).await?;
                dispute(gateway, &payment, DisputeState::Lost);
            }
            _ => {}
        }
        if self.sends_refund() || self == Self::ConfirmRefundBack {
            market.order_refund().execute(&refund_command(&topup)).await?;
        }
        match self {
            Self::SendRefundSlowly | Self::ConfirmRefundBack => {
                gateway.then_refund(Ok(RefundState::Pending));
            }
            Self::SendRefundInVain => {
                gateway.then_refund(Err(GatewayError::Refused("not this one")));
            }
            _ => {}
        }
        if self == Self::ConfirmRefundBack {
            market.run_tasks().await?;
            let fail = |report: &mut PaymentReport| report.refunds[0].state = RefundState::Failed;
            gateway.alter(&payment, fail);
        }
        Ok((topup, payment))
    }

    const fn sends_refund(self) -> bool {
        matches!(self, Self::SendRefund | Self::SendRefundSlowly | Self::SendRefundInVain)
    }

    /// What is disturbed. Its answer is the customer's, who may never hear it.
    pub(crate) async fn act(self, stage: &Stage) -> Outcome {
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
            _ if self.is_reactivating() => {
                let command = market.again(stage.order()?, Some("key-1"));
                market.reactivate_order().execute(command).await?;
            }
            Self::Receive => {
                let callback = market.callback(stage.order()?, "1234")?;
                market.receive_sms().execute(&callback).await?;
            }
            Self::Configure => listen(market).await?,
            Self::TellAgain => {
                let message = market.store.messages(market.user, 1).await?.remove(0);
                market.replay_message().execute(Some(market.user), message.id).await?;
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
            Self::Settle | Self::SettleUnsold | Self::SettleOrphan | Self::SettleCharged => {
                market.settle_reserving().run_once().await?;
            }
            Self::StartTopup => _ = market.started(&market.gateway, PAID).await?,
            Self::StartCoins => _ = market.started(&market.coins, PAID).await?,
            Self::RecordNotice => {
                market.hint(&market.gateway, &stage.payment()?.1).await?;
            }
            Self::ConfirmPayment
            | Self::ConfirmPart
            | Self::ConfirmDispute
            | Self::ConfirmWon
            | Self::ConfirmIntoDebt
            | Self::ConfirmRefundBack => {
                let gateway = self.gateway(market).terms().gateway;
                let payment = PaymentRef::Payment(stage.payment()?.1.clone());
                market.confirm_payment().execute(gateway, &payment, None).await?;
            }
            Self::Close
            | Self::CloseFinished
            | Self::CloseLate
            | Self::Drain
            | Self::ConfirmTask
            | Self::Canary
            | Self::Tell => _ = market.run_tasks().await?,
            scene if scene.sends_refund() => _ = market.run_tasks().await?,
            Self::PollTopups => _ = market.poll_topups().run_once().await?,
            Self::CatchUp => _ = market.catch_up().run_once().await?,
            Self::OrderRefund => {
                market.order_refund().execute(&refund_command(&stage.payment()?.0)).await?;
            }
            Self::Adjust => {
                let amount = Amount::new(PAID).ok_or("an amount")?;
                let proposal = correction(market, Change::Give, amount);
                market.adjustments().decide(&proposal, "Grace").await?;
            }
            Self::Resolve => {
                let topup = stage.payment()?.0.id;
                market.resolve_topup().execute(topup, "Ada", "spoke to the customer").await?;
            }
            Self::AddCustomer => {
                match market.add_customer().execute("new@example.com", None).await {
                    Ok(_) | Err(RegisterError::Taken) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Self::IssueToken => _ = market.issue_token().execute(market.user, "laptop").await?,
            Self::SyncCatalog => {
                for provider in market.sync_catalog().run_once(None).await? {
                    provider.outcome?;
                }
            }
            other => return Err(format!("{other:?} is no worker's").into()),
        }
        Ok(())
    }

    /// Whether the one who asked asks again after a failure, as gateways and operators do.
    pub(crate) const fn is_repeated(self) -> bool {
        matches!(
            self,
            Self::RecordNotice
                | Self::ConfirmPart
                | Self::ConfirmDispute
                | Self::ConfirmWon
                | Self::ConfirmIntoDebt
                | Self::ConfirmRefundBack
                | Self::Adjust
                | Self::AddCustomer
                | Self::IssueToken
                | Self::SyncCatalog
                | Self::Configure
                | Self::TellAgain
        )
    }

    /// What must hold in the end, whatever went wrong.
    pub(crate) async fn judge(self, stage: &Stage) -> Outcome {
        let market = &stage.market;
        // Numbers that are charged although their customers were refunded.
        let losses = u32::from(matches!(self, Self::CloseLate | Self::SettleCharged));
        assert_eq!(market.check_story().await?, losses);
        market.check_losses().await?;
        let orders = market.store.all_orders().await;
        let spent: i64 = orders
            .iter()
            .filter(|order| order.status() == Status::Completed)
            .map(|order| order.price.get())
            .sum();
        let expected = FUNDS + self.paid_in(stage)? - self.went_back(stage)? - spent;
        let wallet = LedgerQueries::wallet(&market.store, market.user).await?;
        assert_eq!((wallet.shown(), wallet.held.get()), (expected, 0));
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
        let most = match self {
            Self::BuyMany => 3,
            _ if self.is_reactivating() => 2,
            _ => 1,
        };
        assert!(orders.len() <= most);
        self.judge_rest(market).await
    }

    async fn judge_rest(self, market: &Market) -> Outcome {
        match self {
            Self::AddCustomer => {
                let added = market.store.by_email("new@example.com").await?;
                let user = added.ok_or("a customer")?.id;
                // Only who has a wallet can be given money.
                market.credit(user, 70).await?;
            }
            Self::SyncCatalog => _ = market.buy().await?,
            Self::SettleCharged => {
                assert!(market.cheap.adapter.sold().iter().all(|sold| sold.finished));
                assert_eq!(market.balance("late_sms_expense", Currency::Usd).await?, -ORPHAN_COST);
                // The callback is at rest: nobody will ever rent the number.
                assert_eq!(market.store.backlog().await?, 0);
                assert_eq!(market.store.all_tasks().await.len(), 0);
            }
            Self::Canary => assert_eq!(market.check_canaries().await?, 1),
            Self::Configure => {
                let endpoint = market.store.endpoint(market.user).await?.ok_or("an endpoint")?;
                assert!(endpoint.active_url().is_some() && endpoint.secret.is_some());
            }
            Self::Tell => judge_told(market, 1).await?,
            Self::TellAgain => judge_told(market, 2).await?,
            _ => {}
        }
        Ok(())
    }

    /// What the customer was given for money that arrived, less what they spent elsewhere.
    fn paid_in(self, stage: &Stage) -> Outcome<i64> {
        if self == Self::Adjust {
            return Ok(PAID);
        }
        if !self.pays_in() {
            return Ok(0);
        }
        let (topup, payment) = stage.payment()?;
        let report = self.gateway(&stage.market).report(payment).ok_or("a payment")?;
        let received = report.received.ok_or("money at the gateway")?;
        let worth = topup.worth(received).ok_or("worth something")?.get();
        Ok(if self == Self::ConfirmIntoDebt { worth - PAID } else { worth })
    }

    /// What the payer has back in the end, according to the gateway.
    fn went_back(self, stage: &Stage) -> Outcome<i64> {
        if !self.pays_in() {
            return Ok(0);
        }
        let report = self.gateway(&stage.market).report(&stage.payment()?.1).ok_or("a payment")?;
        let refunds = report.refunds.iter().filter(|refund| refund.state != RefundState::Failed);
        let refunded: i64 = refunds.map(|refund| refund.amount.amount.get()).sum();
        let disputes = report.disputes.iter().filter(|it| it.state == DisputeState::Lost);
        let lost: i64 = disputes.map(|dispute| dispute.amount.amount.get()).sum();
        match self {
            // An order that failed may have been taken, as it tells whoever looks. And who asks
            // again where another was refused may be heard: it is taken from the customer then.
            Self::OrderRefund | Self::SendRefundInVain => {
                assert!(refunded == 0 || refunded == REFUNDED);
            }
            Self::SendRefund | Self::SendRefundSlowly => assert_eq!(refunded, REFUNDED),
            _ => assert_eq!(refunded, 0),
        }
        Ok(refunded + lost)
    }

    /// The same request again, when all is over, makes nothing new.
    pub(crate) async fn replay(self, stage: &Stage) -> Outcome {
        let market = &stage.market;
        let before = market.store.all_orders().await;
        let old = usize::from(self.is_reactivating());
        let asks = old > 0 || format!("{self:?}").starts_with("Buy");
        if before.len() <= old || !asks {
            return Ok(());
        }
        let answer = self.act(stage).await;
        let had_number = before.iter().skip(old).any(|order| order.lease().is_some());
        assert_eq!(answer.is_ok(), had_number, "{answer:?}");
        assert_eq!(market.store.all_orders().await, before);
        Ok(())
    }
}
