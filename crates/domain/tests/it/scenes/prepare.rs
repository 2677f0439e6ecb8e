//! How a scene is set.

use std::{sync::Arc, time::Duration};

use domain::{
    gateways::{DisputeState, GatewayError, PaymentReport, RefundState},
    inbox::Callback,
    money::Cost,
    orders::Order,
    providers::{AcquireRequest, CancelOutcome, Refusal},
    topups::Topup,
};
use testkit::{FakeGateway, Market, Outcome, Sale};

use super::{ORPHAN_COST, PAID, Scene, dispute, listen, receive_unowned, refund_command, spend};

impl Scene {
    pub(super) const fn has_order(self) -> bool {
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

    pub(super) async fn prepare_purchase(self, market: &Market) -> Outcome {
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

    pub(super) async fn prepare_order(self, market: &Market, order: &Order) -> Outcome {
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

    pub(super) const fn is_reactivating(self) -> bool {
        matches!(self, Self::Reactivate | Self::ReactivateUnheard | Self::ReactivateRefused)
    }

    /// Whether a message is at the provider before anything goes wrong.
    pub(super) const fn delivers(self) -> bool {
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
    pub(super) const fn pays_in(self) -> bool {
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
    pub(super) const fn is_paid_before(self) -> bool {
        !matches!(
            self,
            Self::RecordNotice
                | Self::ConfirmPayment
                | Self::ConfirmTask
                | Self::PollTopups
                | Self::CatchUp
        )
    }

    pub(super) const fn gateway(self, market: &Market) -> &Arc<FakeGateway> {
        match self {
            Self::ConfirmPart | Self::Resolve => &market.coins,
            _ => &market.gateway,
        }
    }

    pub(super) async fn prepare_payment(self, market: &Market) -> Outcome<(Topup, String)> {
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

    pub(super) const fn sends_refund(self) -> bool {
        matches!(self, Self::SendRefund | Self::SendRefundSlowly | Self::SendRefundInVain)
    }
}
