use crate::ids::{ProviderId, UserId};

/// Where money can be.
///
/// Only the two accounts of a customer carry a running balance; all others are sums over rows, so
/// that no row is shared by two customers' purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What a customer can spend.
    Available(UserId),
    /// What is set aside for a customer's running orders.
    Held(UserId),
    /// What we earned by delivered codes.
    Revenue,
    /// What a provider still holds for us.
    ProviderPrepaid(ProviderId),
    /// What delivered codes cost us.
    ProviderExpense(ProviderId),
    /// What a payment gateway collected and has not yet paid out.
    GatewayClearing(Gateway),
    /// The other side of corrections by operators.
    Adjustment,
}

impl Account {
    /// The class as stored.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Available(_) => "available",
            Self::Held(_) => "held",
            Self::Revenue => "revenue",
            Self::ProviderPrepaid(_) => "provider_prepaid",
            Self::ProviderExpense(_) => "provider_expense",
            Self::GatewayClearing(_) => "gateway_clearing",
            Self::Adjustment => "adjustment",
        }
    }

    /// Whose account of that class; zero where there is only one.
    pub const fn owner(self) -> i64 {
        match self {
            Self::Available(user) | Self::Held(user) => user.get(),
            Self::ProviderPrepaid(provider) | Self::ProviderExpense(provider) => provider.get(),
            Self::GatewayClearing(gateway) => gateway.number(),
            Self::Revenue | Self::Adjustment => 0,
        }
    }

    /// The customer whose wallet this is part of.
    pub const fn wallet(self) -> Option<UserId> {
        match self {
            Self::Available(user) | Self::Held(user) => Some(user),
            _ => None,
        }
    }
}

/// Takes payments for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gateway {
    /// Stripe Checkout.
    Stripe,
}

impl Gateway {
    /// The name as stored and as part of journal keys.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
        }
    }

    /// The number that stands for it in the ledger; never reused.
    pub const fn number(self) -> i64 {
        match self {
            Self::Stripe => 1,
        }
    }

    /// Reads a stored name.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "stripe" => Some(Self::Stripe),
            _ => None,
        }
    }
}
