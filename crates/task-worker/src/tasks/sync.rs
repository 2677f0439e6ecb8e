use async_trait::async_trait;
use domain::{catalog::sync::SyncCatalog, tasks::Term};
use metrics::gauge;

use crate::{Progress, Task, TaskError};

/// Takes over what providers have on sale.
pub struct Sync(pub SyncCatalog);

#[async_trait]
impl Task for Sync {
    async fn run(&self) -> Result<Progress, TaskError> {
        self.sync(None).await
    }

    async fn run_in(&self, term: &Term) -> Result<Progress, TaskError> {
        self.sync(Some(term)).await
    }
}

impl Sync {
    async fn sync(&self, term: Option<&Term>) -> Result<Progress, TaskError> {
        for synced in self.0.run_once(term).await? {
            let code = synced.provider.code;
            let fresh = match synced.outcome {
                Ok(report) => {
                    gauge!("catalog_offers", "provider" => code.clone()).set(wide(report.offers));
                    1.0
                }
                Err(_) => 0.0,
            };
            gauge!("catalog_fresh", "provider" => code).set(fresh);
        }
        Ok(Progress::Done)
    }
}

/// Exact up to 2^53, which no count reaches.
#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
pub(super) const fn wide(count: i64) -> f64 {
    count as f64
}
