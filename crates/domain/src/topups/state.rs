//! Where a top-up stands: by its money when it has any, else by what its gateway says.

use super::{Reversal, ReversalKind, ReversalState, Topup, TopupFlag, TopupState};
use crate::{
    gateways::{PaymentReport, PaymentStatus},
    store::{StoreError, UnitOfWork},
};

/// Where it stands once everything of `report` is booked.
pub(super) async fn read(
    uow: &mut dyn UnitOfWork,
    topup: &Topup,
    report: &PaymentReport,
) -> Result<TopupState, StoreError> {
    Ok(by_money(uow, topup).await?.unwrap_or_else(|| by_word(topup, report.status)))
}

/// Where its money is; nothing for one without.
pub(super) async fn by_money(
    uow: &mut dyn UnitOfWork,
    topup: &Topup,
) -> Result<Option<TopupState>, StoreError> {
    let payments = uow.topups().payments_of(topup.id).await?;
    let credited: i64 = payments.iter().map(|payment| payment.credited).sum();
    if credited == 0 {
        return Ok(None);
    }
    let reversed: i64 = payments.iter().map(|payment| payment.reversed).sum();
    let reversals = uow.topups().reversals_of(topup.id).await?;
    Ok(Some(with_money(credited, reversed, &reversals)))
}

fn by_word(topup: &Topup, status: PaymentStatus) -> TopupState {
    let refused =
        matches!(topup.flag, Some(TopupFlag::Mismatch | TopupFlag::Dust | TopupFlag::Locked));
    if refused && matches!(status, PaymentStatus::Settled | PaymentStatus::Locked) {
        return TopupState::Review;
    }
    without_money(topup.state, status)
}

fn with_money(credited: i64, reversed: i64, reversals: &[Reversal]) -> TopupState {
    let disputed = |state| {
        reversals.iter().any(|line| line.kind == ReversalKind::Dispute && line.state == state)
    };
    if disputed(ReversalState::Booked) {
        TopupState::Disputed
    } else if disputed(ReversalState::Final) {
        TopupState::Lost
    } else if reversed >= credited {
        TopupState::Refunded
    } else if reversed > 0 {
        TopupState::PartiallyRefunded
    } else {
        TopupState::Paid
    }
}

/// A closed top-up is opened again by money only: an older report must not revive it.
fn without_money(now: TopupState, status: PaymentStatus) -> TopupState {
    let closed = matches!(now, TopupState::Expired | TopupState::Failed | TopupState::Canceled);
    match status {
        PaymentStatus::Open | PaymentStatus::Short | PaymentStatus::Processing if closed => now,
        PaymentStatus::Open => TopupState::Pending,
        PaymentStatus::Short => TopupState::Underpaid,
        PaymentStatus::Processing => TopupState::Processing,
        PaymentStatus::Expired => TopupState::Expired,
        PaymentStatus::Failed => TopupState::Failed,
        PaymentStatus::Canceled => TopupState::Canceled,
        // Final without a sum is a contradiction, and so is a lock that nobody flagged.
        PaymentStatus::Settled | PaymentStatus::Locked => TopupState::Review,
    }
}
