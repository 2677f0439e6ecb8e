use std::{sync::Arc, time::Duration};

use domain::{
    abuse::measures::TakeMeasure,
    catalog::sync::SyncCatalog,
    gateways::GatewayDirectory,
    hooks::{
        Schedule,
        configure::ConfigureEndpoint,
        deliver::{DeliverMessage, DeliverPorts},
        replay::ReplayMessage,
        trial::TryEndpoint,
    },
    identity::{
        register::{AddCustomer, IssueToken},
        tokens::{RevokeToken, RotateToken},
    },
    inbox::{
        confirm::ConfirmSms,
        receive::{PullSms, ReceiveSms},
    },
    ledger::{adjust::Adjustments, debts::CollectDebts},
    orders::{
        cancel::{CancelOrder, CancelPorts},
        close::CloseUpstream,
        expire::ExpireOrders,
        finish::FinishOrder,
        place::{PlaceOrders, PlacePorts},
        poll::PollActive,
        reactivate::ReactivateOrder,
        resend::ResendOrder,
        settle::{SettlePorts, SettleReserving},
    },
    outbox::Wake,
    providers::ProviderRegistry,
    rates::{CurrentRate, RateBook},
    store::Store,
    time::Clock,
    topups::{
        confirm::ConfirmPayment,
        poll::{CatchUp, PollTopups},
        record::RecordNotice,
        refund::{OrderRefund, SendRefund},
        resolve::ResolveTopup,
        start::StartTopup,
    },
};

use super::Market;
use crate::{FakeGateway, FakeGateways, MemStore, PlainGuard};

/// How often one order is asked about.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// After which time a rate is too old to calculate with.
const RATE_MAX_AGE: Duration = Duration::from_hours(24);

/// Every use case, wired to the fakes.
impl Market {
    fn every_port(&self) -> Arc<MemStore> {
        Arc::new(self.store.clone())
    }

    fn transactions(&self) -> Arc<dyn Store> {
        self.every_port()
    }

    fn providers(&self) -> Arc<dyn ProviderRegistry> {
        Arc::clone(&self.registry) as _
    }

