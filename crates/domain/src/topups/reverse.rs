//! Money that goes back to payers: refunds, disputes, and payments undone by their gateway.
//!
//! What the customer still has is taken first; the rest becomes a debt, and with a debt nothing can
//! be bought.

use super::{
    PaymentRecord, RefundProgress, Reversal, ReversalKind, ReversalState, Topup, TopupFlag,
    apply::ApplyError,
};
use crate::{
    gateways::{
        DisputeReport, DisputeState, PaymentReport, PaymentStatus, RefundReport, RefundState,
    },
    ids::RefundId,
    ledger::{Freeze, FreezeCause, chart},
    money::{Amount, Currency, Money},
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
        moved = moved.or(match refund.refund {
            Some(id) if desk.is_ours(id).await? => desk.our_refund(id, refund, now).await?,
            _ => desk.foreign_refund(refund).await?,
        });
    }
    for dispute in &report.disputes {
        moved = moved.or(desk.dispute(dispute).await?);
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
        let left = self.payment.received.checked_sub(self.payment.returned).and_then(Amount::new);
        let Some(left) = left else { return Ok(Reversed::Nothing) };
        let id = format!("{}:undone", self.payment.payment_id);
        if self.find(ReversalKind::Undone, &id).is_some() {
            return Ok(Reversed::Nothing);
        }
        self.topup.flag = Some(TopupFlag::Undone);
        let amount = Money { currency: self.topup.charge.currency, amount: left };
        self.take(ReversalKind::Undone, id, amount).await
    }

    async fn foreign_refund(&mut self, refund: &RefundReport) -> Result<Reversed, ApplyError> {
        let known = self.find(ReversalKind::Refund, &refund.id).map(|known| known.state);
        match (refund.state, known) {
            (RefundState::Pending | RefundState::Done, None) => {
                self.take(ReversalKind::Refund, refund.id.clone(), refund.amount).await
            }
            (RefundState::Failed, Some(ReversalState::Booked)) => {
                self.restore(ReversalKind::Refund, &refund.id).await
            }
            _ => Ok(Reversed::Nothing),
        }
    }

    async fn dispute(&mut self, dispute: &DisputeReport) -> Result<Reversed, ApplyError> {
        let known = self.find(ReversalKind::Dispute, &dispute.id).map(|known| known.state);
        match (dispute.state, known) {
            (DisputeState::Inquiry, _) => {
                self.topup.flag = Some(TopupFlag::Inquiry);
                Ok(Reversed::Nothing)
            }
            (DisputeState::Open | DisputeState::Lost, None) => {
                let stop = self.stop(&dispute.id);
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
            (DisputeState::Won, Some(ReversalState::Booked)) => {
                let (stop, by) = (self.stop(&dispute.id), self.payment.gateway.code());
                self.uow.ledger().unfreeze(&stop, by).await?;
                self.restore(ReversalKind::Dispute, &dispute.id).await
            }
            _ => Ok(Reversed::Nothing),
        }
    }

    async fn is_ours(&mut self, id: RefundId) -> Result<bool, ApplyError> {
        let refund = self.uow.topups().refund(id).await?;
        Ok(refund.is_some_and(|refund| refund.payment_id == self.payment.payment_id))
    }

    /// The customer's money was taken when the refund was ordered.
    async fn our_refund(
        &mut self,
        id: RefundId,
        report: &RefundReport,
        now: Timestamp,
    ) -> Result<Reversed, ApplyError> {
        let Some(mut refund) = self.uow.topups().refund(id).await? else {
            return Ok(Reversed::Nothing);
        };
        let next = match (report.state, refund.state) {
            (_, RefundProgress::Done | RefundProgress::Failed) => return Ok(Reversed::Nothing),
            (RefundState::Pending, _) => RefundProgress::Sent,
            (RefundState::Done, _) => RefundProgress::Done,
            (RefundState::Failed, _) => RefundProgress::Failed,
        };
        let mut moved = Reversed::Nothing;
        if next == RefundProgress::Failed {
            super::refund::give_back(self.uow, self.topup, self.payment, &refund).await?;
            moved = Reversed::Moved;
        }
        refund.state = next;
        refund.gateway_refund_id.get_or_insert_with(|| report.id.clone());
        self.uow.topups().update_refund(&refund, now).await?;
        Ok(moved)
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
            self.topup.flag = Some(TopupFlag::Mismatch);
            return Ok(Reversed::Nothing);
        }
        let taken = self.payment.reversal_of(amount.amount);
        if let Some(taken) = taken {
            let (gateway, user) = (self.payment.gateway, self.topup.user);
            let journal = chart::clawback(gateway, &id, user, taken, dollars(amount));
            self.uow.ledger().post(&journal).await?;
            self.uow.ledger().repay_debt(self.topup.user).await?;
        }
        let taken = taken.map_or(0, Amount::get);
        self.move_totals(amount.amount.get(), taken);
        let reversal = Reversal {
            gateway: self.payment.gateway,
            id,
            topup: self.topup.id,
            payment_id: self.payment.payment_id.clone(),
            kind,
            amount,
            taken,
            state: ReversalState::Booked,
        };
        tracing::warn!(topup.id = %self.topup.id, reversal = %reversal.id, kind = kind.as_str(), "money of top-up {} went back to the payer", self.topup.id);
        self.uow.topups().put_reversal(&reversal).await?;
        self.known.push(reversal);
        Ok(Reversed::Moved)
    }

    async fn restore(&mut self, kind: ReversalKind, id: &str) -> Result<Reversed, ApplyError> {
        let Some(mut reversal) = self.find(kind, id).cloned() else {
            return Ok(Reversed::Nothing);
        };
        if let Some(taken) = Amount::new(reversal.taken) {
            let (gateway, user) = (self.payment.gateway, self.topup.user);
            let usd = dollars(reversal.amount);
            let journal = chart::clawback_reversal(gateway, id, user, taken, usd);
            self.uow.ledger().post(&journal).await?;
            self.uow.ledger().repay_debt(self.topup.user).await?;
        }
        self.move_totals(-reversal.amount.amount.get(), -reversal.taken);
        reversal.state = ReversalState::Restored;
        self.write(reversal).await?;
        Ok(Reversed::Moved)
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

    /// Who asks their bank for the money buys nothing until it is decided.
    fn stop(&self, dispute: &str) -> Freeze {
        Freeze { user: self.topup.user, cause: FreezeCause::Dispute, reference: dispute.to_owned() }
    }

    fn move_totals(&mut self, returned: i64, reversed: i64) {
        self.payment.returned = self.payment.returned.saturating_add(returned);
        self.payment.reversed = self.payment.reversed.saturating_add(reversed);
    }
}

fn dollars(amount: Money) -> Option<Amount> {
    (amount.currency == Currency::Usd).then_some(amount.amount)
}
