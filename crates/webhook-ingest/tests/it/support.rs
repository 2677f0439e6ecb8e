//! The routes on fakes, and a sender that speaks to them without a network.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use domain::{
    gateways::PaymentGateway as _,
    ids::ProviderId,
    inbox::{CallbackStore, receive::ReceiveSms},
    orders::Order,
    outbox::Wake,
    providers::{NumberProvider, ProviderDirectory as _, ProviderRegistry},
    store::StoreError,
};
use http_body_util::BodyExt as _;
use http_kit::{Limits, standard};
use runtime::{Supervisor, telemetry::metrics_handle};
use testkit::{FakeGateway, Market};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;
use webhook_ingest::{Callbacks, Ingest, PaymentDesk, Senders, SmsDesk, router};

/// The peer of every request.
pub(crate) const PEER: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 50_000);

/// A market with its receiver in front.
pub(crate) struct Receiver {
    pub(crate) market: Market,
    pub(crate) supervisor: Supervisor,
    /// Closed until a test adds permits: providers are asked for confirmation one per permit.
    pub(crate) gate: Arc<Semaphore>,
    /// The path at which the market's cheap provider reports.
    pub(crate) path: String,
    /// Whose notifications are taken.
    pub(crate) gateways: Vec<Arc<FakeGateway>>,
    router: Router,
}

/// A response with its whole body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        let receiver = Self::with(Callbacks::default(), usual).await;
        receiver.gate.add_permits(Semaphore::MAX_PERMITS / 2);
        receiver
    }

    /// Providers do not answer until the gate is opened.
    pub(crate) async fn gated() -> Self {
        Self::with(Callbacks::default(), usual).await
    }

    pub(crate) async fn expecting(callbacks: Callbacks) -> Self {
        let receiver = Self::with(callbacks, usual).await;
        receiver.gate.add_permits(Semaphore::MAX_PERMITS / 2);
        receiver
    }

    /// With these gateways instead of the market's.
    pub(crate) async fn taking(gateways: impl FnOnce(&Market) -> Vec<Arc<FakeGateway>>) -> Self {
        Self::with(Callbacks::default(), gateways).await
    }

    pub(crate) async fn with(
        callbacks: Callbacks,
        gateways: impl FnOnce(&Market) -> Vec<Arc<FakeGateway>>,
    ) -> Self {
        metrics_handle().unwrap();
        let market = Market::new().await.unwrap().funded(1_000).await.unwrap();
        let supervisor = Supervisor::new(Duration::from_mins(5));
        let gate = Arc::new(Semaphore::new(0));
        let store = Arc::new(market.store.clone());
        let registry = Gated { registry: market.registry.clone(), gate: gate.clone() };
        let wake: Arc<dyn Wake> = market.wake.clone();
        let receive = ReceiveSms::new(
            store.clone(),
            store.clone(),
            Arc::new(registry),
            (wake, market.clock.clone()),
        );
        let sms = SmsDesk::new(Senders::new(store), receive, callbacks, supervisor.clone());
        let gateways = gateways(&market);
        let desk = |gateway: &Arc<FakeGateway>| {
            PaymentDesk::new(gateway.terms().gateway, market.record_notice(gateway))
        };
        let ingest = Ingest { sms, payments: gateways.iter().map(desk).collect() };
        let limits = Limits { body_bytes: 256 * 1024, time: Duration::from_mins(1) };
        let router = standard(router(ingest), limits);
        let secret = market.store.callback_secret(market.cheap.id).await.unwrap().unwrap();
        market.chaos.calm();
        Self { path: format!("/sms/{secret}"), market, supervisor, gate, gateways, router }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(PEER));
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Request::post(path).body(body.into()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Reports an SMS the way the cheap provider does.
    pub(crate) async fn report(&self, order: &Order, code: &str) -> Answer {
        self.post(&self.path, report(order, code)).await
    }

    /// An order of the market's customer, whose number has received an SMS with this code.
    pub(crate) async fn order_with_sms(&self, code: &str) -> Order {
        let order = self.market.buy().await.unwrap();
        self.market.sms(&order, code).unwrap();
        self.market.chaos.calm();
        order
    }

    /// How many callbacks wait to be acted on.
    pub(crate) async fn pending(&self) -> i64 {
        CallbackStore::backlog(&self.market.store).await.unwrap()
    }
}

/// The market's own gateways.
fn usual(market: &Market) -> Vec<Arc<FakeGateway>> {
    [&market.gateway, &market.coins, &market.bank].map(Arc::clone).into()
}

/// The documented payload.
pub(crate) fn report(order: &Order, code: &str) -> String {
    let id = &order.lease().unwrap().external_id;
    format!(
        r#"{{"activationId":{id},"service":"wa","text":"Your code is {code}","code":"{code}",
            "country":6,"receivedAt":"2026-11-20 10:00:00"}}"#
    )
}

struct Gated {
    registry: Arc<dyn ProviderRegistry>,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl ProviderRegistry for Gated {
    async fn get(&self, id: ProviderId) -> Result<Option<Arc<dyn NumberProvider>>, StoreError> {
        self.gate.acquire().await.unwrap().forget();
        self.registry.get(id).await
    }
}

/// The value of the counter with this name and these labels.
pub(crate) fn count(name: &str, labels: &[&str]) -> u64 {
    let text = metrics_handle().unwrap().render();
    let fits = |line: &&str| line.starts_with(name) && labels.iter().all(|l| line.contains(l));
    let line = text.lines().find(fits);
    line.and_then(|line| line.rsplit(' ').next()).map_or(0, |value| value.parse().unwrap())
}

static GLOBAL: OnceLock<()> = OnceLock::new();

/// Keeps what is logged on this thread while it lives.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        // Without a listener for all threads, call sites first reached by another test stay mute.
        GLOBAL.get_or_init(|| {
            let silent = subscriber(io::sink);
            tracing::subscriber::set_global_default(silent).unwrap();
        });
        let log = Self::default();
        let guard = tracing::subscriber::set_default(subscriber(log.clone()));
        (log, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn subscriber<W>(writer: W) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    lines.with_ansi(false).with_writer(writer).finish()
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}
