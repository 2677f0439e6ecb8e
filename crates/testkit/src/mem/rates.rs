use async_trait::async_trait;
use domain::{
    rates::{IdrPerUsd, RateBook},
    store::StoreError,
    time::Timestamp,
};

use super::MemStore;

#[async_trait]
impl RateBook for MemStore {
    async fn newest_rate(&self) -> Result<Option<(IdrPerUsd, Timestamp)>, StoreError> {
        self.read("newest_rate", |state| state.rate).await
    }

    async fn remember_rate(&self, rate: IdrPerUsd, made_at: Timestamp) -> Result<(), StoreError> {
        self.write("remember_rate", |state| {
            if state.rate.is_none_or(|(_, newest)| newest < made_at) {
                state.rate = Some((rate, made_at));
            }
            Ok(())
        })
        .await
    }
}
