use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;

/// Something a client did to a [`stand_in`].
#[derive(Debug, PartialEq, Eq)]
enum Did {
    Connect,
    Ping,
}

/// Speaks as much of the protocol as a subscriber needs, one connection at a time. A mute one does
/// not answer pings, as if the connection were dead at the other end.
async fn stand_in(listener: TcpListener, is_mute: bool, done: mpsc::UnboundedSender<Did>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        done.send(Did::Connect).unwrap();
        converse(socket, is_mute, &done).await;
    }
}

async fn converse(mut socket: TcpStream, is_mute: bool, done: &mpsc::UnboundedSender<Did>) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = socket.read(&mut bytes).await {
        for word in String::from_utf8_lossy(&bytes[..read]).lines() {
            let reply = match word {
                "CLIENT" => "+OK\r\n",
                "SUBSCRIBE" => "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n",
                "PING" => {
                    done.send(Did::Ping).unwrap();
                    if is_mute { "" } else { "*2\r\n$4\r\npong\r\n$0\r\n\r\n" }
                }
                _ => "",
            };
            socket.write_all(reply.as_bytes()).await.unwrap();
        }
    }
}

/// What a subscriber does in its first `count` steps, and how often it was told of a gap.
async fn steps(is_mute: bool, count: usize) -> (Vec<Did>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let (done, mut doings) = mpsc::unbounded_channel();
    let redis = Redis::connect(&url.into()).unwrap();
    let subscription = Subscription {
        ping_every: Duration::from_millis(10),
        ping_patience: Duration::from_millis(250),
        ..Subscription::new(redis, vec!["c".to_owned()], "test")
    };
    let mut gaps = 0;
    let mut steps = Vec::new();
    tokio::select! {
        () = stand_in(listener, is_mute, done) => unreachable!(),
        () = subscription.run(CancellationToken::new(), |heard| {
            assert_eq!(heard, Heard::Gap);
            gaps += 1;
        }) => unreachable!(),
        () = async {
            while steps.len() < count {
                steps.push(doings.recv().await.unwrap());
            }
        } => {}
    }
    (steps, gaps)
}

#[tokio::test]
async fn a_connection_that_went_silent_is_replaced() {
    let (steps, gaps) = steps(true, 4).await;
    assert_eq!(steps, [Did::Connect, Did::Ping, Did::Connect, Did::Ping]);
    assert_eq!(gaps, 2);
}

#[tokio::test]
async fn a_connection_that_answers_is_kept() {
    let (steps, gaps) = steps(false, 4).await;
    assert_eq!(steps, [Did::Connect, Did::Ping, Did::Ping, Did::Ping]);
    assert_eq!(gaps, 1);
}

#[tokio::test]
async fn stops_in_the_middle_of_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let redis = Redis::connect(&url.into()).unwrap();
    let stop = CancellationToken::new();
    let subscription = Subscription::new(redis, vec!["c".to_owned()], "test");
    tokio::join!(subscription.run(stop.clone(), |_| {}), async {
        let _silent = listener.accept().await.unwrap();
        stop.cancel();
    });
}

#[test]
fn pauses_grow_to_a_few_seconds() {
    for _ in 0..200 {
        assert!((FIRST_PAUSE / 2..=FIRST_PAUSE).contains(&pause(0)));
        assert!((LONGEST_PAUSE / 2..=LONGEST_PAUSE).contains(&pause(u32::MAX)));
    }
}
