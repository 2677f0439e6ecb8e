use std::{future::Future, future::poll_fn, pin::Pin, task::Poll};

use crate::{Chaos, Dice};

/// How a future that could crash ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish<T> {
    /// It returned.
    Returned(T),
    /// Its process died in the middle.
    Crashed,
}

impl<T> Finish<T> {
    /// What it returned, unless it crashed.
    pub fn returned(self) -> Option<T> {
        match self {
            Self::Returned(value) => Some(value),
            Self::Crashed => None,
        }
    }
}

/// Runs `future` until it returns or `chaos` kills its process, which drops it where it stands.
pub async fn until_crash<T>(chaos: &Chaos, future: impl Future<Output = T> + Send) -> Finish<T> {
    let mut future = Box::pin(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Finish::Returned(value)),
        Poll::Pending if chaos.has_crashed() => Poll::Ready(Finish::Crashed),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Most turns of one race: far more than any correct set of use cases needs.
const MAX_TURNS: u32 = 1_000_000;

/// Runs all `futures` at once and lets `dice` choose who makes the next step.
///
/// A crash kills only the one that suffered it, as with several processes on one database.
///
/// # Panics
/// When they wait for each other for ever.
pub async fn race<'a, T: Send>(
    chaos: &Chaos,
    dice: &mut Dice,
    futures: Vec<Pin<Box<dyn Future<Output = T> + Send + 'a>>>,
) -> Vec<Finish<T>> {
    let mut ends: Vec<(usize, Finish<T>)> = Vec::new();
    let mut running: Vec<(usize, _)> = futures.into_iter().enumerate().collect();
    let mut turns = 0;
    // The runtime's cooperative budget would stop a future that is polled this often in one turn.
    tokio::task::coop::unconstrained(poll_fn(|context| {
        while !running.is_empty() {
            turns += 1;
            assert!(turns < MAX_TURNS, "{} futures wait for each other", running.len());
            let bound = u32::try_from(running.len()).unwrap_or(u32::MAX);
            let chosen = usize::try_from(dice.below(bound)).unwrap_or_default();
            let Some((index, future)) = running.get_mut(chosen) else { break };
            let end = match future.as_mut().poll(context) {
                Poll::Ready(value) => Finish::Returned(value),
                Poll::Pending if chaos.has_crashed() => Finish::Crashed,
                Poll::Pending => continue,
            };
            chaos.restart();
            ends.push((*index, end));
            drop(running.swap_remove(chosen));
        }
        Poll::Ready(())
    }))
    .await;
    ends.sort_by_key(|(index, _)| *index);
    ends.into_iter().map(|(_, end)| end).collect()
}
