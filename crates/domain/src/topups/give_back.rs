//! Giving customers back what was taken from them for money that did not go away after all.
//!
//! Returns of one payment can be more than it together: a dispute of all of it after a refund of a
//! part. No more than was credited is taken for all of them, so what was taken for one stands for
//! the others as well. When one comes to nothing, the customer gets what was taken beyond the share
//! of what stays away, which may be less than was taken for that one, and more when the next does.

use super::{PaymentRecord, Refund, RefundProgress, Reversal, ReversalState, Topup, topup::share};
use crate::{
    ledger::{Journal, PostError, chart},
    money::{Amount, Money},
    store::{StoreError, UnitOfWork},
    time::Timestamp,
};

/// Something that came to nothing.
enum Undone {
    Reversal(Reversal),
    Refund(Refund),
}

impl Undone {
    /// What was taken for it and not given back yet, in whole rupiah.
    fn left(&self) -> i64 {
        match self {
            Self::Reversal(it) => it.taken.saturating_sub(it.given),
            Self::Refund(it) => it.amount.get().saturating_sub(it.given),
        }
    }

    fn is(&self, id: &str) -> bool {
        match self {
            Self::Reversal(it) => it.id == id,
            Self::Refund(it) => it.id.to_string() == id,
        }
    }

    /// Gives `part` of what is left, with the same part of the gateway's money where that is
    /// another one: all parts together return exactly what was moved.
    fn give(&mut self, topup: &Topup, part: Amount) -> Journal {
        let (gateway, user) = (topup.gateway, topup.user);
        match self {
            Self::Reversal(it) => {
                let (reference, given) = (it.reference(), it.given);
                let usd = exchanged(it.amount, it.taken, (given, part));
                it.given = given.saturating_add(part.get());
                chart::clawback_reversal(gateway, (&reference, given), user, part, usd)
            }
            Self::Refund(it) => {
                let (reference, given) = (it.id.to_string(), it.given);
                let usd = exchanged(it.value, it.amount.get(), (given, part));
                it.given = given.saturating_add(part.get());
                chart::topup_refund_reversal(gateway, (&reference, given), user, part, usd)
            }
        }
    }

    async fn write(&self, uow: &mut dyn UnitOfWork, now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Reversal(it) => uow.topups().put_reversal(it).await,
            Self::Refund(it) => uow.topups().update_refund(it, now).await,
        }
    }
}

/// Gives the customer what was taken of `payment` beyond the share of what is away, from what was
/// taken for that which came to nothing: the one called `id` first.
///
/// Whatever came to nothing is stored as such, and `payment` knows that it is not away any more.
pub(super) async fn give_back(
    uow: &mut dyn UnitOfWork,
    (topup, payment): (&Topup, &mut PaymentRecord),
    id: &str,
    now: Timestamp,
) -> Result<(), PostError> {
    let mut surplus = payment.surplus();
    let mut undone = undone(uow, payment).await?;
    undone.sort_by_key(|it| !it.is(id));
    for mut cause in undone {
        let part = surplus.map_or(0, |surplus| surplus.get().min(cause.left()));
        let Some(part) = Amount::new(part) else { continue };
        let journal = cause.give(topup, part);
        uow.ledger().post(&journal).await?;
        cause.write(uow, now).await?;
        payment.shift(0, -part.get());
        surplus = payment.surplus();
    }
    uow.ledger().repay_debt(topup.user).await?;
    Ok(())
}

/// What of a payment's returns came to nothing, the oldest first.
async fn undone(
    uow: &mut dyn UnitOfWork,
    payment: &PaymentRecord,
) -> Result<Vec<Undone>, StoreError> {
    let reversals = uow.topups().reversals_of(payment.topup).await?.into_iter();
    let reversals = reversals
        .filter(|it| it.payment_id == payment.payment_id && it.state == ReversalState::Restored);
    let mut undone: Vec<_> = reversals.map(Undone::Reversal).collect();
    let refunds = uow.topups().refunds_of(payment.topup).await?.into_iter();
    let refunds = refunds
        .filter(|it| it.payment_id == payment.payment_id && it.state == RefundProgress::Failed);
    undone.extend(refunds.map(Undone::Refund));
    Ok(undone)
}

/// The part of `money` that goes with `part` of the `taken` rupiah, of which `given` were given
/// before; nothing unless it was exchanged.
fn exchanged(money: Money, taken: i64, (given, part): (i64, Amount)) -> Option<Amount> {
    let dollars = money.dollars()?;
    let until = |rupiah| match (Amount::new(rupiah), Amount::new(taken)) {
        (Some(rupiah), Some(taken)) => share(dollars, rupiah, taken).map_or(0, Amount::get),
        _ => 0,
    };
    Amount::new(until(given.saturating_add(part.get())) - until(given))
}
