//! Messages to customers' servers, sent for real to listeners of ours.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::any,
};
use domain::{
    hooks::{
        Guard as _, HookSecret, HookSender as _, HookUrl, MessageId, News, Parcel, SendOutcome,
        Sent, Target, UrlFault,
    },
    time::Clock as _,
};
use infra::{
    hooks::{HookClient, HookSettings, Names},
    system::SystemClock,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use uuid::Uuid;

/// What came to a receiver.
#[derive(Clone, Default)]
struct Mailbox(Arc<Mutex<Vec<(String, HeaderMap, Bytes)>>>);

impl Mailbox {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A customer's server: each path answers in its own way.
async fn receiver() -> (SocketAddr, Mailbox) {
    async fn take(
        State(mailbox): State<Mailbox>,
        uri: axum::http::Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response {
        mailbox.0.lock().unwrap().push((uri.path().to_owned(), headers, body.clone()));
        match uri.path() {
            "/slow" => {
                std::future::pending::<()>().await;
                StatusCode::OK.into_response()
            }
            "/elsewhere" => (StatusCode::FOUND, [("location", "/good")]).into_response(),
            "/gone" => StatusCode::GONE.into_response(),
            "/later" => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")]).into_response(),
            "/echo" => body.into_response(),
            "/long" => "x".repeat(1 << 20).into_response(),
            "/binary" => vec![0_u8, 159, 146, 150].into_response(),
            _ => StatusCode::NO_CONTENT.into_response(),
        }
    }
    let mailbox = Mailbox::default();
    let routes = Router::new().fallback(any(take)).with_state(mailbox.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (address, mailbox)
}

/// Names that lead where a test says, in turn.
struct Script(Vec<IpAddr>, AtomicUsize);

impl Script {
    fn new(turns: &[&str]) -> Arc<Self> {
        Arc::new(Self(
            turns.iter().map(|text| text.parse().unwrap()).collect(),
            AtomicUsize::new(0),
        ))
    }
}

#[async_trait]
impl Names for Script {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.1.fetch_add(1, Ordering::Relaxed);
        Ok(vec![*self.0.get(turn).or(self.0.last()).unwrap()])
    }
}

fn client(open: &[&str], names: Arc<dyn Names>) -> HookClient {
    let settings = HookSettings {
        timeout: Duration::from_secs(1),
        open: open.iter().map(|&text| text.to_owned()).collect(),
        closed: Vec::new(),
        extra_ca: None,
    };
    HookClient::new(&settings, names, Arc::new(SystemClock)).unwrap()
}

/// A client that may call this machine.
fn local() -> HookClient {
    client(&["127.0.0.0/8"], Script::new(&["127.0.0.1"]))
}

/// A client as in production.
fn strict() -> HookClient {
    client(&[], Script::new(&["127.0.0.1"]))
}

fn url(text: &str) -> HookUrl {
    HookUrl::parse(text).unwrap()
}

fn parcel() -> Parcel {
    Parcel {
        id: MessageId::new(Uuid::from_u128(7)),
        event: "webhook.test",
        at: SystemClock.now(),
        news: News::Test,
        number: 1,
    }
}

async fn send(client: &HookClient, text: &str) -> Sent {
    let secret = HookSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    client.send(&Target { url: url(text), secret }, &parcel()).await
}

#[tokio::test]
async fn delivers_a_signed_message() {
    let (address, mailbox) = receiver().await;
    let sent = send(&local(), &format!("http://{address}/hook?token=1")).await;
    assert_eq!(sent.outcome, SendOutcome::Answered(204));
    assert_eq!(sent.host, "127.0.0.1");
    let came = mailbox.0.lock().unwrap();
    let (path, headers, body) = came.first().unwrap();
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(path, "/hook");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("webhook-id"), parcel().id.to_string());
    let timestamp: i64 = header("webhook-timestamp").parse().unwrap();
    assert!((SystemClock.now().timestamp() - timestamp).abs() <= 2);
    assert!(header("x-webhook-signature").starts_with("sha256="));
    assert!(header("webhook-signature").starts_with("v1,"));
    assert!(header("user-agent").starts_with("switchboard-webhooks/"));
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["event"], "webhook.test");
    assert!(body["data"]["message"].is_string());
}

#[tokio::test]
async fn does_not_sign_without_a_secret() {
    let (address, mailbox) = receiver().await;
    let target = Target { url: url(&format!("http://{address}/")), secret: None };
    assert!(local().send(&target, &parcel()).await.outcome.is_success());
    let came = mailbox.0.lock().unwrap();
    let headers = &came.first().unwrap().1;
    assert!(headers.get("x-webhook-signature").is_none());
    assert!(headers.get("webhook-signature").is_none());
    assert!(headers.get("webhook-id").is_some());
}

/// The whole list, against a listener that would answer: nothing may come in.
#[tokio::test]
async fn calls_nothing_that_is_not_public() {
    let (address, mailbox) = receiver().await;
    let port = address.port();
    let client = strict();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "localhost",
        "localhost.",
        "customer.example",
    ] {
        for scheme in ["https", "http"] {
            let text = format!("{scheme}://{host}:{port}/good");
            let sent = send(&client, &text).await;
            assert_eq!(sent.outcome, SendOutcome::Blocked, "{text}");
            assert!(client.check(&url(&text)).await.is_err(), "{text}");
        }
    }
    // Where clear text is allowed for tests, nothing else is opened with it.
    let other = self::client(&["10.0.0.0/8"], Script::new(&["127.0.0.1"]));
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "customer.example"] {
        let sent = send(&other, &format!("http://{host}:{port}/good")).await;
        assert_eq!(sent.outcome, SendOutcome::Blocked, "{host}");
    }
    assert_eq!(mailbox.count(), 0);
}