    fn present(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn signals(&self) -> (Arc<dyn Wake>, Arc<dyn Clock>) {
        (Arc::clone(&self.wake) as _, self.present())
    }

    /// Buying.
    pub fn place_orders(&self) -> PlaceOrders {
        let ports = PlacePorts {
            store: self.transactions(),
            purchases: self.every_port(),
            catalog: self.every_port(),
            orders: self.every_port(),
            work: self.every_port(),
            registry: self.providers(),
            wake: Arc::clone(&self.wake) as _,
            clock: self.present(),
        };
        PlaceOrders::new(ports, Self::TERMS, self.guard.unfinished_orders)
    }

    /// Renting numbers again.
    pub fn reactivate_order(&self) -> ReactivateOrder {
        ReactivateOrder::new(self.place_orders(), Arc::new(self.current_rate()), Self::PRICING)
    }

    /// Canceling.
    pub fn cancel_order(&self) -> CancelOrder {
        let (store, orders) = (self.transactions(), self.every_port());
        let (wake, clock) = self.signals();
        let registry = self.providers();
        let ports =
            CancelPorts { store, orders, requests: self.every_port(), registry, wake, clock };
        CancelOrder::new(ports, self.pull_sms(), self.guard)
    }

    /// Completing.
    pub fn finish_order(&self) -> FinishOrder {
        let (wake, clock) = self.signals();
        FinishOrder::new(self.transactions(), wake, clock)
    }

    /// Asking for a further message.
    pub fn resend_order(&self) -> ResendOrder {
        let (store, orders) = (self.transactions(), self.every_port());
        ResendOrder::new(store, orders, self.providers(), self.present(), Self::TERMS)
    }

    /// Fetching a message.
    pub fn pull_sms(&self) -> PullSms {
        PullSms::new(self.transactions(), self.providers(), self.present())
    }

    /// Taking in a callback.
    pub fn receive_sms(&self) -> ReceiveSms {
        let (store, callbacks) = (self.transactions(), self.every_port());
        ReceiveSms::new(store, callbacks, self.providers(), self.signals())
    }

    /// Acting on callbacks that had to wait.
    pub fn confirm_sms(&self) -> ConfirmSms {
        ConfirmSms::new(self.every_port(), self.receive_sms())
    }

    /// Asking providers about running orders.
    pub fn poll_active(&self) -> PollActive {
        let (store, work) = (self.transactions(), self.every_port());
        PollActive::new(store, work, self.pull_sms(), self.signals(), POLL_INTERVAL)
    }

    /// Ending orders whose window is over.
    pub fn expire_orders(&self) -> ExpireOrders {
        let (store, work) = (self.transactions(), self.every_port());
        ExpireOrders::new(store, work, self.pull_sms(), self.signals(), self.guard)
    }

    /// Finishing purchases whose outcome nobody heard: always the same worker.
    pub fn settle_reserving(&self) -> SettleReserving {
        self.settler.get_or_init(|| self.settle_elsewhere()).clone()
    }

    /// The same by a worker that has just started.
    pub fn settle_elsewhere(&self) -> SettleReserving {
        let ports = SettlePorts {
            store: self.transactions(),
            purchases: self.every_port(),
            work: self.every_port(),
            registry: self.providers(),
            wake: Arc::clone(&self.wake) as _,
            clock: self.present(),
        };
        SettleReserving::new(ports, Self::TERMS, Self::PATIENCE)
    }

    /// Telling providers that orders are over.
    pub fn close_upstream(&self) -> CloseUpstream {
        CloseUpstream::new(self.every_port(), self.providers())
    }

    /// Starting a payment with a gateway.
    pub fn start_topup_at(&self, gateway: &Arc<FakeGateway>) -> StartTopup {
        let (gateway, rate) = (Arc::clone(gateway) as _, Arc::new(self.current_rate()));
        let sources = (self.present(), Arc::clone(&self.ids) as _);
        StartTopup::new(self.transactions(), gateway, rate, sources)
    }

    /// Starting a payment.
    pub fn start_topup(&self) -> StartTopup {
        self.start_topup_at(&self.gateway)
    }

    /// Taking in a notification of a gateway.
    pub fn record_notice(&self, gateway: &Arc<FakeGateway>) -> RecordNotice {
        let (wake, clock) = self.signals();
        RecordNotice::new(Arc::clone(gateway) as _, self.transactions(), wake, clock)
    }

    /// Asking gateways about payments.
    pub fn confirm_payment(&self) -> ConfirmPayment {
        ConfirmPayment::new(self.transactions(), self.gateways(), self.present())
    }

    /// Ordering money to be given back.
    pub fn order_refund(&self) -> OrderRefund {
        let ids = Arc::clone(&self.ids) as _;
        OrderRefund::new(self.transactions(), self.gateways(), self.present(), ids)
    }

    /// Having it given back.
    pub fn send_refund(&self) -> SendRefund {
        SendRefund::new(self.transactions(), self.gateways(), self.present())
    }

    /// Dealing with flags.
    pub fn resolve_topup(&self) -> ResolveTopup {
        ResolveTopup::new(self.transactions(), self.present())
    }

    /// Looking for payments nobody told of.
    pub fn poll_topups(&self) -> PollTopups {
        let (wake, clock) = self.signals();
        PollTopups::new(self.transactions(), wake, clock)
    }

    /// Fetching notifications that did not arrive.
    pub fn catch_up(&self) -> CatchUp {
        let (wake, clock) = self.signals();
        CatchUp::new(self.transactions(), self.gateways(), wake, clock)
    }

    /// What a dollar costs.
    pub fn current_rate(&self) -> CurrentRate {
        let book: Arc<dyn RateBook> = self.every_port();
        CurrentRate::new(book, self.present(), Some(Self::FIXED_RATE), RATE_MAX_AGE)
    }

    fn gateways(&self) -> Arc<dyn GatewayDirectory> {
        let all = [&self.gateway, &self.coins, &self.bank].map(Arc::clone);
        Arc::new(FakeGateways::new(all.into()))
    }

    /// Correcting a wallet.
    pub fn adjustments(&self) -> Adjustments {
        Adjustments::new(self.transactions(), Arc::clone(&self.ids) as _)
    }

    /// Collecting what customers owe.
    pub fn collect_debts(&self) -> CollectDebts {
        CollectDebts::new(self.transactions(), self.every_port())
    }

    /// Setting up an endpoint.
    pub fn configure_endpoint(&self) -> ConfigureEndpoint {
        let tools = (Arc::new(PlainGuard) as _, Arc::clone(&self.keys) as _);
        ConfigureEndpoint::new(self.transactions(), self.every_port(), tools, self.present())
    }

    /// Sending messages to the customer's server.
    pub fn deliver_message(&self) -> DeliverMessage {
        let ports = DeliverPorts {
            store: self.transactions(),
            hooks: self.every_port(),
            orders: self.every_port(),
            inbox: self.every_port(),
            sender: Arc::clone(&self.receiver) as _,
            clock: self.present(),
        };
        DeliverMessage::new(ports, Schedule::USUAL)
    }

    /// Having a message sent again.
    pub fn replay_message(&self) -> ReplayMessage {
        let (wake, clock) = self.signals();
        ReplayMessage::new(self.transactions(), wake, clock)
    }

    /// Trying the customer's server.
    pub fn try_endpoint(&self) -> TryEndpoint {
        let sources = (self.present(), Arc::clone(&self.ids) as _);
        TryEndpoint::new(self.transactions(), Arc::clone(&self.receiver) as _, sources)
    }

    /// Adding customers.
    pub fn add_customer(&self) -> AddCustomer {
        AddCustomer::new(self.transactions(), Arc::clone(&self.hasher) as _, self.present())
    }

    /// Stopping customers, and letting them go on.
    pub fn take_measure(&self) -> TakeMeasure {
        let news = Arc::clone(&self.token_news) as _;
        TakeMeasure::new(self.transactions(), self.every_port(), news, self.present())
    }

    /// Giving out tokens.
    pub fn issue_token(&self) -> IssueToken {
        IssueToken::new(self.transactions(), Arc::clone(&self.mint) as _, self.present())
    }

    /// Replacing tokens.
    pub fn rotate_token(&self) -> RotateToken {
        let (mint, news) = (Arc::clone(&self.mint) as _, Arc::clone(&self.token_news) as _);
        RotateToken::new(self.transactions(), mint, news, self.present())
    }

    /// Ending tokens.
    pub fn revoke_token(&self) -> RevokeToken {
        let news = Arc::clone(&self.token_news) as _;
        RevokeToken::new(self.transactions(), news, self.present())
    }

    /// Taking over what providers have on sale.
    pub fn sync_catalog(&self) -> SyncCatalog {
        let (directory, catalog) = (self.every_port(), self.every_port());
        let rate = Arc::new(self.current_rate());
        let (registry, clock) = (self.providers(), self.present());
        SyncCatalog::new((directory, registry), catalog, rate, clock, Self::PRICING)
    }
}
