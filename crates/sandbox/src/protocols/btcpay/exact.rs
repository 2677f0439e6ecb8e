use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// More than any amount of money needs; products of two such numbers still fit.
const MOST_DIGITS: usize = 18;

/// A decimal that keeps the places it was written with, as the server's own type does.
///
/// A sum has the places of its most precise part and a product the places of both factors, so
/// `0.00040828` times `61234.57` prints ten places.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exact {
    units: i128,
    places: u32,
}

impl Exact {
    pub(super) const ZERO: Self = Self::new(0, 0);

    pub(super) const fn new(units: i128, places: u32) -> Self {
        Self { units, places }
    }

    /// Reads `12`, `12.50` or `-0.25`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_open = whole.is_empty() || (digits.contains('.') && fraction.is_empty());
        if is_open || !plain(whole) || !plain(fraction) || digits.len() > MOST_DIGITS {
            return None;
        }
        let units: i128 = format!("{whole}{fraction}").parse().ok()?;
        let units = if digits.len() == text.len() { units } else { -units };
        Some(Self { units, places: u32::try_from(fraction.len()).ok()? })
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let (one, two, places) = self.aligned(other);
        Self::new(one.saturating_add(two), places)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(Self::new(-other.units, other.places))
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self::new(self.units.saturating_mul(other.units), self.places + other.places)
    }

    /// The quotient cut after `places`; zero when there is nothing to divide by.
    pub(super) fn over(self, divisor: Self, places: u32) -> Self {
        let (one, two, _) = self.aligned(divisor);
        let units = one.saturating_mul(10_i128.pow(places)).checked_div(two).unwrap_or(0);
        Self::new(units, places)
    }

    /// As [`Self::over`], with anything that was cut off counted as a whole last digit.
    pub(super) fn over_up(self, divisor: Self, places: u32) -> Self {
        let cut = self.over(divisor, places);
        if cut.times(divisor) < self { cut.plus(Self::new(1, places)) } else { cut }
    }

    /// Cut after `places`, or written out to that many.
    pub(super) fn to_places(self, places: u32) -> Self {
        self.over(Self::new(1, 0), places)
    }

    pub(crate) const fn is_positive(self) -> bool {
        self.units > 0
    }

    /// At least zero.
    pub(super) fn or_zero(self) -> Self {
        Self::new(self.units.max(0), self.places)
    }

    fn aligned(self, other: Self) -> (i128, i128, u32) {
        let places = self.places.max(other.places);
        let widen = |it: Self| it.units.saturating_mul(10_i128.pow(places - it.places));
        (widen(self), widen(other), places)
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Exact {}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `1.0` equals `1.00`.
impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two, _) = self.aligned(*other);
        one.cmp(&two)
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let width = usize::try_from(self.places).unwrap_or(0) + 1;
        let digits = format!("{:0width$}", self.units.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() + 1 - width);
        let dot = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{dot}{fraction}")
    }
}

/// The server writes every decimal as a text.
impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The server reads numbers as well as texts.
impl<'de> Deserialize<'de> for Exact {
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
    use super::Exact;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn prints_what_it_read() {
        for text in ["0", "25.00", "25", "-0.25", "0.00040828", "123456789012.34"] {
            assert_eq!(exact(text).to_string(), text);
        }
        for text in ["", ".", "1.", ".5", "1e3", "+1", "1,5", "--1", "1.2.3", "1234567890123456789"]
        {
            assert!(Exact::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn keeps_the_places_of_both_factors() {
        assert_eq!(exact("0.00040828").times(exact("61234.57")).to_string(), "25.0008502396");
        assert_eq!(exact("1.5").plus(exact("0.25")).minus(exact("1.75")).to_string(), "0.00");
        assert_eq!(exact("1.50"), exact("1.5"));
    }

    #[test]
    fn divides_in_the_stated_direction() {
        assert_eq!(exact("25.00").over(exact("61234.57"), 8).to_string(), "0.00040826");
        assert_eq!(exact("25.00").over_up(exact("61234.57"), 8).to_string(), "0.00040827");
        assert_eq!(exact("25.00").over_up(exact("5"), 8).to_string(), "5.00000000");
        assert_eq!(exact("1").over(Exact::ZERO, 2).to_string(), "0.00");
        assert_eq!(exact("1.987").to_places(2).to_string(), "1.98");
        assert_eq!(exact("1").to_places(2).to_string(), "1.00");
    }
}
