//! Money. No arithmetic operators: each sum says what it does when it does not fit.

use std::fmt;

/// What a ledger amount is counted in. Scales are fixed for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Currency {
    /// Indonesian rupiah in whole rupiah: the currency of wallets and prices.
    Idr,
    /// US dollar in millionths: the currency in which providers charge us.
    Usd,
    /// The code that ISO 4217 reserves for testing: the money of test accounts, worth nothing.
    Xts,
}

impl Currency {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Idr, Self::Usd, Self::Xts];

    /// ISO 4217 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Idr => "IDR",
            Self::Usd => "USD",
            Self::Xts => "XTS",
        }
    }

    /// Reads a stored code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }
}

/// A strictly positive amount in ledger units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// The largest amount one movement may carry: far above any real one, far below overflow.
    pub const MAX: i64 = 1_000_000_000_000_000;

    /// Accepts 1 to [`Self::MAX`].
    pub const fn new(units: i64) -> Option<Self> {
        if units >= 1 && units <= Self::MAX { Some(Self(units)) } else { None }
    }

    /// The number of ledger units.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `self` times `count`, or nothing when it leaves the permitted range.
    pub fn times(self, count: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(count)).and_then(Self::new)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An amount together with what it is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// What `amount` is counted in.
    pub currency: Currency,
    /// How much, in ledger units of that currency.
    pub amount: Amount,
}

impl Money {
    /// Whole rupiah.
    pub const fn idr(amount: Amount) -> Self {
        Self { currency: Currency::Idr, amount }
    }

    /// Millionths of a US dollar.
    pub const fn usd(amount: Amount) -> Self {
        Self { currency: Currency::Usd, amount }
    }

    /// The amount, where it is counted in millionths of a US dollar.
    pub const fn dollars(self) -> Option<Amount> {
        match self.currency {
            Currency::Usd => Some(self.amount),
            Currency::Idr | Currency::Xts => None,
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.amount.get();
        match self.currency {
            Currency::Idr | Currency::Xts => write!(f, "{units} {}", self.currency.code()),
            Currency::Usd => write!(f, "{}.{:06} USD", units / 1_000_000, units % 1_000_000),
        }
    }
}

/// What a wallet holds, in whole rupiah; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Balance(i64);

impl Balance {
    /// Accepts zero and above.
    pub const fn new(units: i64) -> Option<Self> {
        if units >= 0 { Some(Self(units)) } else { None }
    }

    /// The number of whole rupiah.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The balance after `amount` arrived.
    pub fn plus(self, amount: Amount) -> Option<Self> {
        self.0.checked_add(amount.get()).map(Self)
    }

    /// The balance after `amount` left, or nothing when it holds less.
    pub fn minus(self, amount: Amount) -> Option<Self> {
        self.0.checked_sub(amount.get()).and_then(Self::new)
    }
}

/// What a provider charges us for one number, in millionths of a US dollar; may be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cost(i64);

impl Cost {
    /// The dearest single number we believe; dearer ones are a poisoned price list.
    pub const MAX_MICROS: i64 = 1_000_000_000;

    /// Accepts 0 to 1 000 USD.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros >= 0 && micros <= Self::MAX_MICROS { Some(Self(micros)) } else { None }
    }

    /// Reads a plain decimal such as `12.5`; digits beyond the sixth are rounded up, so that a
    /// cost is never understated.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 6 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let kept: String = fraction.chars().chain("000000".chars()).take(6).collect();
        let lost = fraction.chars().skip(6).any(|c| c != '0');
        let micros = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
        let micros = micros.checked_add(kept.parse::<i64>().ok()?)?.checked_add(i64::from(lost))?;
        Self::from_micros(micros)
    }

    /// Millionths of a US dollar.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

/// What a provider says it holds for us, in millionths of a US dollar; below zero when we owe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Deposit(i64);

impl Deposit {
    /// Accepts any sum that is no nonsense: up to a thousand million dollars either way.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros.unsigned_abs() <= Amount::MAX.unsigned_abs() { Some(Self(micros)) } else { None }
    }

    /// Reads a plain decimal such as `-12.5`; digits beyond the sixth are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (digits, is_owed) = match text.strip_prefix('-') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let decimal = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !decimal(whole) || !decimal(fraction) {
            return None;
        }
        let kept: String = fraction.chars().chain("000000".chars()).take(6).collect();
        let micros = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
        let micros = micros.checked_add(kept.parse::<i64>().ok()?)?;
        Self::from_micros(if is_owed { micros.checked_neg()? } else { micros })
    }

    /// Millionths of a US dollar.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Deposit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs() / 10_000;
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_positive_and_bounded() {
        assert_eq!(Amount::new(0), None);
        assert_eq!(Amount::new(-1), None);
        assert_eq!(Amount::new(Amount::MAX + 1), None);
        assert_eq!(Amount::new(7).map(Amount::get), Some(7));
        assert_eq!(Amount::new(Amount::MAX).and_then(|a| a.times(2)), None);
    }

    #[test]
    fn balances_never_go_below_zero() {
        let ten = Balance::new(10).unwrap();
        assert_eq!(ten.minus(Amount::new(11).unwrap()), None);
        assert_eq!(ten.minus(Amount::new(10).unwrap()), Balance::new(0));
    }

    #[test]
    fn deposits_are_read_with_their_sign_and_shown_in_cents() {
        let micros = |text| Deposit::parse(text).map(Deposit::micros);
        assert_eq!(micros("100.50"), Some(100_500_000));
        assert_eq!(micros("-0.25"), Some(-250_000));
        assert_eq!(micros("12345678.9"), Some(12_345_678_900_000));
        assert_eq!(micros("0.0000019"), Some(1));
        for bad in ["", "-", "1e3", "NaN", ".5", "1.2.3", "--1", "9999999999", "much"] {
            assert_eq!(micros(bad), None, "{bad}");
        }
        let shown = |text| Deposit::parse(text).map(|it| it.to_string());
        assert_eq!(shown("-1.239").as_deref(), Some("-1.23"));
        assert_eq!(shown("12").as_deref(), Some("12.00"));
    }

    #[test]
    fn costs_round_up_and_refuse_nonsense() {
        let micros = |text| Cost::parse(text).map(Cost::micros);
        assert_eq!(micros("12.5"), Some(12_500_000));
        assert_eq!(micros("0.0000001"), Some(1));
        assert_eq!(micros("7"), Some(7_000_000));
        for bad in ["", "-1", "1e3", "NaN", ".5", "1.2.3", "9999999", "1000.000001"] {
            assert_eq!(micros(bad), None, "{bad}");
        }
    }
}
