//! Words inside longer ones.

use super::{Role, Side};
use crate::inbox::otp::automaton::Match;

type Cue = Match<Role>;

/// Where the first word of a kind begins among those that end further on, and among those that end
/// at the same place. It covers whatever begins behind it.
#[derive(Clone, Copy)]
struct Cover {
    longer: usize,
    first: usize,
}

impl Cover {
    const NONE: Self = Self { longer: usize::MAX, first: usize::MAX };

    /// Goes on to the words that end where `together` do.
    fn step(self, together: &[Cue], is_such: fn(&Cue) -> bool) -> Self {
        let starts = together.iter().filter(|cue| is_such(cue)).map(|cue| cue.start);
        Self { longer: self.longer.min(self.first), first: starts.min().unwrap_or(usize::MAX) }
    }

    const fn hides(&self, cue: &Cue) -> bool {
        cue.start >= self.longer || cue.start > self.first
    }
}

/// The words, which are in the order of their ends, without the hints that are a part of a foil, as
/// the "code" of "promo code", and the foils that are a part of a hint, as the "number" of
/// "verification number".
pub(super) fn resolve(cues: &[Cue]) -> Vec<Cue> {
    let mut kept: Vec<Cue> = Vec::with_capacity(cues.len());
    let (mut hints, mut foils) = (Cover::NONE, Cover::NONE);
    for together in cues.chunk_by(|left, right| left.end == right.end).rev() {
        hints = hints.step(together, is_hint);
        foils = foils.step(together, is_foil);
        let is_hidden = |cue: &Cue| match cue.role {
            Role::Hint(..) => foils.hides(cue),
            Role::Foil { .. } => hints.hides(cue),
            _ => false,
        };
        kept.extend(together.iter().rev().filter(|cue| !is_hidden(cue)));
    }
    kept.reverse();
    kept
}

const fn is_hint(cue: &Cue) -> bool {
    matches!(cue.role, Role::Hint(_, Side::Before | Side::Either))
}

const fn is_foil(cue: &Cue) -> bool {
    matches!(cue.role, Role::Foil { .. })
}
