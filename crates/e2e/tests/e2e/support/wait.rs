use std::{
    fmt::Display,
    time::{Duration, Instant},
};

/// Longer than anything takes that happens by itself, on busy cores as well.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Between two looks: short against what is waited for, long enough to leave the cores alone.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until `probe` succeeds; panics with its last answer when that takes too long.
pub(crate) async fn eventually<T, E: Display>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let started = Instant::now();
    loop {
        match probe().await {
            Ok(found) => return found,
            Err(error) if started.elapsed() > within => {
                panic!("not within {within:?}: {what}; last seen: {error}")
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// [`eventually`] for a yes or no.
pub(crate) async fn until(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> bool) {
    eventually(what, within, async || if probe().await { Ok(()) } else { Err("not yet") }).await;
}
