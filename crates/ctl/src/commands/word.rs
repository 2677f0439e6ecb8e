//! On whose word money is moved by hand, and how that is answered.

use domain::ledger::{PostError, Posted, adjust::AdjustError, treasury::Decision};

use super::operator;
use crate::{Failure, cli::Word};

impl Word {
    /// Who decides: as given, or whoever is logged in.
    pub(super) fn operator(&self) -> Result<String, Failure> {
        operator(self.operator.as_deref())
    }

    /// Why, where it is kept with a limit of its own.
    pub(super) fn reason(&self) -> Result<String, Failure> {
        let reason = self.reason.trim();
        if (1..=400).contains(&reason.chars().count()) {
            return Ok(reason.to_owned());
        }
        Err(Failure::usage(anyhow::anyhow!("the reason must have 1 to 400 characters")))
    }

    /// The whole explanation of a step that `reference` names.
    pub(super) fn decision(&self, reference: &str) -> Result<Decision, Failure> {
        let (reason, reference) = (self.reason.clone(), reference.to_owned());
        Ok(Decision { operator: self.operator()?, reason, reference })
    }
}

/// Whether money moved now, for scripts.
pub(super) const fn word(posted: Posted) -> &'static str {
    match posted {
        Posted::New => "new",
        Posted::Already => "already",
    }
}

/// What the ledger forbids here is what does not fit the facts; it says what.
pub(super) fn refused(error: AdjustError, what: String) -> Failure {
    match error {
        AdjustError::Post(error @ (PostError::Forbidden(_) | PostError::InsufficientFunds)) => {
            Failure::conflict(error)
        }
        AdjustError::Post(PostError::KeyReused(name)) => Failure::conflict(format_args!(
            "the reference stands for something else already: {name}"
        )),
        error => Failure::from(error).context(what),
    }
}
