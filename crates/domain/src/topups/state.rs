use super::{PaymentRecord, Reversal, ReversalKind, ReversalState, Topup, TopupFlag, TopupState};
use crate::gateways::{PaymentReport, PaymentStatus};

/// Where a top-up stands once everything in `payments` and `reversals` is booked: by its money when
/// it has any, else by what its gateway says.
pub(super) fn of(
    topup: &Topup,
    payments: &[PaymentRecord],
    reversals: &[Reversal],
    report: &PaymentReport,
) -> TopupState {
    let credited: i64 = payments.iter().map(|payment| payment.credited).sum();
    if credited > 0 {
        let reversed: i64 = payments.iter().map(|payment| payment.reversed).sum();
        return with_money(credited, reversed, reversals);
    }
    let refused =
        matches!(topup.flag, Some(TopupFlag::Mismatch | TopupFlag::Dust | TopupFlag::Locked));
    if refused && matches!(report.status, PaymentStatus::Settled | PaymentStatus::Locked) {
        return TopupState::Review;
    }
    without_money(topup.state, report.status)
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
