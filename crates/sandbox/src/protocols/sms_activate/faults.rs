use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, refusal::Refusal};
use crate::decimal::Decimal;

/// What goes wrong at a provider.
///
/// Latency and lost answers concern the actions that change something, refusals and prices concern
/// purchases, broken bodies concern every action. `actions` narrows or, for latency and lost
/// answers, widens that.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the document of the control API")]
pub(crate) struct FaultPlan {
    /// Wait before handling. The call is handled even when the caller has gone meanwhile.
    latency_ms: u64,
    /// Wait between handling and answering.
    latency_after_commit_ms: u64,
    /// Handle, then never answer.
    timeout_after_commit: bool,
    /// Handle, then reset the connection.
    drop_after_commit: bool,
    http_500: bool,
    html_body: bool,
    empty_body: bool,
    garbage_body: bool,
    /// Handle the call before one of the four broken answers instead of ignoring it.
    after_commit: bool,
    no_numbers: bool,
    no_balance: bool,
    wrong_price: Option<Decimal>,
    /// Sells at this multiple of the listed price.
    price_multiplier: Option<Decimal>,
    /// Copies of each callback beyond the first.
    pub(super) callback_duplicates: u32,
    pub(super) callback_delay_ms: u64,
    /// Hold callbacks until two are there or they are flushed, and send them newest first.
    pub(super) callback_reorder: bool,
    pub(super) no_callback: bool,
    actions: Vec<Action>,
    /// How many more calls are hit; all when absent.
    remaining: Option<u64>,
}

impl FaultPlan {
    /// What hits this call of `action`. Counts the call when anything does.
    pub(super) fn draw(&mut self, action: Action) -> Injected {
        let listed = self.actions.contains(&action);
        if self.remaining == Some(0) || !(listed || self.actions.is_empty()) {
            return Injected::default();
        }
        let injected = self.injected(action, listed || action.commits());
        if injected.is_something()
            && let Some(remaining) = &mut self.remaining
        {
            *remaining -= 1;
        }
        injected
    }

    fn injected(&self, action: Action, slow: bool) -> Injected {
        let mut injected = Injected {
            broken: self.broken(),
            broken_after_commit: self.after_commit,
            ..Injected::default()
        };
        if slow {
            injected.before = Duration::from_millis(self.latency_ms);
            injected.after = Duration::from_millis(self.latency_after_commit_ms);
            injected.lost = self.lost();
        }
        if action.is_purchase() {
            injected.refusal = self.refusal();
            injected.price_multiplier = self.price_multiplier;
        }
        injected
    }

    fn broken(&self) -> Option<Broken> {
        let kinds = [
            (self.http_500, Broken::Http500),
            (self.html_body, Broken::Html),
            (self.empty_body, Broken::Empty),
            (self.garbage_body, Broken::Garbage),
        ];
        kinds.into_iter().find(|(set, _)| *set).map(|(_, broken)| broken)
    }

    fn lost(&self) -> Option<Lost> {
        let kinds =
            [(self.drop_after_commit, Lost::Cut), (self.timeout_after_commit, Lost::Silence)];
        kinds.into_iter().find(|(set, _)| *set).map(|(_, lost)| lost)
    }

    fn refusal(&self) -> Option<Refusal> {
        if self.no_numbers {
            return Some(Refusal::NoNumbers);
        }
        if self.no_balance {
            return Some(Refusal::NoBalance);
        }
        self.wrong_price.map(Refusal::WrongMaxPrice)
    }
}

/// The faults of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Injected {
    pub(super) before: Duration,
    pub(super) after: Duration,
    pub(super) lost: Option<Lost>,
    pub(super) broken: Option<Broken>,
    broken_after_commit: bool,
    pub(super) refusal: Option<Refusal>,
    pub(super) price_multiplier: Option<Decimal>,
}

impl Injected {
    /// The answer that takes the place of handling the call.
    pub(super) fn broken_at_once(&self) -> Option<Broken> {
        self.broken.filter(|_| !self.broken_after_commit)
    }

    fn is_something(&self) -> bool {
        *self != Self { broken_after_commit: self.broken_after_commit, ..Self::default() }
    }
}

/// How an answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Silence,
    Cut,
}

/// An answer that is not in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    Http500,
    Html,
    Empty,
    Garbage,
}

#[cfg(test)]
mod tests {
    use super::{Action, FaultPlan, Injected, Lost};

    fn plan(json: &str) -> FaultPlan {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn counts_only_calls_that_were_hit() {
        let mut plan = plan(r#"{"no_numbers":true,"remaining":1}"#);
        assert_eq!(plan.draw(Action::Balance), Injected::default());
        assert!(plan.draw(Action::Number).refusal.is_some());
        assert_eq!(plan.draw(Action::Number), Injected::default());
    }

    #[test]
    fn loses_answers_of_changing_actions_unless_told_otherwise() {
        let mut everything = plan(r#"{"drop_after_commit":true}"#);
        assert_eq!(everything.draw(Action::SetStatus).lost, Some(Lost::Cut));
        assert_eq!(everything.draw(Action::Status).lost, None);
        let mut listed = plan(r#"{"drop_after_commit":true,"actions":["getStatus"]}"#);
        assert_eq!(listed.draw(Action::SetStatus).lost, None);
        assert_eq!(listed.draw(Action::Status).lost, Some(Lost::Cut));
    }
}
