//! From driver errors to what the domain can act on.

use domain::{ledger::PostError, store::StoreError};
use sqlx::Error;

/// Two transactions waited for each other.
const DEADLOCK: &str = "40P01";
/// Somebody else committed first.
const SERIALIZATION: &str = "40001";
/// A lock was not to be had in time.
const LOCK_TIMEOUT: &str = "55P03";
/// A journal key stands for other content.
const KEY_REUSED: &str = "LG002";
/// A journal is not permitted.
const FORBIDDEN: &str = "LG004";
/// A journal moves the wallet of nobody.
const NO_WALLET: &str = "LG005";
/// A customer's purchases are stopped.
const FROZEN: &str = "LG006";

/// Sorts an error by what helps: again, later, or a repair.
pub(super) fn store(error: Error) -> StoreError {
    match &error {
        Error::Database(cause) => match cause.code().as_deref() {
            Some(DEADLOCK | SERIALIZATION | LOCK_TIMEOUT) => StoreError::Contention,
            // Classes: connection, resources, operator intervention.
            Some(code) if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
                StoreError::Unavailable(error.into())
            }
            _ => StoreError::Internal(error.into()),
        },
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => StoreError::Unavailable(error.into()),
        _ => StoreError::Internal(error.into()),
    }
}

/// The same for statements that move money.
pub(super) fn post(error: Error) -> PostError {
    let Error::Database(cause) = &error else { return PostError::Store(store(error)) };
    if is_constraint(&error, "wallet_available_floor") {
        return PostError::InsufficientFunds;
    }
    match cause.code().as_deref() {
        Some(FROZEN) => PostError::Frozen,
        Some(KEY_REUSED) => PostError::KeyReused(cause.message().to_owned()),
        Some(FORBIDDEN | NO_WALLET) => PostError::Forbidden(cause.message().to_owned()),
        _ => PostError::Store(store(error)),
    }
}

/// Whether a statement failed by this constraint.
pub(super) fn is_constraint(error: &Error, name: &str) -> bool {
    matches!(error, Error::Database(cause) if cause.constraint() == Some(name))
}

/// A stored row that the rules call impossible.
pub(super) fn corrupt(table: &str, id: impl std::fmt::Display, what: &str) -> StoreError {
    StoreError::Corrupt(format!("{table} {id}: {what}"))
}
