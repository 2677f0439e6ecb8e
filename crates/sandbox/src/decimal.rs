use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SCALE: i64 = 1_000_000;
const DIGITS: usize = 6;

/// A decimal number with six places: dollars, or a factor for dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(i64);

impl Decimal {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn cents(cents: u32) -> Self {
        Self(cents as i64 * (SCALE / 100))
    }

    /// Reads `12`, `12.5` or `-0.25`; nothing with an exponent or more than six places.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || fraction.len() > DIGITS {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fraction: i64 = format!("{fraction:0<DIGITS$}").parse().ok()?;
        let value = whole.checked_mul(SCALE)?.checked_add(fraction)?;
        Some(Self(if negative { -value } else { value }))
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The same without what is below a hundredth.
    pub(crate) const fn whole_cents(self) -> Self {
        Self(self.0 - self.0 % (SCALE / 100))
    }

    /// The product, cut after six places.
    pub(crate) fn times(self, factor: Self) -> Self {
        let product = i128::from(self.0) * i128::from(factor.0) / i128::from(SCALE);
        Self(i64::try_from(product).unwrap_or(i64::MAX))
    }
}

/// At least two places, more only where they are not zero: `0.30`, `0.125`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        let scale = SCALE.unsigned_abs();
        let fraction = format!("{:0DIGITS$}", value % scale);
        let fraction = format!("{:0<2}", fraction.trim_end_matches('0'));
        write!(f, "{sign}{}.{fraction}", value / scale)
    }
}

/// A JSON number, as the providers print prices.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: f64 = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(number)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(serde_json::Number),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("not a decimal: {text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn prints_what_it_read() {
        for text in ["0.00", "0.30", "12.50", "0.125", "-3.01", "7.000001"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::parse("7").unwrap().to_string(), "7.00");
    }

    #[test]
    fn refuses_what_is_no_plain_decimal() {
        for text in ["", ".", "1.", ".5", "1e3", "0.0000001", "+1", "1,5", "99999999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn multiplies_without_floating_point() {
        let product = Decimal::cents(29).times(Decimal::parse("1.1").unwrap());
        assert_eq!(product.to_string(), "0.319");
    }
}
