//! What a gateway's report means for a top-up: this is where paid-in money becomes balance.

use super::{
    PaymentRecord, Topup, TopupFlag, TopupState,
    reverse::{self, Reversed},
    schedule, state,
};
use crate::{
    fault::{Code, Fault},
    gateways::{GatewayTerms, PaymentReport, PaymentStatus},
    ids::TopupId,
    ledger::{PostError, chart},
    money::{Amount, Money},
    store::{AsContention, StoreError, UnitOfWork},
    time::Timestamp,
};

/// What applying a report did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Money moved.
    Moved,
    /// At most the state changed.
    Noted,
    /// There is no such top-up (yet).
    Unknown,
}

/// Books whatever `report` has that is not booked yet. Repeating it, also with an older report,
/// moves nothing.
///
/// The caller commits when it is done.
pub(super) async fn apply(
    uow: &mut dyn UnitOfWork,
    terms: GatewayTerms,
    report: &PaymentReport,
    now: Timestamp,
) -> Result<Applied, ApplyError> {
    let known = uow.topups().payment(terms.gateway, &report.payment_id).await?;
    let Some(id) = owner(known.as_ref(), report)? else { return Ok(Applied::Unknown) };
    let Some(mut topup) = uow.topups().lock_topup(id).await? else { return Ok(Applied::Unknown) };
    // Read again: the first look was before the lock.
    let known = uow.topups().payment(terms.gateway, &report.payment_id).await?;
    let fresh = || PaymentRecord::new(terms.gateway, report.payment_id.clone(), id);
    let mut payment = known.unwrap_or_else(fresh);
    let before = topup.clone();

    let credited = credit(uow, (&mut topup, &mut payment), terms, report).await?;
    if credited {
        uow.topups().put_payment(&payment).await?;
    }
    let reversed = reverse::book(uow, (&mut topup, &mut payment), report, now).await?;
    if reversed == Reversed::Moved {
        uow.topups().put_payment(&payment).await?;
    }
    topup.state = state::read(uow, &topup, report).await?;
    topup.payment_id.get_or_insert_with(|| report.payment_id.clone());
    if topup.state != before.state {
        topup.poll_at = Some(schedule::after_change(topup.state, now));
    }
    if topup != before {
        uow.topups().update_topup(&topup, now).await?;
        tracing::info!(
            topup.id = %id, state = topup.state.as_str(),
            flag = topup.flag.map(TopupFlag::as_str), "top-up {id} is {}", topup.state.as_str()
        );
    }
    Ok(if credited || reversed == Reversed::Moved { Applied::Moved } else { Applied::Noted })
}

/// Whose payment it is: by what we booked, else by what the gateway echoes.
fn owner(
    known: Option<&PaymentRecord>,
    report: &PaymentReport,
) -> Result<Option<TopupId>, ApplyError> {
    match (known, report.topup) {
        (Some(known), Some(echoed)) if known.topup != echoed => Err(ApplyError::OtherTopup),
        (Some(known), _) => Ok(Some(known.topup)),
        (None, echoed) => Ok(echoed),
    }
}

/// True when money was credited.
async fn credit(
    uow: &mut dyn UnitOfWork,
    (topup, payment): (&mut Topup, &mut PaymentRecord),
    terms: GatewayTerms,
    report: &PaymentReport,
) -> Result<bool, ApplyError> {
    if report.status == PaymentStatus::Locked {
        topup.point_out(TopupFlag::Locked);
    }
    if report.status != PaymentStatus::Settled {
        return Ok(false);
    }
    let due = match due(topup, payment, terms, report) {
        Due::Nothing => return Ok(false),
        Due::Refuse(flag) => {
            topup.point_out(flag);
            tracing::error!(topup.id = %topup.id, flag = flag.as_str(), "payment for top-up {} not credited", topup.id);
            return Ok(false);
        }
        Due::Credit(due) => due,
    };
    let total = (payment.received > 0).then_some(due.total.amount.get());
    let journal = chart::topup(
        terms.gateway,
        (&payment.payment_id, total),
        topup.user,
        due.worth,
        Money { amount: due.arrived, ..due.total },
    );
    uow.ledger().post(&journal).await?;
    uow.ledger().repay_debt(topup.user).await?;
    // What went back beyond what had come until then was taken from nobody.
    let is_excess = payment.returned > payment.received;
    let flag = flag(topup, payment, due.total);
    if let Some(flag) = if is_excess { Some(TopupFlag::Excess) } else { flag } {
        topup.raise(flag);
    }
    payment.received = due.total.amount.get();
    payment.credited = payment.credited.saturating_add(due.worth.get());
    Ok(true)
}

enum Due {
    Nothing,
    Refuse(TopupFlag),
    Credit(Arrival),
}

struct Arrival {
    /// All that has arrived for the payment.
    total: Money,
    /// The part of it that is new.
    arrived: Amount,
    /// What that is worth to the customer.
    worth: Amount,
}

/// The least worth crediting: below it lie mistakes and probes.
const DUST_IDR: i64 = 1_000;

/// Decides without touching anything. Money moves only when the gateway charged what we asked for.
fn due(topup: &Topup, payment: &PaymentRecord, terms: GatewayTerms, report: &PaymentReport) -> Due {
    let charged = report.charge == Some(topup.charge);
    let Some(total) = report.received else {
        // Final, but of something else than we asked for: a person has to look at it.
        return if charged { Due::Nothing } else { Due::Refuse(TopupFlag::Mismatch) };
    };
    if payment.received >= total.amount.get() {
        return Due::Nothing;
    }
    let fits = topup.gateway == terms.gateway
        && charged
        && total.currency == topup.charge.currency
        && (!terms.exact || total == topup.charge);
    let Some(worth) = topup.worth(total).filter(|_| fits) else {
        return Due::Refuse(TopupFlag::Mismatch);
    };
    let arrived = total.amount.get().checked_sub(payment.received).and_then(Amount::new);
    let more = worth.get().checked_sub(payment.credited).and_then(Amount::new);
    match (arrived, more) {
        _ if worth.get() < DUST_IDR => Due::Refuse(TopupFlag::Dust),
        (Some(arrived), Some(worth)) => Due::Credit(Arrival { total, arrived, worth }),
        _ => Due::Nothing,
    }
}

/// What an operator should know of a credit.
fn flag(topup: &Topup, payment: &PaymentRecord, total: Money) -> Option<TopupFlag> {
    let other = topup.payment_id.as_ref().is_some_and(|first| *first != payment.payment_id);
    let closed =
        matches!(topup.state, TopupState::Expired | TopupState::Failed | TopupState::Canceled);
    if other && topup.state.is_credited() {
        Some(TopupFlag::Second)
    } else if total.amount > topup.charge.amount {
        Some(TopupFlag::Over)
    } else if total.amount < topup.charge.amount {
        Some(TopupFlag::Short)
    } else if closed {
        Some(TopupFlag::Late)
    } else {
        None
    }
}

/// Why a report was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The payment was booked for another top-up than the gateway names now.
    #[error("the payment belongs to another top-up")]
    OtherTopup,
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ApplyError {
    fn code(&self) -> Code {
        match self {
            Self::OtherTopup => Code::InternalError,
            Self::Post(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for ApplyError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            Self::OtherTopup => false,
        }
    }
}
