use std::{
    future::{pending, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use domain::store::StoreError;

use crate::Dice;

/// Decides which port calls go wrong, and counts them all.
///
/// Shared by every fake of one test, so that one number names one call of a whole use case.
#[derive(Debug, Clone, Default)]
pub struct Chaos {
    inner: Arc<Mutex<Inner>>,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// The caller gets an error, and cannot tell whether the call had an effect.
    Fail,
    /// The caller lost a race. Nothing happened, so this comes before a call only.
    Contend,
    /// The process dies: the call never returns, and [`Chaos::has_crashed`] tells so.
    Crash,
}

/// Whether the call has its effect first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The blow comes instead of the effect.
    Before,
    /// The effect comes, then the blow.
    After,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<&'static str>,
    planned: Vec<(Target, Moment, Blow)>,
    storm: Option<Storm>,
    crashed: bool,
    interleaved: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Nth(usize),
    Named(&'static str),
}

#[derive(Debug)]
struct Storm {
    dice: Dice,
    per_mille: u32,
}

/// What a disturbed call answers; each port has its own words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Disturbance {
    #[error("the connection was lost")]
    Lost,
    #[error("somebody else was faster")]
    Raced,
}

impl From<Disturbance> for StoreError {
    fn from(disturbance: Disturbance) -> Self {
        match disturbance {
            Disturbance::Lost => Self::Unavailable(Box::new(disturbance)),
            Disturbance::Raced => Self::Contention,
        }
    }
}

impl Chaos {
    /// Strikes the call with this number, counted from zero since the last [`Self::calm`].
    pub fn strike(&self, call: usize, moment: Moment, blow: Blow) {
        self.lock().planned.push((Target::Nth(call), moment, blow));
    }

    /// Strikes the next call of a port method, once.
    pub fn strike_next(&self, method: &'static str, moment: Moment, blow: Blow) {
        self.lock().planned.push((Target::Named(method), moment, blow));
    }

    /// Strikes that many of a thousand calls at random from now on.
    pub fn storm(&self, dice: Dice, per_mille: u32) {
        self.lock().storm = Some(Storm { dice, per_mille });
    }

    /// Makes every call give others a turn, so that [`crate::race`] can mix them.
    pub fn interleave(&self) {
        self.lock().interleaved = true;
    }

    /// Forgets all plans, counts from zero and starts a new process after a crash.
    pub fn calm(&self) {
        let mut inner = self.lock();
        *inner = Inner { interleaved: inner.interleaved, ..Inner::default() };
    }

    /// The names of all calls since the last [`Self::calm`].
    pub fn calls(&self) -> Vec<&'static str> {
        self.lock().calls.clone()
    }

    /// Whether a planned blow has not struck yet.
    pub fn is_pending(&self) -> bool {
        !self.lock().planned.is_empty()
    }

    /// Whether the process died. Whoever drives its futures must drop them now.
    pub fn has_crashed(&self) -> bool {
        self.lock().crashed
    }

    /// Starts a new process after a crash, without forgetting plans.
    pub fn restart(&self) {
        self.lock().crashed = false;
    }

    /// Counts a call; the answer is passed to [`Self::after`] once it had its effect.
    pub(crate) async fn before(&self, method: &'static str) -> Result<usize, Disturbance> {
        if self.lock().interleaved {
            turn().await;
        }
        let (number, blow) = {
            let mut inner = self.lock();
            let number = inner.calls.len();
            inner.calls.push(method);
            (number, inner.blow(number, Moment::Before))
        };
        self.suffer(blow).await?;
        Ok(number)
    }

    pub(crate) async fn after(&self, number: usize) -> Result<(), Disturbance> {
        let blow = self.lock().blow(number, Moment::After);
        self.suffer(blow).await
    }

    async fn suffer(&self, blow: Option<Blow>) -> Result<(), Disturbance> {
        match blow {
            None => Ok(()),
            Some(Blow::Fail) => Err(Disturbance::Lost),
            Some(Blow::Contend) => Err(Disturbance::Raced),
            Some(Blow::Crash) => {
                self.lock().crashed = true;
                pending().await
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn blow(&mut self, number: usize, moment: Moment) -> Option<Blow> {
        let method = self.calls.get(number).copied();
        let hit = self.planned.iter().position(|(target, when, _)| {
            let aimed = match target {
                Target::Nth(planned) => *planned == number,
                Target::Named(name) => method == Some(*name),
            };
            aimed && *when == moment
        });
        if let Some(position) = hit {
            return Some(self.planned.swap_remove(position).2);
        }
        self.storm.as_mut().and_then(|storm| storm.blow(moment))
    }
}

impl Storm {
    fn blow(&mut self, moment: Moment) -> Option<Blow> {
        if !self.dice.happens(self.per_mille) {
            return None;
        }
        match (self.dice.below(4), moment) {
            (0, _) => Some(Blow::Crash),
            (1, Moment::Before) => Some(Blow::Contend),
            _ => Some(Blow::Fail),
        }
    }
}

/// Lets every other future run once.
async fn turn() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
