//! Amounts as Stripe writes them: integers in the smallest unit of each currency.

use domain::money::Amount;

/// The currency of every top-up, as Stripe writes it.
pub(super) const RUPIAH: &str = "idr";

/// Decimals of a currency at Stripe, which does not always follow ISO 4217: rupiah have two.
fn decimals(currency: &str) -> u32 {
    match currency {
        "bif" | "clp" | "djf" | "gnf" | "jpy" | "kmf" | "krw" | "mga" | "pyg" | "rwf" | "ugx"
        | "vnd" | "vuv" | "xaf" | "xof" | "xpf" => 0,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 3,
        _ => 2,
    }
}

/// `amount` whole units of `currency`; nothing when the number does not fit.
pub(super) fn from_whole(amount: Amount, currency: &str) -> Option<i64> {
    10_i64.checked_pow(decimals(currency))?.checked_mul(amount.get())
}

/// The whole units that `minor` is; nothing when there is a fraction or it is no amount.
pub(super) fn to_whole(minor: i64, currency: &str) -> Option<Amount> {
    let unit = 10_i64.checked_pow(decimals(currency))?;
    (minor.checked_rem(unit)? == 0).then(|| Amount::new(minor / unit)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_decimals() {
        let ten_thousand = Amount::new(10_000).unwrap();
        let none = [
            "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd",
            "vuv", "xaf", "xof", "xpf",
        ];
        let three = ["bhd", "jod", "kwd", "omr", "tnd"];
        let two = ["idr", "usd", "eur", "sgd"];
        for (currencies, minor) in
            [(&none[..], 10_000), (&three[..], 10_000_000), (&two[..], 1_000_000)]
        {
            for currency in currencies {
                assert_eq!(from_whole(ten_thousand, currency), Some(minor), "{currency}");
                assert_eq!(to_whole(minor, currency), Some(ten_thousand), "{currency}");
            }
        }
    }

    #[test]
    fn fractions_and_nothing_are_no_amounts() {
        for minor in [0, -100, 1, 99, 101, 1_000_001, i64::MAX, i64::MIN] {
            assert_eq!(to_whole(minor, RUPIAH), None, "{minor}");
        }
    }
}
