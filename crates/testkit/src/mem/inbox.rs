use async_trait::async_trait;
use domain::{
    ids::{InboxId, OrderId, ProviderId},
    inbox::{Callback, CallbackState, CallbackStore, InboxRepo, StoredCallback, StoredMessage},
    orders::Order,
    store::StoreError,
    tasks::{NewTask, TaskKind},
    time::Timestamp,
};

use super::{
    MemStore,
    orders::rents,
    state::{State, misuse, next_id},
    unit::MemUnit,
};

/// Providers give their messages no id: activation, text and their own time stamp name one.
fn is_same(known: &Callback, other: &Callback) -> bool {
    known.provider == other.provider
        && known.external_id == other.external_id
        && known.received_at == other.received_at
        && known.text == other.text
}

fn messages(state: &State, order: OrderId) -> Vec<StoredMessage> {
    state.messages.get(&order).cloned().unwrap_or_default()
}

#[async_trait]
impl InboxRepo for MemUnit {
    async fn lock_callback(&mut self, id: InboxId) -> Result<Option<StoredCallback>, StoreError> {
        self.step("lock_callback", |unit| Ok(unit.draft.callbacks.get(&id).cloned())).await
    }

    async fn mark_callback(&mut self, id: InboxId, state: CallbackState) -> Result<(), StoreError> {
        self.step("mark_callback", |unit| {
            let row = unit.draft.callbacks.get_mut(&id);
            row.ok_or_else(|| misuse("no such callback"))?.state = state;
            Ok(())
        })
        .await
    }

    async fn messages(&mut self, order: &Order) -> Result<Vec<StoredMessage>, StoreError> {
        self.step("messages", |unit| Ok(messages(&unit.draft, order.id))).await
    }

    async fn add_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError> {
        self.step("add_message", |unit| {
            if !unit.draft.orders.contains_key(&order.id) {
                return Err(misuse("a message belongs to an order"));
            }
            let messages = unit.draft.messages.entry(order.id).or_default();
            if messages.iter().any(|known| known.revision == message.revision) {
                return Err(misuse("the order has a message with this revision"));
            }
            messages.push(message.clone());
            messages.sort_by_key(|message| message.revision);
            Ok(())
        })
        .await
    }

    async fn replace_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError> {
        self.step("replace_message", |unit| {
            let messages = unit.draft.messages.entry(order.id).or_default();
            let known = messages.iter_mut().find(|known| known.revision == message.revision);
            let known = known.ok_or_else(|| misuse("no message with this revision"))?;
            known.text.clone_from(&message.text);
            known.source = message.source;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl CallbackStore for MemStore {
    async fn store(&self, callback: &Callback, _: Timestamp) -> Result<StoredCallback, StoreError> {
        let now = self.now();
        self.write("store_callback", |state| {
            let mut rows = state.callbacks.values();
            let known = rows.find(|stored| is_same(&stored.callback, callback)).cloned();
            let stored = known.unwrap_or_else(|| {
                let id = InboxId::new(next_id(&state.callbacks, |id| id.get()));
                let callback = callback.clone();
                StoredCallback { id, callback, state: CallbackState::Pending }
            });
            state.callbacks.insert(stored.id, stored.clone());
            if stored.state.is_open() {
                let task = NewTask::new(TaskKind::ConfirmSms, stored.id);
                state.enqueue(&task.after(Callback::HEAD_START), now);
            }
            Ok(stored)
        })
        .await
    }

    async fn callback(&self, id: InboxId) -> Result<Option<StoredCallback>, StoreError> {
        self.read("callback", |state| state.callbacks.get(&id).cloned()).await
    }

    async fn has_order(&self, callback: &Callback) -> Result<bool, StoreError> {
        self.read("has_order", |state| {
            let (provider, id) = (callback.provider, &callback.external_id);
            state.orders.values().any(|row| rents(&row.order, provider, id))
        })
        .await
    }

    async fn is_written_off(&self, callback: &Callback) -> Result<bool, StoreError> {
        self.read("is_written_off", |state| {
            let key = (callback.provider, callback.external_id.as_str().to_owned());
            state.orphans.get(&key).is_some_and(|orphan| orphan.is_written_off)
        })
        .await
    }

    async fn trusts(&self, provider: ProviderId) -> Result<bool, StoreError> {
        self.read("trusts", |state| {
            state.providers.get(provider).is_some_and(|record| record.trusts_callbacks)
        })
        .await
    }

    async fn backlog(&self) -> Result<i64, StoreError> {
        self.read("callback_backlog", |state| {
            let open = state.callbacks.values().filter(|stored| stored.state.is_open());
            i64::try_from(open.count()).unwrap_or(i64::MAX)
        })
        .await
    }

    async fn history(&self, order: OrderId) -> Result<Vec<StoredMessage>, StoreError> {
        self.read("history", |state| messages(state, order)).await
    }
}
