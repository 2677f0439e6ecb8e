use super::IdrPerUsd;

/// How finely dollars are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// Four decimals: prices, what orders cost, refunds.
    Price,
    /// Two decimals: balances.
    Balance,
}

impl Places {
    const fn count(self) -> u32 {
        match self {
            Self::Price => 4,
            Self::Balance => 2,
        }
    }
}

impl IdrPerUsd {
    /// What `rupiah` is in dollars, as a decimal text. Halves are rounded away from zero.
    pub fn dollars(self, rupiah: i64, places: Places) -> String {
        let count = places.count();
        // At most 2^63 times a million, far within 128 bits.
        let unit = 10_u128.pow(count);
        let rate = u128::from(self.0.unsigned_abs());
        let units = (u128::from(rupiah.unsigned_abs()) * unit * 2 + rate) / (rate * 2);
        let sign = if rupiah < 0 && units > 0 { "-" } else { "" };
        let width = usize::try_from(count).unwrap_or_default();
        format!("{sign}{}.{:0width$}", units / unit, units % unit)
    }
}

/// A limit of price in dollars, as customers write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DollarLimit(u64);

impl DollarLimit {
    const DECIMALS: usize = 4;
    /// In rupiah at the highest rate it is still an amount.
    const MAX_DIGITS: usize = 9;
    const UNITS_PER_DOLLAR: u64 = 10_000;

    /// Reads a plain decimal such as `0.25` with at most four decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=Self::MAX_DIGITS).contains(&whole.len())
            || fraction.len() > Self::DECIMALS
            || !(digits(whole) && digits(fraction))
        {
            return None;
        }
        let units = whole.parse::<u64>().ok()?.checked_mul(Self::UNITS_PER_DOLLAR)?;
        let fraction: u64 = format!("{fraction:0<4}").parse().ok()?;
        units.checked_add(fraction).map(Self)
    }

    /// Ten-thousandths of a dollar: the same for all ways to write the same limit.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Whole rupiah, rounded down: for the most that may be paid.
    pub fn rupiah_down(self, rate: IdrPerUsd) -> i64 {
        let exact = self.exact(rate);
        i64::try_from(exact / u128::from(Self::UNITS_PER_DOLLAR)).unwrap_or(i64::MAX)
    }

    /// Whole rupiah, rounded up: for the least that is looked at.
    pub fn rupiah_up(self, rate: IdrPerUsd) -> i64 {
        let exact = self.exact(rate);
        i64::try_from(exact.div_ceil(u128::from(Self::UNITS_PER_DOLLAR))).unwrap_or(i64::MAX)
    }

    /// Ten-thousandths of a rupiah.
    fn exact(self, rate: IdrPerUsd) -> u128 {
        u128::from(self.0) * u128::from(rate.0.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupiah_are_shown_in_dollars_rounded_half_up() {
        for (rate, rupiah, price, balance) in [
            (16_000, 750_000, "46.8750", "46.88"),
            (16_000, 1_250_000, "78.1250", "78.13"),
            (17_970, 139, "0.0077", "0.01"),
            (17_970, 517_231, "28.7830", "28.78"),
            (16_000, 0, "0.0000", "0.00"),
            (16_000, 1, "0.0001", "0.00"),
            (10_000, 1, "0.0001", "0.00"),
            (20_000, 1, "0.0001", "0.00"),
            (20_001, 1, "0.0000", "0.00"),
            (16_000, 79, "0.0049", "0.00"),
            (16_000, 80, "0.0050", "0.01"),
            (1_000, 999_995, "999.9950", "1000.00"),
            (16_000, -1_250_000, "-78.1250", "-78.13"),
            (1_000_000, -1, "0.0000", "0.00"),
            (1_000, i64::MAX, "9223372036854775.8070", "9223372036854775.81"),
            (1_000, i64::MIN, "-9223372036854775.8080", "-9223372036854775.81"),
        ] {
            let shown = IdrPerUsd::new(rate).unwrap();
            assert_eq!(shown.dollars(rupiah, Places::Price), price, "{rupiah} at {rate}");
            assert_eq!(shown.dollars(rupiah, Places::Balance), balance, "{rupiah} at {rate}");
        }
    }

    #[test]
    fn limits_never_cost_more_or_less_than_was_said() {
        for (rate, text, down, up) in [
            (16_000, "0.25", 4_000, 4_000),
            (16_123, "0.0001", 1, 2),
            (16_123, "0.05", 806, 807),
            (16_123, "0.0500", 806, 807),
            (1_000, "0.0001", 0, 1),
            (17_970, "0", 0, 0),
            (17_970, "1", 17_970, 17_970),
            (17_970, "007.5", 134_775, 134_775),
            (1_000_000, "999999999.9999", 999_999_999_999_900, 999_999_999_999_900),
        ] {
            let rate = IdrPerUsd::new(rate).unwrap();
            let limit = DollarLimit::parse(text).unwrap();
            assert_eq!((limit.rupiah_down(rate), limit.rupiah_up(rate)), (down, up), "{text}");
        }
    }

    #[test]
    fn limits_are_plain_decimals_of_four_places() {
        let units = |text| DollarLimit::parse(text).map(DollarLimit::units);
        assert_eq!(units("0.05"), Some(500));
        assert_eq!(units("0.0500"), Some(500));
        assert_eq!(units("12"), Some(120_000));
        for bad in [
            "",
            ".",
            ".5",
            "5.",
            "-1",
            "+1",
            "1e3",
            "1,5",
            " 1",
            "1 ",
            "0.00001",
            "NaN",
            "1.2.3",
            "1234567890",
            "0x1",
            "١",
            "$1",
            "1_000",
        ] {
            assert_eq!(units(bad), None, "{bad}");
        }
    }
}
