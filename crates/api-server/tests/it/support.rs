//! The router on fakes, and a client that speaks to it without a network.

use std::{sync::Arc, time::Duration};

use api_server::{
    AppState, Callers, Meter, Parts, Quotas, Streams,
    live::{Hub, Live, tail},
    router,
};
use axum::{
    Router,
    body::{Body, BodyDataStream},
    http::{HeaderMap, Request, StatusCode},
};
use domain::{
    abuse::GuardTerms,
    ids::UserId,
    limits::LocalLimiter,
    orders::Order,
    outbox::{EventRelay as _, StampedEvent},
};
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use http_kit::{Limits, standard, with_client_ip};
use runtime::Supervisor;
use serde_json::Value;
use testkit::{Market, MemStore};
use tower::ServiceExt as _;

use crate::document;

/// A market with its API in front.
pub(crate) struct Api {
    pub(crate) market: Market,
    pub(crate) hub: Hub,
    pub(crate) supervisor: Supervisor,
    pub(crate) callers: Callers,
    /// The token of the market's customer.
    pub(crate) token: String,
    router: Router,
}

/// A response with its whole body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The fields that the details blame, in order.
    pub(crate) fn blamed(&self) -> Vec<String> {
        let json = self.json();
        let details = json["error"]["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect()
    }
}

impl Api {
    /// One customer with 1 000 rupiah and a token.
    pub(crate) async fn new() -> Self {
        Self::with(|_, _| {}).await
    }

    /// The same with other parts or other limits of streams.
    pub(crate) async fn with(alter: impl FnOnce(&mut Parts, &Market)) -> Self {
        Self::limited(Streams::default(), alter).await
    }

    pub(crate) async fn limited(streams: Streams, alter: impl FnOnce(&mut Parts, &Market)) -> Self {
        Self::open_with(streams, Market::GUARD, alter).await
    }

    /// The same where customers may leave less unused.
    pub(crate) async fn guarded(guard: GuardTerms) -> Self {
        Self::open_with(Streams::default(), guard, |_, _| {}).await
    }

    async fn open_with(
        streams: Streams,
        guard: GuardTerms,
        alter: impl FnOnce(&mut Parts, &Market),
    ) -> Self {
        let mut market = Market::new().await.unwrap().funded(1_000).await.unwrap();
        market.guard = guard;
        let token = market.issue_token().execute(market.user, "test").await.unwrap().secret;
        let hub = Hub::new(streams);
        let supervisor = Supervisor::new(Duration::from_secs(1));
        let mut parts = parts(&market, &hub, &supervisor);
        alter(&mut parts, &market);
        let callers = parts.callers.clone();
        let router = with_client_ip(router(AppState::new(parts)), 1);
        let router = standard(router, Limits::default());
        market.chaos.calm();
        Self { market, hub, supervisor, callers, token, router }
    }

    /// Another customer and its token.
    pub(crate) async fn stranger(&self) -> (UserId, String) {
        let user = self.market.add_customer().execute("other@example.com", None).await.unwrap();
        let token = self.market.issue_token().execute(user, "test").await.unwrap();
        (user, token.secret)
    }

