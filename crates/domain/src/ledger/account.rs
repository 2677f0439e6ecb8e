use crate::ids::{ProviderId, UserId};

/// Where money can be.
///
/// What an account holds is what entered it minus what left it. Positive is what we owe or have
/// earned; negative is what we own, what is owed to us, and what we have spent. Only the accounts
/// of a customer carry a running balance; all others are sums over rows, so that no row is shared
/// by two customers' purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What a customer can spend.
    Available(UserId),
    /// What is set aside for a customer's running orders.
    Held(UserId),
    /// What a customer owes us after a gateway took a payment back.
    Debt(UserId),
    /// What we earned by delivered codes.
    Revenue,
    /// What a provider still holds for us.
    ProviderPrepaid(ProviderId),
    /// What delivered codes cost us.
    ProviderExpense(ProviderId),
    /// What codes cost us that came after their customer had been refunded, or to a number of no
    /// order.
    LateSmsExpense(ProviderId),
    /// What a payment gateway collected and has not yet paid out.
    GatewayClearing(Gateway),
    /// What a payment gateway kept for itself.
    GatewayFee(Gateway),
    /// Our own accounts at banks and in wallets of coins.
    Bank,
    /// Where one currency is exchanged for another.
    Liquidity,
    /// The other side of corrections by operators.
    Adjustment,
    /// Where the money of test accounts comes from.
    TestMoney,
}

impl Account {
    /// The class as stored.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Available(_) => "available",
            Self::Held(_) => "held",
            Self::Debt(_) => "debt",
            Self::Revenue => "revenue",
            Self::ProviderPrepaid(_) => "provider_prepaid",
            Self::ProviderExpense(_) => "provider_expense",
            Self::LateSmsExpense(_) => "late_sms_expense",
            Self::GatewayClearing(_) => "gateway_clearing",
            Self::GatewayFee(_) => "gateway_fee",
            Self::Bank => "bank",
            Self::Liquidity => "liquidity",
            Self::Adjustment => "adjustment",
            Self::TestMoney => "test_money",
        }
    }

    /// Whose account of that class; zero where there is only one.
    pub const fn owner(self) -> i64 {
        match self {
            Self::Available(user) | Self::Held(user) | Self::Debt(user) => user.get(),
            Self::ProviderPrepaid(provider)
            | Self::ProviderExpense(provider)
            | Self::LateSmsExpense(provider) => provider.get(),
            Self::GatewayClearing(gateway) | Self::GatewayFee(gateway) => gateway.number(),
            Self::Revenue | Self::Bank | Self::Liquidity | Self::Adjustment | Self::TestMoney => 0,
        }
    }

    /// The customer whose wallet this is part of.
    pub const fn wallet(self) -> Option<UserId> {
        match self {
            Self::Available(user) | Self::Held(user) | Self::Debt(user) => Some(user),
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
    /// Heleket, crypto.
    Heleket,
    /// Duitku, Indonesian bank transfers, QRIS and e-wallets.
    Duitku,
    /// A BTCPay Server of our own.
    Btcpay,
    /// Cryptomus, of which Heleket speaks the protocol.
    Cryptomus,
}

impl Gateway {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::Stripe, Self::Heleket, Self::Duitku, Self::Btcpay, Self::Cryptomus];

    /// The name as stored and as part of journal keys.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Heleket => "heleket",
            Self::Duitku => "duitku",
            Self::Btcpay => "btcpay",
            Self::Cryptomus => "cryptomus",
        }
    }

    /// The number that stands for it in the ledger; never reused.
    pub const fn number(self) -> i64 {
        match self {
            Self::Stripe => 1,
            Self::Heleket => 2,
            Self::Duitku => 3,
            Self::Btcpay => 4,
            Self::Cryptomus => 5,
        }
    }

    /// Reads the number that the ledger stores.
    pub fn numbered(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|gateway| gateway.number() == number)
    }

    /// Reads a stored name.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gateway| gateway.code() == code)
    }
}
