use domain::identity::{TokenHash, TokenNews as _};
use infra::redis::{RedisTokenNews, TokenNewsItem, hear_token_news};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::support::{RedisServer, soon};

const TOKENS: [TokenHash; 2] = [TokenHash([7; 32]), TokenHash([255; 32])];

fn listener(server: &RedisServer, tasks: &mut JoinSet<()>) -> UnboundedReceiver<TokenNewsItem> {
    let (sender, receiver) = unbounded_channel();
    let hear = move |item| _ = sender.send(item);
    tasks.spawn(hear_token_news(server.client(), CancellationToken::new(), hear));
    receiver
}

#[tokio::test]
async fn every_listener_hears_of_every_token_that_ends_or_changes() {
    let server = RedisServer::start().await;
    let mut tasks = JoinSet::new();
    let mut heard = [listener(&server, &mut tasks), listener(&server, &mut tasks)];
    for ear in &mut heard {
        assert_eq!(soon(ear.recv()).await, Some(TokenNewsItem::Gap));
    }
    let news = RedisTokenNews::new(server.client());
    assert!(news.ended(&TOKENS).await);
    assert!(news.changed(&TOKENS).await);
    for ear in &mut heard {
        for token in TOKENS {
            assert_eq!(soon(ear.recv()).await, Some(TokenNewsItem::Ended(token)));
        }
        for token in TOKENS {
            assert_eq!(soon(ear.recv()).await, Some(TokenNewsItem::Changed(token)));
        }
    }
}

#[tokio::test]
async fn an_outage_is_told_to_both_sides() {
    let mut server = RedisServer::start().await;
    let mut tasks = JoinSet::new();
    let mut ear = listener(&server, &mut tasks);
    assert_eq!(soon(ear.recv()).await, Some(TokenNewsItem::Gap));
    server.kill().await;
    assert!(!RedisTokenNews::new(server.client()).ended(&TOKENS).await);
    server.revive().await;
    assert_eq!(soon(ear.recv()).await, Some(TokenNewsItem::Gap));
}
