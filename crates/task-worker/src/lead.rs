use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use metrics::gauge;
use tokio::{sync::Mutex, time::Instant};

/// Decides which instance runs a task.
#[async_trait]
pub trait Leader: Send + Sync {
    /// Leadership over `task`, unless another instance has it. It is kept up until it is released
    /// and passes to somebody else `ttl` after its holder died.
    async fn acquire(
        &self,
        task: &'static str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Leadership>>, LeaderError>;
}

/// Held by the one instance that runs a task.
#[async_trait]
pub trait Leadership: Send + Sync {
    /// True once somebody else may have it.
    fn is_lost(&self) -> bool;

    /// Lets somebody else have it now.
    async fn release(self: Box<Self>);
}

/// Why nobody knows who leads.
pub type LeaderError = Box<dyn Error + Send + Sync>;

/// This instance's part in the leadership over one task.
pub(crate) struct Lead {
    leader: Arc<dyn Leader>,
    task: &'static str,
    ttl: Duration,
    state: Mutex<State>,
}

enum State {
    Nobody,
    Held(Box<dyn Leadership>),
    /// The lock could not be asked for; not worth another try before this instant.
    Unknown(Instant),
}

/// Whether to run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Leads,
    Follows,
    /// Nobody can tell: run, since that harms less than nobody running.
    Unguarded,
}

impl Lead {
    /// Between two attempts to reach a lock server that is down, each of which may take as long as
    /// its timeout.
    const ASK_AGAIN: Duration = Duration::from_secs(1);

    pub(crate) fn new(leader: Arc<dyn Leader>, task: &'static str, ttl: Duration) -> Self {
        gauge!("task_leader", "task" => task).set(0.0);
        Self { leader, task, ttl, state: Mutex::new(State::Nobody) }
    }

    /// Takes the lead if it is free. The state outlives a panic of the task, so that a restarted
    /// task does not wait for its own lock to expire.
    pub(crate) async fn standing(&self) -> Standing {
        let mut state = self.state.lock().await;
        match &*state {
            State::Held(leadership) if !leadership.is_lost() => return Standing::Leads,
            State::Held(_) => {
                tracing::warn!(task = self.task, "the lead over {} is lost", self.task);
            }
            State::Unknown(until) if Instant::now() < *until => return Standing::Unguarded,
            State::Unknown(_) | State::Nobody => {}
        }
        let (next, standing) = match self.leader.acquire(self.task, self.ttl).await {
            Ok(Some(leadership)) => {
                tracing::info!(task = self.task, "leading {}", self.task);
                (State::Held(leadership), Standing::Leads)
            }
            Ok(None) => (State::Nobody, Standing::Follows),
            Err(error) => {
                let first = !matches!(*state, State::Unknown(_));
                if first {
                    tracing::warn!(task = self.task, %error, "running {} without its lock", self.task);
                }
                (State::Unknown(Instant::now() + Self::ASK_AGAIN), Standing::Unguarded)
            }
        };
        *state = next;
        let leads = if standing == Standing::Leads { 1.0 } else { 0.0 };
        gauge!("task_leader", "task" => self.task).set(leads);
        standing
    }

    /// Lets somebody else lead.
    pub(crate) async fn resign(&self) {
        let mut state = self.state.lock().await;
        if let State::Held(leadership) = std::mem::replace(&mut *state, State::Nobody) {
            leadership.release().await;
        }
        gauge!("task_leader", "task" => self.task).set(0.0);
    }
}
