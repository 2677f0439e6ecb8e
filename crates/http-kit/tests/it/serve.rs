use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::sse::Event;
use axum::routing::get;
use futures_util::stream;
use http_kit::{Limits, Stages, bind, event_stream, serve, standard};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A running server whose `/held` answers wait for a permit.
struct Server {
    address: SocketAddr,
    stages: Stages,
    entered: Arc<Semaphore>,
    release: Arc<Semaphore>,
    running: JoinSet<()>,
}

impl Server {
    fn start(drain: Duration) -> Self {
        let stages =
            Stages { soft: CancellationToken::new(), hard: CancellationToken::new(), drain };
        let (entered, release) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (inside, permit, soft) = (entered.clone(), release.clone(), stages.soft.clone());
        let held = async move || {
            inside.add_permits(1);
            permit.acquire().await.map(|_| "held").unwrap_or_default()
        };
        let peer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
        let events = async move || event_stream(stream::pending::<Event>(), soft);
        let router = Router::new()
            .route("/held", get(held))
            .route("/peer", get(peer))
            .route("/events", get(events));
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut running = JoinSet::new();
        let router = standard(router, Limits::default());
        running.spawn(serve(listener, router, stages.clone()));
        Self { address, stages, entered, release, running }
    }

    async fn request(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ended(mut self) {
        self.running.join_next().await.unwrap().unwrap();
    }
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end as well; what came before it is what counts.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn tells_handlers_who_calls() {
    let server = Server::start(Duration::ZERO);
    let stream = server.request("/peer").await;
    let own = stream.local_addr().unwrap().to_string();
    server.stages.soft.cancel();
    let answer = rest(stream).await;
    assert!(answer.ends_with(&own), "{answer}");
    server.ended().await;
}

#[tokio::test]
async fn finishes_what_is_in_flight_after_the_soft_stop() {
    let server = Server::start(Duration::ZERO);
    let stream = server.request("/held").await;
    let _ = server.entered.acquire().await.unwrap();
    server.stages.soft.cancel();
    // The listener is gone once the drain is over; only then is the answer allowed.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.release.add_permits(1);
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("held"), "{answer}");
    server.ended().await;
}

#[tokio::test]
async fn still_accepts_while_draining() {
    let server = Server::start(Duration::from_hours(1));
    server.stages.soft.cancel();
    let held = server.request("/held").await;
    let _ = server.entered.acquire().await.unwrap();
    server.stages.hard.cancel();
    assert_eq!(rest(held).await, "");
    server.ended().await;
}

#[tokio::test]
async fn the_hard_stop_cuts_off_what_is_in_flight() {
    let server = Server::start(Duration::ZERO);
    let held = server.request("/held").await;
    let _ = server.entered.acquire().await.unwrap();
    server.stages.soft.cancel();
    server.stages.hard.cancel();
    assert_eq!(rest(held).await, "");
    server.ended().await;
}

#[tokio::test]
async fn streams_and_idle_connections_do_not_hold_up_the_soft_stop() {
    let server = Server::start(Duration::ZERO);
    let idle = TcpStream::connect(server.address).await.unwrap();
    let mut events = server.request("/events").await;
    let mut first = [0; 15];
    events.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    server.stages.soft.cancel();
    assert!(rest(events).await.ends_with("0\r\n\r\n"));
    assert_eq!(rest(idle).await, "");
    server.ended().await;
}
