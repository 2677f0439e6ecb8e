//! Money that goes back to payers: refunds, disputes, and payments undone by their gateway.
//!
//! What the customer still has is taken first; the rest becomes a debt, and with a debt nothing can
//! be bought.

use super::{
    PaymentRecord, Refund, RefundProgress, Reversal, ReversalKind, ReversalState, Topup, TopupFlag,
    apply::ApplyError, give_back::give_back,
};
use crate::{
    gateways::{
        DisputeReport, DisputeState, PaymentReport, PaymentStatus, RefundReport, RefundState,
    },
    ledger::{Freeze, FreezeCause, chart},
    money::{Amount, Money},
    store::UnitOfWork,
    time::Timestamp,
};

/// Whether money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reversed {
    Moved,
    Nothing,
}

impl Reversed {
    const fn or(self, other: Self) -> Self {
        match self {
            Self::Moved => Self::Moved,
            Self::Nothing => other,
        }
    }
}

/// Books every refund and dispute of `report` that is not booked yet, and restores those that came
/// to nothing.
pub(super) async fn book(
    uow: &mut dyn UnitOfWork,
    (topup, payment): (&mut Topup, &mut PaymentRecord),
    report: &PaymentReport,
    now: Timestamp,
) -> Result<Reversed, ApplyError> {
    if payment.received == 0 {
        return Ok(Reversed::Nothing);
    }
    let mut desk = Desk { known: uow.topups().reversals_of(topup.id).await?, uow, topup, payment };
    let mut moved = desk.undone(report.status).await?;
    for refund in &report.refunds {
        moved = moved.or(match desk.ours(refund).await? {
            Some(known) => desk.our_refund(known, refund, now).await?,
            None => desk.foreign_refund(refund, now).await?,
        });
    }
    for dispute in &report.disputes {
        moved = moved.or(desk.dispute(dispute, now).await?);
    }
    Ok(moved)
}

/// One payment of one top-up, with everything that went back so far.
struct Desk<'a> {
    uow: &'a mut dyn UnitOfWork,
    topup: &'a mut Topup,
    payment: &'a mut PaymentRecord,
    known: Vec<Reversal>,
}

