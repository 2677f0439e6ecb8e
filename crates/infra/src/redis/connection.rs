use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use deadpool_redis::redis::{
    self, AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisResult,
    aio::{MultiplexedConnection, PubSub},
};
use metrics::counter;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};

/// How long one reply may take. Everything asked of Redis is short and none of it is worth more of
/// a customer's time.
const RESPONSE: Duration = Duration::from_millis(500);
/// How long connecting may take, TLS and authentication included.
const CONNECT: Duration = Duration::from_secs(1);
/// After a failed try to connect, calls fail at once for this long instead of trying as well.
const COOL_OFF: Duration = Duration::from_millis(200);

/// One Redis server, over one connection that all callers share.
///
/// The connection is made by the first call, and again by the next call after it was lost: a call
/// fails while the server is away, and nothing has to be restarted when it is back.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
}

struct Link {
    client: Client,
    purpose: &'static str,
    state: Mutex<State>,
    /// Held by the one call that connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    current: Option<MultiplexedConnection>,
    /// How many connections were made; tells which one a failed call used.
    made: u64,
    failed_at: Option<Instant>,
}

impl Redis {
    /// Takes `redis://…` or `rediss://…`; does no I/O.
    pub fn connect(url: &SecretString) -> Result<Self, RedisError> {
        // The cause is left out because it may quote the password.
        let client = Client::open(url.expose_secret()).map_err(|_| RedisError::Address)?;
        Ok(Self::over(client, "commands"))
    }

    /// The same server with a name for metrics, such as `cache`.
    #[must_use]
    pub fn named(self, purpose: &'static str) -> Self {
        Self::over(self.link.client.clone(), purpose)
    }

    fn over(client: Client, purpose: &'static str) -> Self {
        let (state, connecting) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { link: Arc::new(Link { client, purpose, state, connecting }) }
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), RedisError> {
        self.run::<String>(&redis::cmd("PING")).await.map(drop)
    }

    /// Runs one command.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        self.ask(|mut connection| async move { command.query_async(&mut connection).await }).await
    }

    /// Runs several commands in one round trip.
    pub(crate) async fn run_all<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, RedisError> {
        self.ask(|mut connection| async move { commands.query_async(&mut connection).await }).await
    }

    /// A connection of its own that only listens.
    pub(super) async fn subscriber(&self) -> Result<PubSub, RedisError> {
        match timeout(CONNECT, self.link.client.get_async_pubsub()).await {
            Ok(outcome) => outcome.map_err(RedisError::from),
            Err(_) => Err(RedisError::Silent),
        }
    }

    async fn ask<T, F>(&self, ask: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, RedisError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (made, connection) = self.link.connection().await?;
        ask(connection).await.map_err(|error| {
            // A connection on which a reply is late may be dead at the other end without us
            // hearing of it; whoever still waits on it is not disturbed.
            if error.is_unrecoverable_error() || error.is_timeout() {
                self.link.give_up(made, &error);
            }
            RedisError::from(error)
        })
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("purpose", &self.link.purpose).finish_non_exhaustive()
    }
}

impl Link {
    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        if let Some(found) = self.state().shared() {
            return Ok(found);
        }
        let _turn = self.connecting.lock().await;
        {
            let state = self.state();
            if let Some(found) = state.shared() {
                return Ok(found);
            }
            if state.failed_at.is_some_and(|at| at.elapsed() < COOL_OFF) {
                return Err(RedisError::Away);
            }
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(Some(RESPONSE));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        let outcome = timeout(CONNECT, connecting).await;
        self.settle(match outcome {
            Ok(outcome) => outcome.map_err(RedisError::from),
            Err(_) => Err(RedisError::Silent),
        })
    }

    /// Notes how connecting went; the log tells of an outage once.
    fn settle(
        &self,
        outcome: Result<MultiplexedConnection, RedisError>,
    ) -> Result<(u64, MultiplexedConnection), RedisError> {
        let purpose = self.purpose;
        let mut state = self.state();
        match outcome {
            Ok(connection) => {
                if state.failed_at.take().is_some() {
                    tracing::info!(redis.purpose = purpose, "Redis for {purpose} is back");
                }
                if state.made > 0 {
                    counter!("redis_reconnects_total", "purpose" => purpose).increment(1);
                }
                state.made = state.made.wrapping_add(1);
                state.current = Some(connection.clone());
                Ok((state.made, connection))
            }
            Err(error) => {
                if state.failed_at.replace(Instant::now()).is_none() {
                    tracing::warn!(
                        redis.purpose = purpose,
                        error = %Chain(&error),
                        "Redis for {purpose} cannot be reached"
                    );
                }
                Err(error)
            }
        }
    }

    /// Lets the next call connect afresh, unless that has happened already.
    fn give_up(&self, made: u64, error: &redis::RedisError) {
        let mut state = self.state();
        if state.made == made && state.current.take().is_some() {
            let purpose = self.purpose;
            tracing::warn!(redis.purpose = purpose, %error, "connection to Redis for {purpose} lost");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn shared(&self) -> Option<(u64, MultiplexedConnection)> {
        self.current.as_ref().map(|connection| (self.made, connection.clone()))
    }
}

/// Why Redis did not do what it was asked. Callers can do without it.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// Not an address.
    #[error("the address of Redis is not usable")]
    Address,
    /// No connection, and the last try to make one was a moment ago.
    #[error("Redis was just found unreachable")]
    Away,
    /// The server did not finish the handshake in time.
    #[error("Redis does not answer")]
    Silent,
    /// The server closed the connection.
    #[error("Redis closed the connection")]
    Closed,
    /// The connection broke or the reply is late; the command may have run.
    #[error("the connection to Redis failed")]
    Broken(#[source] redis::RedisError),
    /// The server answered with an error, or with something unexpected.
    #[error("Redis refuses")]
    Refused(#[source] redis::RedisError),
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        if error.kind() == ErrorKind::Io { Self::Broken(error) } else { Self::Refused(error) }
    }
}

/// An error with its cause, in one line.
pub(super) struct Chain<'a>(pub(super) &'a RedisError);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RedisError::Broken(cause) | RedisError::Refused(cause) => {
                write!(f, "{}: {cause}", self.0)
            }
            error => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_address_without_quoting_it() {
        for url in ["", "localhost", "http://localhost", "redis://:pass word@[", "redis://h/x"] {
            let error = Redis::connect(&url.into()).unwrap_err();
            assert!(matches!(error, RedisError::Address), "{url}: {error:?}");
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let redis = Redis::connect(&"rediss://:hunter2@localhost:1/2".into()).unwrap();
        assert!(!format!("{redis:?} {:?}", redis.clone().named("cache")).contains("hunter2"));
    }
}
