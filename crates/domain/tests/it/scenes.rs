//! What is done by whom, in what situation, and what must come of it: the stage on which use cases
//! are disturbed.

mod judge;
mod prepare;

use domain::{
    gateways::{DisputeReport, DisputeState, PaymentGateway, PaymentRef},
    hooks::{HookQueries, MessageState, News, Trigger, configure::EndpointChange},
    identity::register::RegisterError,
    ids::OrderId,
    inbox::Callback,
    ledger::adjust::{Change, Proposal},
    money::Amount,
    orders::Order,
    providers::{Activation, SmsText},
    topups::{Topup, refund::RefundCommand},
};
use testkit::{FakeGateway, Market, Outcome};

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
}
