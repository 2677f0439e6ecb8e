use std::{fmt, process::ExitCode};

use domain::fault::{Fault, FaultClass};

/// How a command ends, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// It did not work this time.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// It exists already, or it does not exist.
    Conflict = 3,
    /// The books do not hold.
    Mismatch = 4,
}

impl Exit {
    /// For `--help`.
    pub const TABLE: &'static str = "Exit codes:
  0  done
  1  it did not work this time
  2  the command line or the configuration is wrong
  3  it exists already, or does not exist
  4  the audit found mismatches";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was told.
#[derive(Debug)]
pub struct Failure {
    /// What a script is told.
    pub exit: Exit,
    /// What a person is told.
    pub error: anyhow::Error,
}

impl Failure {
    /// The command line or the configuration is wrong.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, error: error.into() }
    }

    /// It exists already, or does not exist.
    pub fn conflict(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Conflict, error: anyhow::anyhow!("{message}") }
    }

    /// Trouble that may be over the next time.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Failed, error: error.into() }
    }

    /// Says what was being done.
    #[must_use]
    pub fn context(self, message: impl fmt::Display + Send + Sync + 'static) -> Self {
        Self { error: self.error.context(message), ..self }
    }
}

impl<F: Fault> From<F> for Failure {
    fn from(fault: F) -> Self {
        let exit = match fault.code().class() {
            FaultClass::Invalid | FaultClass::TooLarge => Exit::Usage,
            FaultClass::NotFound | FaultClass::Conflict => Exit::Conflict,
            _ => Exit::Failed,
        };
        Self { exit, error: anyhow::Error::new(fault) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}
