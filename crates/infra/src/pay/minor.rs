//! Amounts as gateways write them, read and written exactly.

use std::fmt;

use domain::{
    ledger::Gateway,
    money::{Amount, Currency, Money},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

/// Far more digits than any sum in any currency has, and few enough for every calculation.
const MOST_DIGITS: usize = 30;

/// Decimals of a ledger unit.
const fn ledger_decimals(currency: Currency) -> u32 {
    match currency {
        Currency::Idr | Currency::Xts => 0,
        Currency::Usd => 6,
    }
}

/// The decimals with which `gateway` writes what we ask it to charge; nothing when we never ask it
/// for that currency.
pub(super) const fn decimals(gateway: Gateway, currency: Currency) -> Option<u32> {
    match (gateway, currency) {
        // Rupiah have two decimals here, against custom.
        (Gateway::Stripe, Currency::Idr | Currency::Usd)
        | (Gateway::Heleket | Gateway::Cryptomus | Gateway::Btcpay, Currency::Usd) => Some(2),
        (Gateway::Duitku | Gateway::Btcpay, Currency::Idr) => Some(0),
        _ => None,
    }
}

/// `money` as `gateway` wants to read it; nothing when it cannot be written without loss.
pub(super) fn write(money: Money, gateway: Gateway) -> Option<String> {
    let places = decimals(gateway, money.currency)?;
    let units = u128::try_from(money.amount.get()).ok()?;
    let exact = Decimal::new(units, ledger_decimals(money.currency));
    let digits = exact.scaled(places)?;
    if places == 0 {
        return Some(digits.to_string());
    }
    let unit = 10_u128.checked_pow(places)?;
    let (whole, rest) = (digits.checked_div(unit)?, digits.checked_rem(unit)?);
    Some(format!("{whole}.{rest:0width$}", width = usize::try_from(places).ok()?))
}

/// A plain decimal number that is not negative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: u128,
    /// Digits behind the point, of which the last is not zero.
    places: u32,
}

impl Decimal {
    /// Nothing.
    pub(super) const ZERO: Self = Self { digits: 0, places: 0 };

    const fn new(mut digits: u128, mut places: u32) -> Self {
        while places > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            places -= 1;
        }
        Self { digits, places }
    }

    /// Reads `12`, `12.5` or `12.50`: no sign, no exponent, no blanks, nothing left out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = whole.len().saturating_add(fraction.len()) <= MOST_DIGITS;
        if whole.is_empty() || !fits || !plain(whole) || !plain(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Self::new(digits, u32::try_from(fraction.len()).ok()?))
    }

    /// Whether it is nothing at all.
    pub(super) const fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The sum; nothing when it has too many digits.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        let digits = self.scaled(places)?.checked_add(other.scaled(places)?)?;
        Some(Self::new(digits, places))
    }

    /// Whether it is at least `other`; false also when they have too many digits to tell.
    pub(super) fn covers(self, other: Self) -> bool {
        let places = self.places.max(other.places);
        self.scaled(places).zip(other.scaled(places)).is_some_and(|(own, other)| own >= other)
    }

    /// As a sum of `currency`, when it is one in whole ledger units.
    pub(super) fn exactly(self, currency: Currency) -> Option<Money> {
        let units = self.scaled(ledger_decimals(currency))?;
        let amount = Amount::new(i64::try_from(units).ok()?)?;
        Some(Money { currency, amount })
    }

    /// As a sum of `currency`, rounded down to ledger units so that nobody gets what did not
    /// arrive; nothing when that leaves nothing, or more than there can be.
    pub(super) fn at_most(self, currency: Currency) -> Option<Money> {
        let places = ledger_decimals(currency);
        let units = match self.places.checked_sub(places).filter(|more| *more > 0) {
            Some(more) => self.digits.checked_div(10_u128.checked_pow(more)?)?,
            None => self.scaled(places)?,
        };
        let amount = Amount::new(i64::try_from(units).ok()?)?;
        Some(Money { currency, amount })
    }

    /// `self / whole` of `money`, rounded down; nothing when that leaves nothing, or more than
    /// there can be.
    pub(super) fn share(self, whole: Self, money: Money) -> Option<Money> {
        let places = self.places.max(whole.places);
        let (part, whole) = (self.scaled(places)?, whole.scaled(places)?);
        let units = u128::try_from(money.amount.get()).ok()?;
        let units = units.checked_mul(part)?.checked_div(whole)?;
        let amount = Amount::new(i64::try_from(units).ok()?)?;
        Some(Money { amount, ..money })
    }

    /// How many units of `10^-places` it is, when that is a whole number.
    fn scaled(self, places: u32) -> Option<u128> {
        self.digits.checked_mul(10_u128.checked_pow(places.checked_sub(self.places)?)?)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}e-{}", self.digits, self.places)
    }
}

/// Takes strings, and numbers without a fraction; others have already lost something.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;
        impl Visitor<'_> for Plain {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a plain decimal in a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::parse(text).ok_or_else(|| E::custom("not a plain decimal"))
            }

            fn visit_u64<E: Error>(self, whole: u64) -> Result<Decimal, E> {
                Ok(Decimal::new(u128::from(whole), 0))
            }
        }
        deserializer.deserialize_any(Plain)
    }
}

#[cfg(test)]
mod tests;
