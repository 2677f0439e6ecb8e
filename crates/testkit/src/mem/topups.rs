use async_trait::async_trait;
use domain::{
    gateways::Notice,
    ids::{RefundId, TopupId, UserId},
    ledger::Gateway,
    store::StoreError,
    time::Timestamp,
    topups::{
        PaymentRecord, Refund, Resolution, Reversal, Topup, TopupBacklog, TopupHistory,
        TopupQueries, TopupRepo, TopupState,
    },
};

use super::{
    MemStore,
    state::{State, misuse},
    unit::MemUnit,
};

/// Top-ups, and everything that is kept beside them in the order in which it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Payins {
    topups: Vec<Topup>,
    payments: Vec<PaymentRecord>,
    reversals: Vec<Reversal>,
    refunds: Vec<Refund>,
    resolutions: Vec<Resolution>,
    notices: Vec<Notice>,
}

impl Payins {
    pub(super) fn topups(&self) -> &[Topup] {
        &self.topups
    }

    pub(super) fn payments(&self) -> &[PaymentRecord] {
        &self.payments
    }

    fn find(&self, id: TopupId) -> Option<&Topup> {
        self.topups.iter().find(|topup| topup.id == id)
    }

    fn payment(&self, gateway: Gateway, payment_id: &str) -> Option<&PaymentRecord> {
        let same =
            |known: &&PaymentRecord| known.gateway == gateway && known.payment_id == payment_id;
        self.payments.iter().find(same)
    }

    /// Whether another top-up claims the same payment of the same gateway.
    fn is_taken(&self, topup: &Topup) -> bool {
        self.topups.iter().any(|other| {
            other.id != topup.id
                && other.gateway == topup.gateway
                && other.payment_id.is_some()
                && other.payment_id == topup.payment_id
        })
    }

    fn payments_of(&self, id: TopupId) -> Vec<PaymentRecord> {
        self.payments.iter().filter(|payment| payment.topup == id).cloned().collect()
    }

    fn reversals_of(&self, id: TopupId) -> Vec<Reversal> {
        self.reversals.iter().filter(|reversal| reversal.topup == id).cloned().collect()
    }

    fn refunds_of(&self, id: TopupId) -> Vec<Refund> {
        self.refunds.iter().filter(|refund| refund.topup == id).cloned().collect()
    }
}

/// Replaces the one that `same` finds, or adds it as the newest.
fn put<T>(all: &mut Vec<T>, new: T, same: impl Fn(&T) -> bool) {
    match all.iter_mut().find(|old| same(old)) {
        Some(old) => *old = new,
        None => all.push(new),
    }
}

impl MemUnit {
    /// Everything that belongs to a top-up is written under its lock.
    fn locked(&mut self, topup: TopupId) -> Result<&mut Payins, StoreError> {
        if self.locked_topups.contains(&topup) {
            Ok(&mut self.draft.payins)
        } else {
            Err(misuse("this unit has not locked the top-up"))
        }
    }
}

#[async_trait]
impl TopupRepo for MemUnit {
    async fn insert_topup(&mut self, topup: &Topup) -> Result<(), StoreError> {
        self.step("insert_topup", |unit| {
            if !unit.draft.identities.contains(topup.user) {
                return Err(misuse("a top-up belongs to a customer"));
            }
            if unit.draft.payins.find(topup.id).is_some() {
                return Err(misuse("this top-up exists"));
            }
            unit.draft.payins.topups.push(topup.clone());
            Ok(())
        })
        .await
    }

    async fn lock_topup(&mut self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        self.step("lock_topup", |unit| {
            unit.locked_topups.insert(id);
            Ok(unit.draft.payins.find(id).cloned())
        })
        .await
    }

    async fn lock_due_topups(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Topup>, StoreError> {
        self.step("lock_due_topups", |unit| {
            let is_due = |topup: &&Topup| topup.poll_at.is_some_and(|at| at <= now);
            let mut due: Vec<_> = unit.draft.payins.topups.iter().filter(is_due).cloned().collect();
            due.sort_by_key(|topup| topup.poll_at);
            due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            unit.locked_topups.extend(due.iter().map(|topup| topup.id));
            Ok(due)
        })
        .await
    }

    async fn update_topup(&mut self, topup: &Topup, _at: Timestamp) -> Result<(), StoreError> {
        self.step("update_topup", |unit| {
            let payins = unit.locked(topup.id)?;
            if payins.is_taken(topup) {
                return Err(misuse("this payment belongs to another top-up"));
            }
            put(&mut payins.topups, topup.clone(), |known| known.id == topup.id);
            Ok(())
        })
        .await
    }

    async fn payment(
        &mut self,
        gateway: Gateway,
        payment_id: &str,
    ) -> Result<Option<PaymentRecord>, StoreError> {
        self.step("payment", |unit| Ok(unit.draft.payins.payment(gateway, payment_id).cloned()))
            .await
    }

    async fn payments_of(&mut self, topup: TopupId) -> Result<Vec<PaymentRecord>, StoreError> {
        self.step("payments_of", |unit| Ok(unit.draft.payins.payments_of(topup))).await
    }

    async fn put_payment(&mut self, payment: &PaymentRecord) -> Result<(), StoreError> {
        self.step("put_payment", |unit| {
            let payins = unit.locked(payment.topup)?;
            let owner = payins.payment(payment.gateway, &payment.payment_id);
            if owner.is_some_and(|known| known.topup != payment.topup) {
                return Err(misuse("this payment was booked for another top-up"));
            }
            if payment.reversed < 0 || payment.reversed > payment.credited || payment.returned < 0 {
                return Err(misuse("more went back than was credited"));
            }
            put(&mut payins.payments, payment.clone(), |known| {
                known.gateway == payment.gateway && known.payment_id == payment.payment_id
            });
            Ok(())
        })
        .await
    }

    async fn reversals_of(&mut self, topup: TopupId) -> Result<Vec<Reversal>, StoreError> {
        self.step("reversals_of", |unit| Ok(unit.draft.payins.reversals_of(topup))).await
    }

    async fn put_reversal(&mut self, reversal: &Reversal) -> Result<(), StoreError> {
        self.step("put_reversal", |unit| {
            let payins = unit.locked(reversal.topup)?;
            if payins.payment(reversal.gateway, &reversal.payment_id).is_none() {
                return Err(misuse("a reversal belongs to a payment"));
            }
            put(&mut payins.reversals, reversal.clone(), |known| {
                (known.gateway, known.kind, &known.id)
                    == (reversal.gateway, reversal.kind, &reversal.id)
            });
            Ok(())
        })
        .await
    }

    async fn insert_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        self.step("insert_refund", |unit| {
            let payins = unit.locked(refund.topup)?;
            if payins.refunds.iter().any(|known| known.id == refund.id) {
                return Err(misuse("this refund exists"));
            }
            if refund.operator.eq_ignore_ascii_case(&refund.approver) {
                return Err(misuse("nobody approves what they ordered"));
            }
            payins.refunds.push(refund.clone());
            Ok(())
        })
        .await
    }

