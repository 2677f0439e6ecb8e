use std::sync::Arc;

use async_trait::async_trait;
use domain::ledger::{LedgerUpkeep, debts::CollectDebts};

use crate::{Progress, Task, TaskError};

/// Adds up the accounts that no row carries.
pub struct RollUp(pub Arc<dyn LedgerUpkeep>);

#[async_trait]
impl Task for RollUp {
    async fn run(&self) -> Result<Progress, TaskError> {
        let rows = self.0.roll_up().await?;
        tracing::debug!("added up {rows} movements");
        Ok(Progress::Done)
    }
}

/// Spends on debts what came back into wallets.
pub struct Collect(pub CollectDebts);

#[async_trait]
impl Task for Collect {
    async fn run(&self) -> Result<Progress, TaskError> {
        // What a run could not collect is found again: no reason to hurry.
        self.0.run_once().await?;
        Ok(Progress::Done)
    }
}
