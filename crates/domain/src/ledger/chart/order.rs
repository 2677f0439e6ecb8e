use super::{Account, Journal, JournalKey, JournalKind, Transfer};
use crate::{
    ids::{OrderId, ProviderId, UserId},
    money::{Amount, Cost, Currency},
};

/// The money of one attempt of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderMoney {
    /// Which order.
    pub order: OrderId,
    /// Which attempt of it: failing over to a dearer offer is a new one.
    pub attempt: i16,
    /// Whose.
    pub user: UserId,
    /// How much is set aside.
    pub price: Amount,
    /// What the price is counted in.
    pub currency: Currency,
}

impl OrderMoney {
    /// Sets the price aside.
    pub fn hold(self) -> Journal {
        let (from, to) = (Account::Available(self.user), Account::Held(self.user));
        Journal {
            key: self.key("hold"),
            kind: JournalKind::OrderDebit,
            legs: vec![self.of_price(from, to)],
        }
    }

    /// Gives the price back.
    pub fn release(self) -> Journal {
        let (from, to) = (Account::Held(self.user), Account::Available(self.user));
        Journal {
            key: self.key("resolve"),
            kind: JournalKind::OrderRefund,
            legs: vec![self.of_price(from, to)],
        }
    }

    /// Earns the price and books what the number cost.
    ///
    /// Shares its key with [`Self::release`]: a hold is resolved once, one way or the other.
    pub fn capture(self, provider: ProviderId, cost: Cost) -> Journal {
        let mut legs = vec![self.of_price(Account::Held(self.user), Account::Revenue)];
        if let Some(amount) = Amount::new(cost.micros()) {
            let from = Account::ProviderExpense(provider);
            legs.push(Transfer::usd(from, Account::ProviderPrepaid(provider), amount));
        }
        Journal { key: self.key("resolve"), kind: JournalKind::OrderCapture, legs }
    }

    const fn of_price(self, from: Account, to: Account) -> Transfer {
        Transfer { from, to, amount: self.price, currency: self.currency }
    }

    fn key(self, step: &str) -> JournalKey {
        JournalKey(format!("order:{}:{}:{step}", self.order, self.attempt))
    }
}

/// Books the cost of a code that came after its order was refunded: the customer keeps the money
/// and we pay. Nothing for a number that cost nothing.
pub fn late_sms(money: OrderMoney, provider: ProviderId, cost: Cost) -> Option<Journal> {
    let amount = Amount::new(cost.micros())?;
    let (from, to) = (Account::LateSmsExpense(provider), Account::ProviderPrepaid(provider));
    let legs = vec![Transfer::usd(from, to, amount)];
    Some(Journal { key: money.key("late"), kind: JournalKind::LateSms, legs })
}

/// Gives back part or all of what a delivered order earned. All compensations of an order together
/// never exceed its price.
pub fn compensation(money: OrderMoney, reference: &str, amount: Amount) -> Journal {
    Journal {
        key: money.key(&format!("compensation:{reference}")),
        kind: JournalKind::OrderCompensation,
        legs: vec![Transfer {
            from: Account::Revenue,
            to: Account::Available(money.user),
            amount,
            currency: money.currency,
        }],
    }
}