    async fn refund(&mut self, id: RefundId) -> Result<Option<Refund>, StoreError> {
        self.step("refund", |unit| {
            Ok(unit.draft.payins.refunds.iter().find(|refund| refund.id == id).cloned())
        })
        .await
    }

    async fn refunds_of(&mut self, topup: TopupId) -> Result<Vec<Refund>, StoreError> {
        self.step("refunds_of", |unit| Ok(unit.draft.payins.refunds_of(topup))).await
    }

    async fn update_refund(&mut self, refund: &Refund, _at: Timestamp) -> Result<(), StoreError> {
        self.step("update_refund", |unit| {
            let payins = unit.locked(refund.topup)?;
            let known = payins.refunds.iter_mut().find(|known| known.id == refund.id);
            *known.ok_or_else(|| misuse("no such refund"))? = refund.clone();
            Ok(())
        })
        .await
    }

    async fn insert_resolution(&mut self, resolution: &Resolution) -> Result<(), StoreError> {
        self.step("insert_resolution", |unit| {
            unit.locked(resolution.topup)?.resolutions.push(resolution.clone());
            Ok(())
        })
        .await
    }

    async fn insert_notice(
        &mut self,
        notice: &Notice,
        _raw: &[u8],
        _at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.step("insert_notice", |unit| {
            let notices = &mut unit.draft.payins.notices;
            let known = notices
                .iter()
                .any(|known| known.gateway == notice.gateway && known.event_id == notice.event_id);
            if !known {
                notices.push(notice.clone());
            }
            Ok(!known)
        })
        .await
    }
}

#[async_trait]
impl TopupQueries for MemStore {
    async fn find(&self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        self.read("find_topup", |state| state.payins.find(id).cloned()).await
    }

    async fn list(
        &self,
        user: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Topup>, StoreError> {
        self.read("list_topups", |state| {
            let is_older = |topup: &Topup| before.is_none_or(|before| topup.created_at < before);
            newest(state, limit, |topup| topup.user == user && is_older(topup))
        })
        .await
    }

    async fn flagged(&self, limit: u32) -> Result<Vec<Topup>, StoreError> {
        self.read("flagged_topups", |state| newest(state, limit, |topup| topup.flag.is_some()))
            .await
    }

    async fn topup_history(&self, id: TopupId) -> Result<TopupHistory, StoreError> {
        self.read("topup_history", |state| {
            let payins = &state.payins;
            let of_topup = |resolution: &&Resolution| resolution.topup == id;
            TopupHistory {
                payments: payins.payments_of(id),
                reversals: payins.reversals_of(id),
                refunds: payins.refunds_of(id),
                resolutions: payins.resolutions.iter().filter(of_topup).cloned().collect(),
            }
        })
        .await
    }

    async fn backlog(&self) -> Result<TopupBacklog, StoreError> {
        let now = self.now();
        self.read("topup_backlog", |state| {
            let topups = || state.payins.topups.iter();
            let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            let processing = topups().filter(|topup| topup.state == TopupState::Processing);
            let oldest = processing.map(|topup| topup.created_at).min();
            TopupBacklog {
                open: count(topups().filter(|topup| !topup.state.is_settled()).count()),
                flagged: count(topups().filter(|topup| topup.flag.is_some()).count()),
                oldest_processing_seconds: oldest.map_or(0, |at| (now - at).num_seconds()),
            }
        })
        .await
    }
}

fn newest(state: &State, limit: u32, wanted: impl Fn(&Topup) -> bool) -> Vec<Topup> {
    let mut found: Vec<_> =
        state.payins.topups.iter().filter(|topup| wanted(topup)).cloned().collect();
    found.sort_by_key(|topup| std::cmp::Reverse((topup.created_at, topup.id)));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found
}

impl MemStore {
    /// All top-ups, in the order in which they were started.
    pub async fn all_topups(&self) -> Vec<Topup> {
        self.state.lock().await.payins.topups.clone()
    }

    /// Ids of all notifications that were kept, in the order in which they came.
    pub async fn notices(&self) -> Vec<String> {
        let state = self.state.lock().await;
        state.payins.notices.iter().map(|notice| notice.event_id.clone()).collect()
    }
}
