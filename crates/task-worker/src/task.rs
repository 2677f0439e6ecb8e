use std::error::Error;

use async_trait::async_trait;
use domain::tasks::Term;

/// Work that is done again and again.
#[async_trait]
pub trait Task: Send + Sync {
    /// One run. It is not interrupted by a shutdown, so it must be short or bounded.
    async fn run(&self) -> Result<Progress, TaskError>;

    /// One run in a slot of its own. What it stores is refused once `term` is over, where storing
    /// it late would do harm.
    async fn run_in(&self, _term: &Term) -> Result<Progress, TaskError> {
        self.run().await
    }
}

/// What a run found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Probably more to do: run again at once.
    More,
    /// Nothing left for now.
    Done,
}

impl Progress {
    /// For batches that are not given out twice: what had something may have more.
    pub const fn of(found: usize) -> Self {
        if found == 0 { Self::Done } else { Self::More }
    }
}

/// Why a run failed.
pub type TaskError = Box<dyn Error + Send + Sync>;

/// The error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
