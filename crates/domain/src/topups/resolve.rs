//! Dealing with what a top-up was flagged with.

use std::sync::Arc;

use super::{Resolution, Topup};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::TopupId,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Takes a flag off a top-up and keeps who did it, and why. Money is moved by other means.
#[derive(Clone)]
pub struct ResolveTopup {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl ResolveTopup {
    const MAX_LEN: usize = 500;

    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Runs the use case.
    pub async fn execute(
        &self,
        id: TopupId,
        operator: &str,
        note: &str,
    ) -> Result<Topup, ResolveError> {
        for (field, text) in [("operator", operator), ("note", note)] {
            if !(1..=Self::MAX_LEN).contains(&text.trim().chars().count()) {
                return Err(ResolveError::Text { field });
            }
        }
        retrying(ATTEMPTS, || self.resolve(id, operator.trim(), note.trim())).await
    }

    async fn resolve(
        &self,
        id: TopupId,
        operator: &str,
        note: &str,
    ) -> Result<Topup, ResolveError> {
        let at = self.clock.now();
        let mut uow = self.store.begin().await?;
        let topup = uow.topups().lock_topup(id).await?;
        let mut topup = topup.ok_or(ResolveError::Unknown)?;
        let flag = topup.flag.take().ok_or(ResolveError::NoFlag)?;
        if !topup.resolved.contains(&flag) {
            topup.resolved.push(flag);
        }
        let (operator, note) = (operator.to_owned(), note.to_owned());
        let resolution = Resolution { topup: id, flag, operator, note, at };
        uow.topups().update_topup(&topup, at).await?;
        uow.topups().insert_resolution(&resolution).await?;
        uow.commit().await?;
        Ok(topup)
    }
}

/// Why no flag was taken off.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// An explanation is missing or too long.
    #[error("{field} must have 1 to {max} characters", max = ResolveTopup::MAX_LEN)]
    Text {
        /// Which one.
        field: &'static str,
    },
    /// No such top-up.
    #[error("there is no such top-up")]
    Unknown,
    /// There is nothing to deal with.
    #[error("this top-up is not flagged")]
    NoFlag,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ResolveError {
    fn code(&self) -> Code {
        match self {
            Self::Text { .. } => Code::ValidationError,
            Self::Unknown => Code::NotFound,
            Self::NoFlag => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Text { field } => vec![FieldFault::new(*field, self.to_string())],
            _ => Vec::new(),
        }
    }
}

impl AsContention for ResolveError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
