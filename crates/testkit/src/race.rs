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
/// A crash kills only the one that suffered it, as with several processes on one database. What a
/// crashed or endless future would have answered is missing.
pub async fn race<'a, T>(
    chaos: &Chaos,
    dice: &mut Dice,
    futures: Vec<Pin<Box<dyn Future<Output = T> + Send + 'a>>>,
) -> Vec<Option<T>> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut running: Vec<(usize, _)> = futures.into_iter().enumerate().collect();
    let mut turns = 0;
    // The runtime's cooperative budget would stop a future that is polled this often in one turn.
    tokio::task::coop::unconstrained(poll_fn(|context| {
        while !running.is_empty() && turns < MAX_TURNS {
            turns += 1;
            let bound = u32::try_from(running.len()).unwrap_or(u32::MAX);
            let chosen = usize::try_from(dice.below(bound)).unwrap_or_default();
            let Some((index, future)) = running.get_mut(chosen) else { break };
            match future.as_mut().poll(context) {
                Poll::Ready(value) => {
                    if let Some(answer) = answers.get_mut(*index) {
                        *answer = Some(value);
                    }
                    drop(running.swap_remove(chosen));
                }
                Poll::Pending if chaos.has_crashed() => {
                    chaos.restart();
                    drop(running.swap_remove(chosen));
                }
                Poll::Pending => {}
            }
        }
        Poll::Ready(())
    }))
    .await;
    answers
}
