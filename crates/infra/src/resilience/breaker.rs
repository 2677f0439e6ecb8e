use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct BreakerSettings {
    /// Failures in a row.
    pub consecutive_failures: u32,
    /// Calls over which the share of failures is taken.
    pub window: usize,
    /// Share of failures in a full window, in percent.
    pub failure_percent: u8,
    /// How long it stays open before one call may try.
    pub cool_down: Duration,
    /// The longest it stays open because a provider said so.
    pub longest_block: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            window: 20,
            failure_percent: 50,
            cool_down: Duration::from_secs(15),
            longest_block: Duration::from_hours(1),
        }
    }
}

/// What a call says about the health of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It does its work, even where that was a no.
    Good,
    /// It does not.
    Bad,
    /// It told us not to come back for a while.
    Blocked {
        /// Why, for the log.
        reason: &'static str,
        /// For how long, where it said so.
        wait: Option<Duration>,
    },
}

/// What a call may do while the provider is in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Importance {
    /// Can wait or go elsewhere: held back.
    Deferrable,
    /// Concerns a number we have already: always let through.
    Needed,
}

/// Where a breaker stands, as numbered in its metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Closed = 0,
    HalfOpen = 1,
    Open = 2,
}

/// A change of position, and why it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) to: Position,
    pub(super) reason: &'static str,
}

/// Closed, open, or letting exactly one call try.
pub(super) struct Breaker<F> {
    settings: BreakerSettings,
    state: Mutex<State>,
    /// Hears every change of position, in order.
    announce: F,
}

struct State {
    phase: Phase,
    /// Counts the closed phases, so that calls of an earlier one count for nothing.
    era: u64,
}

enum Phase {
    Closed { deferrable: Tally, needed: Tally },
    Open { until: Instant },
    HalfOpen { probing: bool },
}

/// Each kind of call has its own: many good polls must not hide that every purchase fails.
#[derive(Default)]
struct Tally {
    in_a_row: u32,
    recent: VecDeque<bool>,
}

/// Leave for one call. Dropped without [`Ticket::settle`], it says nothing about the provider, and
/// lets another call try in its place.
pub(super) struct Ticket<'a, F: Fn(Moved)> {
    breaker: &'a Breaker<F>,
    importance: Importance,
    era: u64,
    probe: bool,
}

impl<F: Fn(Moved)> Breaker<F> {
    pub(super) fn new(settings: BreakerSettings, announce: F) -> Self {
        let state = State { phase: Phase::closed(), era: 0 };
        announce(Moved { to: Position::Closed, reason: "new" });
        Self { settings, state: Mutex::new(state), announce }
    }

    /// Nothing when the call must not be made.
    pub(super) fn admit(&self, importance: Importance) -> Option<Ticket<'_, F>> {
        let mut state = self.lock();
        let probe = match (&mut state.phase, importance) {
            (Phase::Closed { .. }, _) | (_, Importance::Needed) => false,
            (Phase::Open { until }, Importance::Deferrable) => {
                if Instant::now() < *until {
                    return None;
                }
                state.phase = Phase::HalfOpen { probing: true };
                (self.announce)(Moved { to: Position::HalfOpen, reason: "one call may try" });
                true
            }
            (Phase::HalfOpen { probing }, Importance::Deferrable) => {
                if *probing {
                    return None;
                }
                *probing = true;
                true
            }
        };
        Some(Ticket { breaker: self, importance, era: state.era, probe })
    }

    fn record(&self, ticket: &Ticket<'_, F>, health: Health) {
        let mut state = self.lock();
        let trip = match health {
            Health::Blocked { reason, wait } => {
                let longest = self.settings.longest_block;
                let wait = wait.map_or(Duration::ZERO, |wait| wait.min(longest));
                Some((reason, wait.max(self.settings.cool_down)))
            }
            Health::Bad if ticket.probe => Some(("it failed again", self.settings.cool_down)),
            Health::Bad | Health::Good => None,
        };
        let current = ticket.era == state.era;
        match (&mut state.phase, trip) {
            // The probe alone decides, not a call that was under way before.
            (Phase::HalfOpen { .. }, _) if !ticket.probe => {}
            (Phase::Open { until }, Some((_, wait))) => {
                *until = (*until).max(Instant::now() + wait);
            }
            (_, Some((reason, wait))) => self.open(&mut state, reason, wait),
            (Phase::HalfOpen { .. }, None) => self.close(&mut state),
            (Phase::Closed { deferrable, needed }, None) if current => {
                let tally = match ticket.importance {
                    Importance::Deferrable => deferrable,
                    Importance::Needed => needed,
                };
                if let Some(reason) = tally.add(health == Health::Good, &self.settings) {
                    self.open(&mut state, reason, self.settings.cool_down);
                }
            }
            (Phase::Closed { .. } | Phase::Open { .. }, None) => {}
        }
    }

    fn open(&self, state: &mut State, reason: &'static str, wait: Duration) {
        state.phase = Phase::Open { until: Instant::now() + wait };
        (self.announce)(Moved { to: Position::Open, reason });
    }

    fn close(&self, state: &mut State) {
        state.phase = Phase::closed();
        state.era += 1;
        (self.announce)(Moved { to: Position::Closed, reason: "it works again" });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    fn closed() -> Self {
        Self::Closed { deferrable: Tally::default(), needed: Tally::default() }
    }
}

impl Tally {
    /// Why the breaker has to open, if it has to.
    fn add(&mut self, good: bool, settings: &BreakerSettings) -> Option<&'static str> {
        self.in_a_row = if good { 0 } else { self.in_a_row.saturating_add(1) };
        self.recent.push_back(good);
        while self.recent.len() > settings.window {
            self.recent.pop_front();
        }
        if self.in_a_row >= settings.consecutive_failures.max(1) {
            return Some("too many failures in a row");
        }
        let failures = self.recent.iter().filter(|good| !**good).count();
        let most = settings.window.saturating_mul(usize::from(settings.failure_percent));
        let full = !self.recent.is_empty() && self.recent.len() == settings.window;
        (full && failures * 100 >= most.max(1)).then_some("too many failures")
    }
}

impl<F: Fn(Moved)> Ticket<'_, F> {
    /// Tells how the call went.
    pub(super) fn settle(mut self, health: Health) {
        self.breaker.record(&self, health);
        self.probe = false; // done: dropping it must not free the place again
    }
}

impl<F: Fn(Moved)> Drop for Ticket<'_, F> {
    fn drop(&mut self) {
        if self.probe
            && let Phase::HalfOpen { probing } = &mut self.breaker.lock().phase
        {
            *probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
