use async_trait::async_trait;
use domain::{
    ids::{EventSeq, UserId},
    outbox::{Event, EventQueries, EventRelay, Outbox, StampedEvent},
    store::StoreError,
    time::Timestamp,
};

use super::{MemStore, state::State, unit::MemUnit};

#[async_trait]
impl Outbox for MemUnit {
    async fn publish(&mut self, event: Event, at: Timestamp) -> Result<(), StoreError> {
        self.step("publish", |unit| {
            let messages = unit.draft.messages.get(&event.order);
            let revision = messages.and_then(|all| all.last()).map(|newest| newest.revision);
            unit.draft.fresh_events.push((event, at, revision));
            Ok(())
        })
        .await
    }
}

fn newest(state: &State) -> EventSeq {
    state.events.last().map_or(EventSeq::new(0), |event| event.seq)
}

#[async_trait]
impl EventRelay for MemStore {
    async fn stamp(&self, limit: u32) -> Result<Vec<StampedEvent>, StoreError> {
        let now = self.now();
        self.write("stamp", |state| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let count = limit.min(state.fresh_events.len());
            let mut last = newest(state).get();
            let mut stamped = Vec::new();
            let fresh: Vec<_> = state.fresh_events.drain(..count).collect();
            for (event, at, revision) in fresh {
                last += 1;
                let event = StampedEvent { seq: EventSeq::new(last), event, at };
                state.tell(&event, revision, now);
                stamped.push(event);
            }
            state.events.extend(&stamped);
            Ok(stamped)
        })
        .await
    }
}

#[async_trait]
impl EventQueries for MemStore {
    async fn since(
        &self,
        user: UserId,
        after: EventSeq,
        limit: u32,
    ) -> Result<Vec<StampedEvent>, StoreError> {
        self.read("since", |state| {
            let theirs = state.events.iter().filter(|e| e.event.user == user && e.seq > after);
            theirs.take(usize::try_from(limit).unwrap_or(usize::MAX)).copied().collect()
        })
        .await
    }

    async fn newest(&self) -> Result<EventSeq, StoreError> {
        self.read("newest", newest).await
    }
}
