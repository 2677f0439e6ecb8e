use std::{sync::Arc, time::Duration};

use domain::tasks::{Claim, Done, TaskFailure, TaskHandler, TaskQueue, Wanted, Watch};

use super::{Market, canary::Canary};
use crate::Outcome;

/// How long a task rests after its worker died: a round of the reconcilers.
const LEASE: Duration = Duration::from_secs(15);
/// Tasks of one kind claimed at once.
const ROOM: u32 = 50;

impl Market {
    /// Who does the durable tasks.
    pub fn handlers(&self) -> Vec<Arc<dyn TaskHandler>> {
        vec![
            Arc::new(self.close_upstream()),
            Arc::new(self.confirm_sms()),
            Arc::new(self.confirm_payment()),
            Arc::new(self.send_refund()),
            Arc::new(self.deliver_message()),
            Arc::new(Canary(self.store.clone())),
        ]
    }

    /// Runs every task that is due, one after the other, and tells how many there were. A failed
    /// one waits for the longest pause of its kind.
    pub async fn run_tasks(&self) -> Outcome<usize> {
        let handlers = self.handlers();
        let wanted: Vec<_> = handlers.iter().map(|handler| wanted(&**handler)).collect();
        let claimed = self.store.claim(&wanted, "market").await?;
        for claim in &claimed.claims {
            let handler = handlers.iter().find(|handler| handler.kind() == claim.kind);
            let handler = handler.ok_or("a handler for what was asked for")?;
            // What could not be stored runs out with its lease, as with a real worker.
            drop(self.run_task(&**handler, claim).await);
        }
        Ok(claimed.claims.len())
    }

    async fn run_task(&self, handler: &dyn TaskHandler, claim: &Claim) -> Outcome {
        match handler.run(claim, &Unhurried).await {
            Ok(Done::Finished) => {}
            Ok(Done::Unfinished) => drop(self.store.finish(claim).await?),
            Err(TaskFailure { class, error }) => {
                let verdict = handler.policy().verdict(class, claim.attempt, |longest| longest);
                if let Some(verdict) = verdict {
                    self.store.fail(claim, verdict, &error.to_string()).await?;
                }
            }
        }
        Ok(())
    }
}

fn wanted(handler: &dyn TaskHandler) -> Wanted {
    let max_attempts = handler.policy().max_attempts;
    Wanted { kind: handler.kind(), room: ROOM, lease: LEASE, max_attempts }
}

/// Nothing ends here, and time stands still.
struct Unhurried;

impl Watch for Unhurried {
    fn is_stopping(&self) -> bool {
        false
    }

    fn remaining(&self) -> Duration {
        Duration::MAX
    }
}
