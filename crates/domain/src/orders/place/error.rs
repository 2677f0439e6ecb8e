use std::time::Duration;

use crate::{
    abuse::Ban,
    fault::{Code, Fault},
    ledger::PostError,
    orders::{FailReason, IllegalTransition, ReserveError},
    store::{AsContention, StoreError},
};

/// Why nothing was bought.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Nobody sold; the money is back.
    #[error("no number was to be had: {}", .0.as_str())]
    Failed(FailReason),
    /// The outcome is being settled; the money is set aside until then.
    #[error("the outcome of the purchase is not known yet")]
    Unknown,
    /// The same request is still running.
    #[error("the first request with this key is still running")]
    InProgress,
    /// A reconciler was faster.
    #[error("the order was settled meanwhile")]
    Overtaken,
    /// Nothing was reserved.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// A step met the order in another state.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for PlaceError {
    fn code(&self) -> Code {
        match self {
            Self::Failed(reason) => reason.code(),
            Self::Unknown | Self::Overtaken => Code::ServiceUnavailable,
            Self::InProgress => Code::RequestInProgress,
            Self::Reserve(error) => error.code(),
            Self::Post(error) => error.code(),
            Self::Illegal(_) => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InProgress => Some(Duration::from_secs(1)),
            Self::Unknown | Self::Overtaken => Some(Duration::from_secs(5)),
            Self::Reserve(error) => error.retry_after(),
            _ => None,
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Reserve(error) => error.public_message(),
            _ => self.code().default_message().to_owned(),
        }
    }

    fn ban(&self) -> Option<Ban> {
        match self {
            Self::Reserve(error) => error.ban(),
            _ => None,
        }
    }
}

impl AsContention for PlaceError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Reserve(error) => error.is_contention(),
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            _ => false,
        }
    }
}
