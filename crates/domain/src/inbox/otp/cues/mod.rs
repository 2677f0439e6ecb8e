//! Words that tell a code from another number.

mod foils;
mod hints;
mod measures;
mod overlap;

use std::sync::LazyLock;

use super::{
    atoms::Points,
    automaton::{Automaton, Match},
};

/// What a word says about the numbers near it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// One of them is a code.
    Hint(Strength, Side),
    /// A number that begins within so many bytes behind it is something else.
    Foil { weight: Points, reach: usize },
    /// A form of "is": what follows it is what came before it.
    Link,
    /// The number right before it counts something.
    Unit,
    /// The number right before or behind it is an amount.
    Currency,
    /// Something is for sale: letters and digits in that sentence make it cheaper.
    Offer,
    /// The year right before or behind it is part of a day.
    Month,
}

impl Role {
    /// Whether a number belongs to the word that follows it, even over a full stop.
    pub(super) const fn comes_first(self) -> bool {
        matches!(self, Self::Foil { .. } | Self::Currency | Self::Month)
    }
}

/// How sure a hint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// It means nothing but such a code.
    Strong,
    /// It means a code of some kind.
    Medium,
    /// It is often near one.
    Weak,
}

impl Strength {
    pub(super) const fn points(self) -> Points {
        match self {
            Self::Strong => 60,
            Self::Medium => 45,
            Self::Weak => 20,
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Strong => 0,
            Self::Medium => 1,
            Self::Weak => 2,
        }
    }

    /// Whether what comes behind it is no longer about what a word before it named.
    pub(super) const fn ends_foils(self) -> bool {
        matches!(self, Self::Strong | Self::Medium)
    }
}

/// On which side of its code a hint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Before it only: "enter".
    Before,
    /// Behind it only: "is your".
    Behind,
    /// On either.
    Either,
}

/// Words of one role, with commas between them. `*` at a side of a word means that it may be part
/// of a longer one there; case and accents of their own do not matter.
type Table = &'static [(Role, &'static str)];

static WORDS: LazyLock<Automaton<Role>> = LazyLock::new(|| {
    let tables = [hints::TABLE, foils::TABLE, measures::TABLE];
    let rows = tables.into_iter().flatten();
    Automaton::new(rows.flat_map(|(role, words)| words.split(',').map(|word| (word.trim(), *role))))
});

/// The words in a text that [`super::fold::plain`] made, by their ends, and the steps it took.
pub(super) fn find(plain: &str) -> (Vec<Match<Role>>, usize) {
    let (found, steps) = WORDS.find(plain);
    (overlap::resolve(&found), steps)
}
