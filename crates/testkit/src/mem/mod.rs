//! Every storage port, in memory.

mod audit;
mod audit_payins;
mod books;
mod catalog;
mod conduct;
mod cow;
mod directory;
mod hooks;
mod identity;
mod inbox;
mod ledger;
mod letters;
mod orders;
mod outbox;
mod periodic;
mod purchases;
mod rates;
mod state;
mod tasks;
mod topups;
mod unit;
mod upkeep;
mod vault;
mod work;

use std::sync::Arc;

use domain::{
    store::StoreError,
    time::{Clock, Timestamp},
};
use tokio::sync::Mutex;

use self::state::State;
use crate::{Chaos, FixedClock};

/// Storage in memory, as strict as the real one.
///
/// One lock around one state: a unit of work takes the lock and a copy, committing swaps the copy
/// in, dropping forgets it. So a unit that awaits anything but its own ports deadlocks its test,
/// which is the rule for units of work. Clones share what is stored.
#[derive(Debug, Clone, Default)]
pub struct MemStore {
    state: Arc<Mutex<State>>,
    chaos: Chaos,
    clock: Arc<FixedClock>,
}

impl MemStore {
    /// An empty store whose calls `chaos` may disturb, and in which it is always the first instant.
    pub fn new(chaos: Chaos) -> Self {
        Self { chaos, ..Self::default() }
    }

    /// The same store with a clock that its test can move.
    #[must_use]
    pub fn with_clock(self, clock: Arc<FixedClock>) -> Self {
        Self { clock, ..self }
    }

    /// Whether a unit of work is open: nobody else gets any further meanwhile.
    pub fn is_locked(&self) -> bool {
        self.state.try_lock().is_err()
    }

    /// The storage's own time.
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Looks at what is committed, as one call of a port.
    async fn read<T: Send>(
        &self,
        method: &'static str,
        look: impl FnOnce(&State) -> T + Send,
    ) -> Result<T, StoreError> {
        let call = self.chaos.before(method).await?;
        let seen = look(&*self.state.lock().await);
        self.chaos.after(call).await?;
        Ok(seen)
    }

    /// Changes what is committed, wholly or not at all, as one call of a port.
    async fn write<T: Send, E: From<StoreError> + Send>(
        &self,
        method: &'static str,
        change: impl FnOnce(&mut State) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let call = self.chaos.before(method).await.map_err(StoreError::from)?;
        let answer = {
            let mut state = self.state.lock().await;
            let mut draft = state.clone();
            let answer = change(&mut draft)?;
            *state = draft;
            answer
        };
        self.chaos.after(call).await.map_err(StoreError::from)?;
        Ok(answer)
    }
}