/// The name is public when it is saved and leads home when it is called.
#[tokio::test]
async fn a_name_that_changes_its_mind_is_not_followed() {
    let (address, mailbox) = receiver().await;
    let names = Script::new(&["8.8.8.8", "127.0.0.1"]);
    let client = client(&[], names);
    let text = format!("https://customer.example:{}/good", address.port());
    assert_eq!(client.check(&url(&text)).await, Ok(()));
    assert_eq!(client.check(&url(&text)).await, Err(UrlFault::NotPublic));
    assert_eq!(send(&client, &text).await.outcome, SendOutcome::Blocked);
    assert_eq!(mailbox.count(), 0);
}

/// A name is connected to what was judged, and only the private half of the answer is IPv6.
#[tokio::test]
async fn closes_names_whose_only_address_is_private() {
    for private in ["fd00::1", "::1", "169.254.169.254", "64:ff9b::7f00:1", "100.64.0.1"] {
        let client = client(&[], Script::new(&[private]));
        let checked = client.check(&url("https://customer.example/")).await;
        assert_eq!(checked, Err(UrlFault::NotPublic), "{private}");
    }
}

#[tokio::test]
async fn resolves_names_with_its_own_resolver() {
    let (address, mailbox) = receiver().await;
    let sent = send(&local(), &format!("http://customer.example:{}/good", address.port())).await;
    assert_eq!(sent.outcome, SendOutcome::Answered(204));
    assert_eq!(sent.host, "customer.example");
    assert_eq!(mailbox.count(), 1);
}

#[tokio::test]
async fn does_not_follow_redirects() {
    let (address, mailbox) = receiver().await;
    let sent = send(&local(), &format!("http://{address}/elsewhere")).await;
    assert_eq!(sent.outcome, SendOutcome::Answered(302));
    assert!(!sent.outcome.is_success());
    assert_eq!(mailbox.count(), 1);
}

#[tokio::test]
async fn waits_no_longer_than_it_was_told() {
    let (address, _mailbox) = receiver().await;
    let sent = send(&local(), &format!("http://{address}/slow")).await;
    assert_eq!(sent.outcome, SendOutcome::TimedOut);
    assert!(sent.took < Duration::from_secs(3), "{:?}", sent.took);
}

#[tokio::test]
async fn hears_who_is_gone_and_who_wants_a_pause() {
    let (address, _mailbox) = receiver().await;
    let sent = send(&local(), &format!("http://{address}/gone")).await;
    assert!(sent.outcome.is_gone());
    let sent = send(&local(), &format!("http://{address}/later")).await;
    assert_eq!(
        (sent.outcome, sent.wish),
        (SendOutcome::Answered(503), Some(Duration::from_secs(7)))
    );
}

#[tokio::test]
async fn keeps_the_beginning_of_an_answer_that_is_text() {
    let (address, _mailbox) = receiver().await;
    let client = local();
    let sent = send(&client, &format!("http://{address}/echo")).await;
    assert!(sent.response.unwrap().contains("webhook.test"));
    let sent = send(&client, &format!("http://{address}/long")).await;
    assert_eq!(sent.response.unwrap().len(), 4096);
    let sent = send(&client, &format!("http://{address}/binary")).await;
    assert_eq!((sent.outcome, sent.response), (SendOutcome::Answered(200), None));
}

/// A server that sends its body drop by drop has acknowledged all the same.
#[tokio::test]
async fn a_status_is_enough() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\nok").await.unwrap();
        std::future::pending::<()>().await;
    });
    let sent = send(&local(), &format!("http://{address}/")).await;
    assert_eq!(sent.outcome, SendOutcome::Answered(200));
    assert!(sent.took < Duration::from_secs(2), "{:?}", sent.took);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sent = send(&local(), &format!("http://{address}/")).await;
    assert_eq!((sent.outcome, sent.outcome.status()), (SendOutcome::Unreachable, None));
}

#[tokio::test]
async fn networks_that_are_none_are_refused_at_the_start() {
    let settings = HookSettings {
        timeout: Duration::from_secs(1),
        open: vec!["127.0.0.1/99".to_owned()],
        closed: Vec::new(),
        extra_ca: None,
    };
    let refused = HookClient::new(&settings, Script::new(&["127.0.0.1"]), Arc::new(SystemClock));
    assert!(refused.is_err());
}

#[tokio::test]
async fn authorities_that_are_none_are_refused_at_the_start() {
    let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in ["", "no certificate", bad] {
        let settings = HookSettings {
            timeout: Duration::from_secs(1),
            open: Vec::new(),
            closed: Vec::new(),
            extra_ca: Some(text.to_owned()),
        };
        let names = Script::new(&["127.0.0.1"]);
        assert!(HookClient::new(&settings, names, Arc::new(SystemClock)).is_err(), "{text}");
    }
}
