use domain::outbox::{Queue, Wake};
use infra::redis::{WakeListener, Waker};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{RedisServer, soon};

/// Both ends in one process, and their tasks.
struct Ends {
    waker: Waker,
    listener: WakeListener,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Ends {
    fn start(server: &RedisServer) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let (waker, publish) = Waker::new(server.client(), stop.clone());
        let (listener, listen) = WakeListener::new(server.client(), stop.clone());
        tasks.spawn(publish);
        tasks.spawn(listen);
        Self { waker, listener, stop, tasks }
    }

    /// Waits until the listener is connected, which wakes every queue.
    async fn connected(&self) {
        for queue in [Queue::Events, Queue::Tasks] {
            soon(self.listener.woken(queue)).await;
        }
    }
}

#[tokio::test]
async fn pokes_arrive_at_their_queue() {
    let server = RedisServer::start().await;
    let ends = Ends::start(&server);
    ends.connected().await;
    for queue in [Queue::Tasks, Queue::Events, Queue::Tasks, Queue::Events] {
        ends.waker.wake(queue);
        assert_eq!(soon(ends.listener.next()).await, queue);
    }
}

/// Ten thousand pokes of a burst cost a handful of messages.
#[tokio::test]
async fn a_burst_of_pokes_is_one() {
    let server = RedisServer::start().await;
    let ends = Ends::start(&server);
    ends.connected().await;
    for _ in 0..10_000 {
        ends.waker.wake(Queue::Tasks);
    }
    soon(ends.listener.woken(Queue::Tasks)).await;
    let published = server.calls("publish").await;
    assert!((1..=3).contains(&published), "{published} messages");
}

/// What was poked while the connection was gone is found by looking at everything once.
#[tokio::test]
async fn a_restart_wakes_every_queue() {
    let mut server = RedisServer::start().await;
    let ends = Ends::start(&server);
    ends.connected().await;
    server.kill().await;
    ends.waker.wake(Queue::Tasks);
    server.revive().await;
    ends.connected().await;
    soon(async {
        loop {
            ends.waker.wake(Queue::Events);
            tokio::select! {
                () = ends.listener.woken(Queue::Events) => break,
                () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_poke_is_published_before_the_end() {
    let server = RedisServer::start().await;
    let mut ends = Ends::start(&server);
    ends.connected().await;
    ends.waker.wake(Queue::Events);
    ends.stop.cancel();
    soon(async { while ends.tasks.join_next().await.is_some() {} }).await;
    assert_eq!(server.calls("publish").await, 1);
}

#[tokio::test]
async fn without_a_server_pokes_are_dropped_and_the_end_is_not_held_up() {
    let mut ends = Ends::start(&RedisServer::absent());
    for _ in 0..1000 {
        ends.waker.wake(Queue::Events);
    }
    ends.stop.cancel();
    soon(async { while ends.tasks.join_next().await.is_some() {} }).await;
}