    /// Every answer has to be one that the document lists.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let retry_after = head.headers.get("retry-after");
        let answer = Answer {
            status: head.status,
            body: String::from_utf8(body.to_vec()).unwrap(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
            headers: head.headers.clone(),
        };
        document::check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.token, path).await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(request("GET", path, token).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_as(&self.token, path, body).await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: &str) -> Answer {
        self.send(request("POST", path, token).body(body.to_owned().into()).unwrap()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &str) -> Answer {
        let request = request("PATCH", path, &self.token);
        self.send(request.body(body.to_owned().into()).unwrap()).await
    }

    /// Asks for a purchase with this idempotency key.
    pub(crate) async fn create(&self, key: &str, body: &str) -> Answer {
        self.create_at("/v1/orders/create", key, body).await
    }

    /// The same at another path.
    pub(crate) async fn create_at(&self, path: &str, key: &str, body: &str) -> Answer {
        let request = request("POST", path, &self.token).header("idempotency-key", key);
        self.send(request.body(body.to_owned().into()).unwrap()).await
    }

    /// The one order of the market's customer.
    pub(crate) async fn order(&self) -> Order {
        let [order] = self.market.store.all_orders().await.try_into().unwrap();
        order
    }

    /// Takes in a message for an order by asking its provider.
    pub(crate) async fn receive(&self, order: &Order, code: &str) {
        self.market.sms(order, code).unwrap();
        self.market.pull_sms().execute(order).await.unwrap();
    }

    /// Gives new events their place, as the relay does before it publishes them.
    pub(crate) async fn stamp(&self) -> Vec<StampedEvent> {
        self.market.store.stamp(10_000).await.unwrap()
    }

    /// Stamps and publishes.
    pub(crate) async fn relay(&self) {
        for stamped in self.stamp().await {
            self.hub.announce(stamped.event.user, stamped.event.order, stamped.seq);
        }
    }

    /// Looks for events that nobody announced, as the process does.
    pub(crate) fn watch_the_tail(&self) {
        let (events, hub) = (Arc::new(self.market.store.clone()), self.hub.clone());
        self.supervisor
            .spawn_loop("event-tail", move |stop| tail(events.clone(), hub.clone(), stop));
    }

    /// Opens a stream, perhaps after the place it has seen last.
    pub(crate) async fn stream(&self, last_event_id: Option<&str>) -> Frames {
        let mut request = request("GET", "/v1/orders/stream", &self.token);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.open(request.body(Body::empty()).unwrap()).await
    }

    /// Opens a stream with another token.
    pub(crate) async fn stream_as(&self, token: &str) -> Frames {
        self.open(request("GET", "/v1/orders/stream", token).body(Body::empty()).unwrap()).await
    }

    /// Opens a stream by its address alone, as a client without the header does.
    pub(crate) async fn stream_at(&self, path: &str) -> Frames {
        self.open(request("GET", path, &self.token).body(Body::empty()).unwrap()).await
    }

    async fn open(&self, request: Request<Body>) -> Frames {
        let path = request.uri().path().to_owned();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Frames { path, body: response.into_body().into_data_stream(), text: String::new() }
    }
}

pub(crate) fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"))
}

fn parts(market: &Market, hub: &Hub, supervisor: &Supervisor) -> Parts {
    let store: Arc<MemStore> = Arc::new(market.store.clone());
    let callers = Callers::new(market.mint.clone(), store.clone(), market.clock.clone());
    let limiter = Arc::new(LocalLimiter::new(market.clock.clone()));
    Parts {
        meter: Meter::new(limiter, Quotas::default()),
        callers,
        place_orders: market.place_orders(),
        reactivate_order: market.reactivate_order(),
        cancel_order: market.cancel_order(),
        finish_order: market.finish_order(),
        resend_order: market.resend_order(),
        orders: store.clone(),
        catalog: store.clone(),
        ledger: store.clone(),
        configure_endpoint: market.configure_endpoint(),
        try_endpoint: market.try_endpoint(),
        replay_message: market.replay_message(),
        hooks: store.clone(),
        live: Live::new(hub.clone(), store.clone(), store),
        rate: Arc::new(market.current_rate()),
        clock: market.clock.clone(),
        supervisor: supervisor.clone(),
    }
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<i64>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// In the paused time of tests: over at once when nothing will come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reads a stream event by event.
pub(crate) struct Frames {
    /// What was asked for; the document has a shape of events for each version.
    path: String,
    body: BodyDataStream,
    text: String,
}

impl Frames {
    /// The next event, without heartbeats; nothing at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (parse(frame), rest.to_owned());
                if let Some(frame) = &frame {
                    document::check_event(&self.path, &frame.data);
                }
                self.text = rest;
                if frame.is_some() {
                    return frame;
                }
                continue;
            }
            let bytes = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next events' names, with their places.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<(i64, String)> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let next = tokio::time::timeout(PATIENCE, self.next()).await;
            let frame = next.expect("an event in time").unwrap();
            taken.push((frame.id.unwrap(), frame.event));
        }
        taken
    }

    /// Whether nothing at all comes in this time.
    pub(crate) async fn is_quiet(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.next()).await.is_err()
    }
}

fn parse(frame: &str) -> Option<Frame> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
    let data = serde_json::from_str(field("data: ")?).unwrap();
    Some(Frame {
        id: field("id: ").map(|id| id.parse().unwrap()),
        event: field("event: ").unwrap().to_owned(),
        data,
    })
}
