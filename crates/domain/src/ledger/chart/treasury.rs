use super::{Account, Journal, JournalKey, JournalKind, Transfer};
use crate::{
    ids::{ExternalId, ProviderId, UserId},
    ledger::Gateway,
    money::{Amount, Cost, Currency, Money},
};

/// Gives a customer money by decision of two operators.
pub fn adjustment(reference: &str, user: UserId, amount: Amount) -> Journal {
    correction(reference, Account::Adjustment, Account::Available(user), amount)
}

/// Takes spendable money from a customer by decision of two operators.
pub fn deduction(reference: &str, user: UserId, amount: Amount) -> Journal {
    correction(reference, Account::Available(user), Account::Adjustment, amount)
}

fn correction(reference: &str, from: Account, to: Account, amount: Amount) -> Journal {
    Journal {
        key: JournalKey(format!("adjustment:{reference}")),
        kind: JournalKind::Adjustment,
        legs: vec![Transfer::idr(from, to, amount)],
    }
}

/// Books what a gateway paid out to us, and the fee it kept in the currency of the payout.
pub fn settlement(gateway: Gateway, reference: &str, net: Money, fee: Option<Amount>) -> Journal {
    let to = Account::GatewayClearing(gateway);
    let Money { currency, amount } = net;
    let mut legs = vec![Transfer { from: Account::Bank, to, amount, currency }];
    if let Some(amount) = fee {
        legs.push(Transfer { from: Account::GatewayFee(gateway), to, amount, currency });
    }
    Journal {
        key: JournalKey(format!("settlement:{}:{reference}", gateway.code())),
        kind: JournalKind::GatewaySettlement,
        legs,
    }
}

/// Books what we sent to a provider in advance, in millionths of a US dollar.
pub fn funding(provider: ProviderId, reference: &str, usd: Amount) -> Journal {
    Journal {
        key: JournalKey(format!("funding:{provider}:{reference}")),
        kind: JournalKind::ProviderFunding,
        legs: vec![Transfer::usd(Account::ProviderPrepaid(provider), Account::Bank, usd)],
    }
}

/// Books what a number of no order cost us whose code came all the same, once per activation.
/// Nothing for a number that cost nothing.
pub fn orphan_sms(provider: ProviderId, activation: &ExternalId, cost: Cost) -> Option<Journal> {
    let amount = Amount::new(cost.micros())?;
    let (from, to) = (Account::LateSmsExpense(provider), Account::ProviderPrepaid(provider));
    Some(Journal {
        key: JournalKey(format!("orphan:{provider}:{activation}")),
        kind: JournalKind::OrphanSms,
        legs: vec![Transfer::usd(from, to, amount)],
    })
}

/// Gives a test account money of no value, once.
pub fn test_credit(user: UserId, amount: Amount) -> Journal {
    let (from, to) = (Account::TestMoney, Account::Available(user));
    Journal {
        key: JournalKey(format!("test:{user}:grant")),
        kind: JournalKind::TestCredit,
        legs: vec![Transfer { from, to, amount, currency: Currency::Xts }],
    }
}
