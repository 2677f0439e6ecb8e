use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// The default of 128 loses connections when many customers arrive in the same moment.
const BACKLOG: i32 = 4096;
/// Connections served at once; more wait in the backlog. Far below the usual limit of 65 536 files.
const MAX_CONNECTIONS: usize = 16_384;
/// Also the longest idle time between requests, hence above the 60 s at which balancers let go.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// A peer that acknowledges nothing for this long is gone, even in the middle of a stream.
const PEER_TIMEOUT: Duration = Duration::from_mins(1);
/// Pause after accept fails for lack of resources, which only closing connections can bring back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// When a server stops, and in which stages.
#[derive(Debug, Clone)]
pub struct Stages {
    /// Readiness fails from here on; after `drain` no connection is accepted any more.
    pub soft: CancellationToken,
    /// What is still being answered is cut off.
    pub hard: CancellationToken,
    /// Time for balancers to notice that readiness fails.
    pub drain: Duration,
}

/// Listens on `address` with a backlog that survives a rush.
///
/// # Errors
/// If the address cannot be bound.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Answers HTTP/1 requests until the stop, then lets those in flight finish.
///
/// Handlers may ask for `ConnectInfo<SocketAddr>`, the peer's address.
pub async fn serve(listener: TcpListener, router: Router, stages: Stages) {
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    let drained = async {
        stages.soft.cancelled().await;
        sleep(stages.drain).await;
    };
    tokio::pin!(drained);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, router.clone(), graceful.watcher()));
                }
                Err(error) => recover(&error).await,
            },
            Some(_) = connections.join_next() => {}
            () = &mut drained => break,
            () = stages.hard.cancelled() => return,
        }
    }
    drop(listener);
    tracing::info!("finishing {} connections", connections.len());
    tokio::select! {
        () = graceful.shutdown() => {}
        () = stages.hard.cancelled() => {}
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, watcher: Watcher) {
    if let Err(error) = tune(&stream) {
        tracing::debug!(%error, "cannot tune a connection");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // A connection breaks for reasons of the peer's; the requests in it have logged their own.
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection broke");
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_user_timeout(Some(PEER_TIMEOUT))
}

async fn recover(error: &io::Error) {
    let peers_own = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    );
    if !peers_own {
        tracing::error!(%error, "cannot accept connections");
        sleep(ACCEPT_PAUSE).await;
    }
}
