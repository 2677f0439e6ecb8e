use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grade {
    /// Something that was promised or paid is gone.
    Lost,
    /// Something was done or charged twice, or without being asked for.
    Double,
    /// Something is not as it should be.
    Wrong,
    /// Something does not come to an end.
    Stuck,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) grade: Grade,
    pub(crate) text: String,
}

impl Finding {
    pub(super) fn lost(text: impl Into<String>) -> Self {
        Self { grade: Grade::Lost, text: text.into() }
    }

    pub(super) fn double(text: impl Into<String>) -> Self {
        Self { grade: Grade::Double, text: text.into() }
    }

    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self { grade: Grade::Wrong, text: text.into() }
    }

    pub(super) fn stuck(text: impl Into<String>) -> Self {
        Self { grade: Grade::Stuck, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Lost => "LOST",
            Grade::Double => "DOUBLE",
            Grade::Wrong => "WRONG",
            Grade::Stuck => "STUCK",
        };
        write!(f, "{grade}: {}", self.text)
    }
}
