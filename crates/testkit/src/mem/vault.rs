use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{
    orders::OrderState,
    privacy::{SmsKey, SmsVault},
    store::StoreError,
    time::Day,
};

use super::{MemStore, state::State};

/// Nothing is sealed in memory: what has lost its key is removed at once.
#[async_trait]
impl SmsVault for MemStore {
    async fn seal_plain(&self, _limit: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn drop_keys(&self, before: Day) -> Result<Vec<Day>, StoreError> {
        let now = self.now();
        self.write("drop_keys", |state| {
            let mut days: Vec<Day> = days(state).into_iter().filter(|day| *day < before).collect();
            days.retain(|day| !state.dropped_keys.contains_key(day));
            for day in &days {
                state.dropped_keys.insert(*day, now);
            }
            forget(state);
            Ok::<_, StoreError>(days)
        })
        .await
    }

    async fn clear(&self, _limit: u32) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn list(&self, limit: u32) -> Result<Vec<SmsKey>, StoreError> {
        self.read("list_keys", |state| {
            let known = days(state).into_iter().rev().take(limit as usize);
            known
                .map(|day| SmsKey {
                    day,
                    made_at: day.and_time(chrono::NaiveTime::MIN).and_utc(),
                    dropped_at: state.dropped_keys.get(&day).copied(),
                })
                .collect()
        })
        .await
    }
}

fn days(state: &State) -> BTreeSet<Day> {
    let messages = state.messages.values().flatten().map(|message| message.at.date_naive());
    messages.chain(state.dropped_keys.keys().copied()).collect()
}

fn forget(state: &mut State) {
    let dropped: BTreeSet<Day> = state.dropped_keys.keys().copied().collect();
    for message in state.messages.values_mut().flatten() {
        if dropped.contains(&message.at.date_naive()) {
            (message.code, message.text) = (None, None);
        }
    }
    for row in state.orders.values_mut() {
        let is_gone = dropped.contains(&row.order.created_at.date_naive());
        match &mut row.order.state {
            OrderState::Delivered { delivery, .. } | OrderState::Completed { delivery, .. }
                if is_gone =>
            {
                (delivery.code, delivery.text) = (None, None);
            }
            _ => {}
        }
    }
}
