use std::time::Duration;

use async_trait::async_trait;
use domain::{
    gateways::Payment,
    ids::{PaymentEventId, TopupId},
    store::StoreError,
    time::Timestamp,
    topups::{PaymentEventState, PaymentInbox, StoredPayment, Topup, TopupQueries, TopupRepo},
};

use super::{
    MemStore,
    state::{PaymentRow, State, misuse, next_id},
    unit::MemUnit,
};

/// Whether another top-up claims the same payment of the same gateway.
fn payment_is_taken(state: &State, topup: &Topup) -> bool {
    let same = |other: &Topup| {
        other.id != topup.id
            && other.gateway == topup.gateway
            && other.payment_id.is_some()
            && other.payment_id == topup.payment_id
    };
    state.topups.values().any(same)
}

#[async_trait]
impl TopupRepo for MemUnit {
    async fn insert_topup(&mut self, topup: &Topup) -> Result<(), StoreError> {
        self.step("insert_topup", |unit| {
            if !unit.draft.identities.contains(topup.user) {
                return Err(misuse("a top-up belongs to a customer"));
            }
            match unit.draft.topups.insert(topup.id, topup.clone()) {
                None => Ok(()),
                Some(_) => Err(misuse("this top-up exists")),
            }
        })
        .await
    }

    async fn lock_topup(&mut self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        self.step("lock_topup", |unit| {
            unit.locked_topups.insert(id);
            Ok(unit.draft.topups.get(&id).cloned())
        })
        .await
    }

    async fn update_topup(&mut self, topup: &Topup, _at: Timestamp) -> Result<(), StoreError> {
        self.step("update_topup", |unit| {
            if !unit.locked_topups.contains(&topup.id) {
                return Err(misuse("this unit has not locked the top-up"));
            }
            if payment_is_taken(&unit.draft, topup) {
                return Err(misuse("this payment belongs to another top-up"));
            }
            unit.draft.topups.insert(topup.id, topup.clone());
            Ok(())
        })
        .await
    }

    async fn lock_payment(
        &mut self,
        id: PaymentEventId,
    ) -> Result<Option<StoredPayment>, StoreError> {
        self.step("lock_payment", |unit| {
            let row = unit.draft.payments.get(&id);
            let pending = row.filter(|row| row.state == PaymentEventState::Pending);
            Ok(pending.map(|row| row.stored.clone()))
        })
        .await
    }

    async fn mark_payment(
        &mut self,
        id: PaymentEventId,
        state: PaymentEventState,
        note: &str,
    ) -> Result<(), StoreError> {
        self.step("mark_payment", |unit| {
            let row = unit.draft.payments.get_mut(&id);
            let row = row.ok_or_else(|| misuse("no such notification"))?;
            row.state = state;
            note.clone_into(&mut row.note);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl PaymentInbox for MemStore {
    async fn store(&self, payment: &Payment, _raw: &[u8], at: Timestamp) -> Result<(), StoreError> {
        self.write("store_payment", |state| {
            let known = state.payments.values().any(|row| {
                let known = &row.stored.payment;
                known.gateway == payment.gateway && known.event_id == payment.event_id
            });
            if !known {
                let id = PaymentEventId::new(next_id(&state.payments, |id| id.get()));
                let stored = StoredPayment { id, payment: payment.clone(), attempts: 0 };
                let (state_, note) = (PaymentEventState::Pending, String::new());
                state.payments.insert(id, PaymentRow { stored, state: state_, note, next: at });
            }
            Ok(())
        })
        .await
    }

    async fn due(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<StoredPayment>, StoreError> {
        self.write("due_payments", |state| {
            let mut due = Vec::new();
            for row in state.payments.values_mut() {
                let pending = row.state == PaymentEventState::Pending && row.next <= now;
                if pending && due.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
                    row.next = now + interval;
                    due.push(row.stored.clone());
                }
            }
            Ok(due)
        })
        .await
    }

    async fn postpone(
        &self,
        id: PaymentEventId,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.write("postpone_payment", |state| {
            let row = state.payments.get_mut(&id).ok_or_else(|| misuse("no such notification"))?;
            row.stored.attempts += 1;
            match next {
                Some(next) => row.next = next,
                None => row.state = PaymentEventState::Parked,
            }
            Ok(())
        })
        .await
    }

    async fn backlog(&self) -> Result<(i64, i64), StoreError> {
        self.read("payment_backlog", |state| {
            let count = |wanted: &[PaymentEventState]| {
                let rows = state.payments.values().filter(|row| wanted.contains(&row.state));
                i64::try_from(rows.count()).unwrap_or(i64::MAX)
            };
            let open = [PaymentEventState::Refused, PaymentEventState::Parked];
            (count(&[PaymentEventState::Pending]), count(&open))
        })
        .await
    }
}

#[async_trait]
impl TopupQueries for MemStore {
    async fn find(&self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        self.read("find_topup", |state| state.topups.get(&id).cloned()).await
    }
}

impl MemStore {
    /// What became of the notification with this id of the gateway, and the note beside it.
    pub async fn payment_note(&self, event_id: &str) -> Option<(PaymentEventState, String)> {
        let state = self.state.lock().await;
        let row = state.payments.values().find(|row| row.stored.payment.event_id == event_id)?;
        Some((row.state, row.note.clone()))
    }
}
