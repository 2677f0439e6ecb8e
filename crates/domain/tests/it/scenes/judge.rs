//! What must have come of a scene.

use domain::{
    gateways::{DisputeState, RefundState},
    hooks::HookQueries,
    identity::IdentityQueries,
    inbox::CallbackStore,
    ledger::LedgerQueries,
    money::Currency,
    orders::Status,
};
use testkit::{Market, Outcome};

use super::{FUNDS, ORPHAN_COST, PAID, REFUNDED, Scene, Stage, judge_told};

impl Scene {
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
