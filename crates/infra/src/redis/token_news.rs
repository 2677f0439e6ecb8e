use async_trait::async_trait;
use deadpool_redis::redis::Pipeline;
use domain::identity::{TokenHash, TokenNews};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Chain, Redis, RedisError},
    subscription::{Heard, Subscription},
};

const CHANNEL: &str = "switchboard:tokens:ended";
/// Before the hash of a token that has changed. Who does not know the word cannot read the message
/// and looks at all tokens again.
const CHANGED: &str = "changed:";

/// Tells all processes which tokens are over, by their hashes.
#[derive(Debug, Clone)]
pub struct RedisTokenNews {
    redis: Redis,
}

impl RedisTokenNews {
    /// Publishes on `redis`, which has to be the one that the servers listen to.
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl TokenNews for RedisTokenNews {
    async fn ended(&self, tokens: &[TokenHash]) -> bool {
        self.tell("", tokens).await
    }

    async fn changed(&self, tokens: &[TokenHash]) -> bool {
        self.tell(CHANGED, tokens).await
    }
}

impl RedisTokenNews {
    async fn tell(&self, word: &str, tokens: &[TokenHash]) -> bool {
        let mut messages = Pipeline::with_capacity(tokens.len());
        for token in tokens {
            messages.publish(CHANNEL, format!("{word}{}", hex::encode(token.0))).ignore();
        }
        let told: Result<(), RedisError> = self.redis.run_all(&messages).await;
        if let Err(error) = &told {
            tracing::warn!(error = %Chain(error), "nobody could be told of tokens");
        }
        told.is_ok()
    }
}

/// What a process hears of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenNewsItem {
    /// This one is good for nothing any more.
    Ended(TokenHash),
    /// What is known of this one is out of date.
    Changed(TokenHash),
    /// Anything may have been missed.
    Gap,
}

/// Listens until `stop`, connecting again whenever the connection is lost; spawn it.
pub async fn hear_token_news(
    redis: Redis,
    stop: CancellationToken,
    mut hear: impl FnMut(TokenNewsItem) + Send,
) {
    let subscription = Subscription::new(redis, vec![CHANNEL.to_owned()], "token_news");
    subscription.run(stop, move |heard| hear(read(&heard))).await;
}

fn read(heard: &Heard) -> TokenNewsItem {
    match heard {
        Heard::Message { payload, .. } => {
            let changed = payload.strip_prefix(CHANGED.as_bytes());
            let mut hash = [0; 32];
            match hex::decode_to_slice(changed.unwrap_or(payload.as_slice()), &mut hash) {
                Ok(()) if changed.is_some() => TokenNewsItem::Changed(TokenHash(hash)),
                Ok(()) => TokenNewsItem::Ended(TokenHash(hash)),
                Err(_) => TokenNewsItem::Gap,
            }
        }
        Heard::Gap => TokenNewsItem::Gap,
    }
}
