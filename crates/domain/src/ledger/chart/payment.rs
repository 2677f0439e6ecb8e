use super::{Account, Journal, JournalKey, JournalKind, Transfer};
use crate::{
    ids::UserId,
    ledger::Gateway,
    money::{Amount, Currency, Money},
};

/// Credits what was received of a payment, once whatever events tell of it.
///
/// A payment that arrives in parts is credited part by part: `total` is what was received of it
/// until then, and nothing for the first credit. What a gateway received in dollars is exchanged
/// for the rupiah of `credit`; in rupiah both are the same amount.
pub fn topup(
    gateway: Gateway,
    (payment, total): (&str, Option<i64>),
    user: UserId,
    credit: Amount,
    received: Money,
) -> Journal {
    let mut key = format!("topup:{}:{payment}", gateway.code());
    if let Some(total) = total {
        key = format!("{key}:{total}");
    }
    let usd = (received.currency == Currency::Usd).then_some(received.amount);
    journal(key, JournalKind::TopupCredit, inward(gateway, user, credit, usd))
}

/// Books that a gateway took money back: the customer owes it from now on, whatever their wallet
/// holds. [`crate::ledger::LedgerRepo::repay_debt`] then takes what is there.
pub fn clawback(
    gateway: Gateway,
    id: &str,
    user: UserId,
    idr: Amount,
    usd: Option<Amount>,
) -> Journal {
    let key = format!("clawback:{}:{id}", gateway.code());
    journal(key, JournalKind::Clawback, outward(Account::Debt(user), gateway, idr, usd))
}

/// Books that the gateway returned what [`clawback`] with the same id took, or a part of it:
/// `given` is what was returned of it before.
pub fn clawback_reversal(
    gateway: Gateway,
    (id, given): (&str, i64),
    user: UserId,
    idr: Amount,
    usd: Option<Amount>,
) -> Journal {
    let key = part(&format!("clawback:{}:{id}", gateway.code()), given);
    journal(key, JournalKind::ClawbackReversal, inward(gateway, user, idr, usd))
}

/// Takes spendable money out of a wallet, to be sent back by the gateway.
pub fn topup_refund(
    gateway: Gateway,
    reference: &str,
    user: UserId,
    idr: Amount,
    usd: Option<Amount>,
) -> Journal {
    let key = format!("refund:{}:{reference}", gateway.code());
    journal(key, JournalKind::TopupRefund, outward(Account::Available(user), gateway, idr, usd))
}

/// Returns to the wallet what [`topup_refund`] with the same reference took and the gateway could
/// not send, or a part of it: `given` is what was returned of it before.
pub fn topup_refund_reversal(
    gateway: Gateway,
    (reference, given): (&str, i64),
    user: UserId,
    idr: Amount,
    usd: Option<Amount>,
) -> Journal {
    let key = part(&format!("refund:{}:{reference}", gateway.code()), given);
    journal(key, JournalKind::TopupRefundReversal, inward(gateway, user, idr, usd))
}

/// The key of what undoes the journal `done`. Further parts have what was undone before in it.
fn part(done: &str, given: i64) -> String {
    if given > 0 { format!("{done}:{given}:reversal") } else { format!("{done}:reversal") }
}

/// From a gateway to what a customer can spend, by way of an exchange where it was dollars.
fn inward(gateway: Gateway, user: UserId, idr: Amount, usd: Option<Amount>) -> Vec<Transfer> {
    let (clearing, available) = (Account::GatewayClearing(gateway), Account::Available(user));
    match usd {
        None => vec![Transfer::idr(clearing, available, idr)],
        Some(usd) => vec![
            Transfer::usd(clearing, Account::Liquidity, usd),
            Transfer::idr(Account::Liquidity, available, idr),
        ],
    }
}

/// From a customer's account to a gateway, by way of an exchange where it was dollars.
fn outward(from: Account, gateway: Gateway, idr: Amount, usd: Option<Amount>) -> Vec<Transfer> {
    let clearing = Account::GatewayClearing(gateway);
    match usd {
        None => vec![Transfer::idr(from, clearing, idr)],
        Some(usd) => vec![
            Transfer::idr(from, Account::Liquidity, idr),
            Transfer::usd(Account::Liquidity, clearing, usd),
        ],
    }
}

const fn journal(key: String, kind: JournalKind, legs: Vec<Transfer>) -> Journal {
    Journal { key: JournalKey(key), kind, legs }
}