impl Desk<'_> {
    async fn undone(&mut self, status: PaymentStatus) -> Result<Reversed, ApplyError> {
        if !matches!(status, PaymentStatus::Failed | PaymentStatus::Canceled) {
            return Ok(Reversed::Nothing);
        }
        let Some(left) = self.payment.unreturned() else { return Ok(Reversed::Nothing) };
        let id = format!("{}:undone", self.payment.payment_id);
        if self.find(ReversalKind::Undone, &id).is_some() {
            return Ok(Reversed::Nothing);
        }
        self.topup.raise(TopupFlag::Undone);
        let amount = Money { currency: self.topup.charge.currency, amount: left };
        self.take(ReversalKind::Undone, id, amount).await
    }

    async fn foreign_refund(
        &mut self,
        refund: &RefundReport,
        now: Timestamp,
    ) -> Result<Reversed, ApplyError> {
        let known = self.find(ReversalKind::Refund, &refund.id).map(|known| known.state);
        match (refund.state, known) {
            (RefundState::Pending | RefundState::Done, None) => {
                self.take(ReversalKind::Refund, refund.id.clone(), refund.amount).await
            }
            (RefundState::Failed, Some(ReversalState::Booked)) => {
                self.restore(ReversalKind::Refund, &refund.id, now).await
            }
            _ => Ok(Reversed::Nothing),
        }
    }

    async fn dispute(
        &mut self,
        dispute: &DisputeReport,
        now: Timestamp,
    ) -> Result<Reversed, ApplyError> {
        let known = self.find(ReversalKind::Dispute, &dispute.id).map(|known| known.state);
        match (dispute.state, known) {
            (DisputeState::Inquiry, None) => {
                self.topup.point_out(TopupFlag::Inquiry);
                Ok(Reversed::Nothing)
            }
            (DisputeState::Open | DisputeState::Lost, None) => {
                let stop = self.stop(dispute);
                self.uow.ledger().freeze(&stop).await?;
                let id = dispute.id.clone();
                let moved = self.take(ReversalKind::Dispute, id, dispute.amount).await?;
                if dispute.state == DisputeState::Lost {
                    self.finish(ReversalKind::Dispute, &dispute.id).await?;
                }
                Ok(moved)
            }
            (DisputeState::Lost, Some(ReversalState::Booked)) => {
                self.finish(ReversalKind::Dispute, &dispute.id).await?;
                Ok(Reversed::Nothing)
            }
            // Also after it was lost: banks change their mind.
            (DisputeState::Won, Some(ReversalState::Booked | ReversalState::Final)) => {
                let (stop, by) = (self.stop(dispute), self.topup.gateway.code());
                self.uow.ledger().unfreeze(&stop, by).await?;
                self.restore(ReversalKind::Dispute, &dispute.id, now).await
            }
            _ => Ok(Reversed::Nothing),
        }
    }

    /// Customers do not buy while their bank decides, nor after it decided for them.
    fn stop(&self, dispute: &DisputeReport) -> Freeze {
        Freeze {
            user: self.topup.user,
            cause: FreezeCause::Dispute,
            reference: format!("{}:{}", self.topup.gateway.code(), dispute.id),
        }
    }

    /// The refund of ours that `report` tells of. One that the gateway refused, as we heard, and
    /// that it made all the same is none of ours: the customer has that money back.
    async fn ours(&mut self, report: &RefundReport) -> Result<Option<Refund>, ApplyError> {
        let Some(id) = report.refund else { return Ok(None) };
        let found = self.uow.topups().refund(id).await?;
        Ok(found.filter(|refund| {
            let unheard = refund.gateway_refund_id.is_none();
            refund.payment_id == self.payment.payment_id
                && !(refund.state == RefundProgress::Failed && unheard)
        }))
    }

    /// The customer's money was taken when the refund was ordered.
    async fn our_refund(
        &mut self,
        mut refund: Refund,
        report: &RefundReport,
        now: Timestamp,
    ) -> Result<Reversed, ApplyError> {
        let next = match (report.state, refund.state) {
            (_, RefundProgress::Failed) => return Ok(Reversed::Nothing),
            // Even what has arrived can come back.
            (RefundState::Failed, _) => RefundProgress::Failed,
            (RefundState::Done, _) | (_, RefundProgress::Done) => RefundProgress::Done,
            (RefundState::Pending, _) => RefundProgress::Sent,
        };
        if next == refund.state && refund.gateway_refund_id.is_some() {
            return Ok(Reversed::Nothing);
        }
        refund.state = next;
        refund.gateway_refund_id.get_or_insert_with(|| report.id.clone());
        self.uow.topups().update_refund(&refund, now).await?;
        if next != RefundProgress::Failed {
            return Ok(Reversed::Nothing);
        }
        self.payment.shift(-refund.value.amount.get(), 0);
        self.give_back(&refund.id.to_string(), now).await?;
        Ok(Reversed::Moved)
    }

    fn find(&self, kind: ReversalKind, id: &str) -> Option<&Reversal> {
        self.known.iter().find(|known| known.kind == kind && known.id == id)
    }

    async fn take(
        &mut self,
        kind: ReversalKind,
        id: String,
        amount: Money,
    ) -> Result<Reversed, ApplyError> {
        if amount.currency != self.topup.charge.currency {
            self.topup.point_out(TopupFlag::Mismatch);
            return Ok(Reversed::Nothing);
        }
        let (user, gateway) = (self.topup.user, self.payment.gateway);
        if self.payment.unreturned().is_none_or(|left| left < amount.amount) {
            self.topup.raise(TopupFlag::Excess);
        }
        let taken = self.payment.reversal_of(amount.amount);
        let reversal = Reversal {
            gateway,
            id,
            topup: self.topup.id,
            payment_id: self.payment.payment_id.clone(),
            kind,
            amount,
            taken: taken.map_or(0, Amount::get),
            given: 0,
            state: ReversalState::Booked,
        };
        if let Some(taken) = taken {
            let reference = reversal.reference();
            let journal = chart::clawback(gateway, &reference, user, taken, amount.dollars());
            self.uow.ledger().post(&journal).await?;
            self.uow.ledger().repay_debt(user).await?;
        }
        self.payment.shift(amount.amount.get(), reversal.taken);
        tracing::warn!(topup.id = %self.topup.id, reversal = %reversal.id, kind = kind.as_str(), "money of top-up {} went back to the payer", self.topup.id);
        self.write(reversal).await?;
        Ok(Reversed::Moved)
    }

    async fn restore(
        &mut self,
        kind: ReversalKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Reversed, ApplyError> {
        let Some(mut reversal) = self.find(kind, id).cloned() else {
            return Ok(Reversed::Nothing);
        };
        self.payment.shift(-reversal.amount.amount.get(), 0);
        reversal.state = ReversalState::Restored;
        self.write(reversal).await?;
        self.give_back(id, now).await?;
        Ok(Reversed::Moved)
    }

    async fn give_back(&mut self, id: &str, now: Timestamp) -> Result<(), ApplyError> {
        give_back(self.uow, (self.topup, self.payment), id, now).await?;
        self.known = self.uow.topups().reversals_of(self.topup.id).await?;
        Ok(())
    }

    async fn finish(&mut self, kind: ReversalKind, id: &str) -> Result<(), ApplyError> {
        let Some(mut reversal) = self.find(kind, id).cloned() else { return Ok(()) };
        reversal.state = ReversalState::Final;
        self.write(reversal).await
    }

    async fn write(&mut self, reversal: Reversal) -> Result<(), ApplyError> {
        self.uow.topups().put_reversal(&reversal).await?;
        self.known.retain(|known| known.kind != reversal.kind || known.id != reversal.id);
        self.known.push(reversal);
        Ok(())
    }
}
