//! Remembered exchange rates.

use std::time::Duration;

use domain::rates::{IdrPerUsd, RateBook};

use super::Backend;
use crate::{Outcome, start_of_time};

fn rate(rupiah: i64) -> Outcome<IdrPerUsd> {
    Ok(IdrPerUsd::new(rupiah).ok_or("a believable rate")?)
}

/// Each new rate takes the place of the one before.
pub async fn remembers_the_newest_rate<B: Backend>(store: &B) -> Outcome {
    assert_eq!(RateBook::newest_rate(store).await?, None);
    for (hours, rupiah) in [(0, 16_000), (1, 16_250)] {
        let made = start_of_time() + Duration::from_hours(hours);
        store.remember_rate(rate(rupiah)?, made).await?;
        assert_eq!(RateBook::newest_rate(store).await?, Some((rate(rupiah)?, made)));
    }
    Ok(())
}

/// A rate made no later than the newest changes nothing.
pub async fn ignores_a_rate_made_earlier<B: Backend>(store: &B) -> Outcome {
    let made = start_of_time() + Duration::from_hours(1);
    store.remember_rate(rate(16_000)?, made).await?;
    store.remember_rate(rate(15_000)?, start_of_time()).await?;
    store.remember_rate(rate(15_000)?, made).await?;
    assert_eq!(RateBook::newest_rate(store).await?, Some((rate(16_000)?, made)));
    Ok(())
}
