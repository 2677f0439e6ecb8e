use std::{collections::HashMap, time::Duration};

use domain::tasks::{Claim, TaskKind};
use tokio::task::{Id, JoinError, JoinSet};

/// The tries under way, and how many more of each kind may begin.
#[derive(Default)]
pub(super) struct Crew {
    tries: JoinSet<()>,
    at_work: HashMap<Id, Claim>,
}

impl Crew {
    pub(super) fn begin(
        &mut self,
        claim: Claim,
        attempt: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = self.tries.spawn(attempt);
        self.at_work.insert(handle.id(), claim);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.tries.is_empty()
    }

    pub(super) fn busy(&self, kind: TaskKind) -> u32 {
        let busy = self.at_work.values().filter(|claim| claim.kind == kind).count();
        u32::try_from(busy).unwrap_or(u32::MAX)
    }

    /// Waits for the next try to end; pending while there is none.
    pub(super) async fn ended(&mut self) -> End {
        match self.tries.join_next_with_id().await {
            Some(joined) => self.strike_off(joined),
            None => std::future::pending().await,
        }
    }

    /// A try that has ended already.
    pub(super) fn try_ended(&mut self) -> Option<End> {
        let joined = self.tries.try_join_next_with_id()?;
        Some(self.strike_off(joined))
    }

    fn strike_off(&mut self, joined: Result<(Id, ()), JoinError>) -> End {
        match joined {
            Ok((id, ())) => {
                self.at_work.remove(&id);
                End::Stored
            }
            Err(error) => self.at_work.remove(&error.id()).map_or(End::Stored, End::Panicked),
        }
    }
}

/// How a try ended.
pub(super) enum End {
    /// As the try itself has stored.
    Stored,
    /// With a panic, of which nothing is stored.
    Panicked(Claim),
}

/// Between two looks at an idle queue: somewhere from a quarter of a second to a second, so that
/// workers do not look in step.
pub(super) fn pause() -> Duration {
    Duration::from_millis(250) + crate::jitter::up_to(Duration::from_millis(750))
}
