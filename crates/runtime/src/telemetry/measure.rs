use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{MissedTickBehavior, interval};

use crate::shutdown::Stop;

/// Bucket bounds for every `…_seconds` histogram: from a cache hit to a slow provider.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Histograms keep every sample until upkeep folds them, so it must outpace a slow scraper.
const UPKEEP: Duration = Duration::from_secs(5);

static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Why metrics could not be switched on.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The buckets were refused.
    #[error("the metrics recorder cannot be built")]
    Build(#[from] BuildError),
    /// Another recorder is in place.
    #[error("another metrics recorder is installed already")]
    Taken,
}

/// Collects the metrics of this process and returns what renders them; later calls return the
/// same handle.
///
/// # Errors
/// If a recorder that is not ours is installed.
pub fn metrics_handle() -> Result<PrometheusHandle, MetricsError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Taken)?;
    *installed = Some(handle.clone());
    Ok(handle)
}

/// A loop that keeps the memory of histograms bounded between scrapes.
pub fn upkeep(handle: PrometheusHandle) -> impl Fn(Stop) -> Upkeep {
    move |stop| Box::pin(run(handle.clone(), stop))
}

/// The future of [`upkeep`].
pub type Upkeep = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn run(handle: PrometheusHandle, stop: Stop) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => handle.run_upkeep(),
            () = stop.stopping() => return,
        }
    }
}
