//! Amounts as Stripe writes them: integers in the smallest unit of each currency.

use domain::money::{Amount, Currency, Money};

/// Decimals of a currency at Stripe, which does not always follow ISO 4217: rupiah have two.
fn decimals(currency: &str) -> u32 {
    match currency {
        "bif" | "clp" | "djf" | "gnf" | "jpy" | "kmf" | "krw" | "mga" | "pyg" | "rwf" | "ugx"
        | "vnd" | "vuv" | "xaf" | "xof" | "xpf" => 0,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 3,
        _ => 2,
    }
}

/// A currency as Stripe writes it.
pub(super) const fn code(currency: Currency) -> &'static str {
    match currency {
        Currency::Idr => "idr",
        // No gateway takes it, and Stripe refuses it.
        Currency::Xts => "xts",
        Currency::Usd => "usd",
    }
}

/// Decimals of a ledger unit.
const fn ledger_decimals(currency: Currency) -> u32 {
    match currency {
        Currency::Idr | Currency::Xts => 0,
        Currency::Usd => 6,
    }
}

/// What becomes of a part that the other scale cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// It makes the whole unreadable.
    Refused,
    /// It is lost: what is not there cannot be credited, and what cannot be sent is not given back.
    Dropped,
    /// It counts as a whole unit, for money that left.
    Raised,
}

/// `money` in the smallest unit of its currency.
pub(super) fn from_money(money: Money, rest: Rest) -> Option<i64> {
    let (from, to) = (ledger_decimals(money.currency), decimals(code(money.currency)));
    rescale(money.amount.get(), from, to, rest).filter(|minor| *minor > 0)
}

/// What `minor` units of `currency` are; nothing for currencies we do not keep and for what is no
/// amount.
pub(super) fn to_money(minor: i64, currency: &str, rest: Rest) -> Option<Money> {
    let kept = [Currency::Idr, Currency::Usd].into_iter().find(|it| code(*it) == currency)?;
    let units = rescale(minor, decimals(currency), ledger_decimals(kept), rest)?;
    Some(Money { currency: kept, amount: Amount::new(units)? })
}

/// Nothing for negative values, which no amount has.
fn rescale(value: i64, from: u32, to: u32, rest: Rest) -> Option<i64> {
    let value = u64::try_from(value).ok()?;
    if to >= from {
        let factor = 10_u64.checked_pow(to - from)?;
        return i64::try_from(value.checked_mul(factor)?).ok();
    }
    let divisor = 10_u64.checked_pow(from - to)?;
    let whole = match rest {
        Rest::Refused if !value.is_multiple_of(divisor) => return None,
        Rest::Refused | Rest::Dropped => value / divisor,
        Rest::Raised => value.div_ceil(divisor),
    };
    i64::try_from(whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idr(units: i64) -> Money {
        Money::idr(Amount::new(units).unwrap())
    }

    fn usd(micros: i64) -> Money {
        Money::usd(Amount::new(micros).unwrap())
    }

    #[test]
    fn each_currency_has_its_decimals() {
        let none = [
            "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd",
            "vuv", "xaf", "xof", "xpf",
        ];
        let three = ["bhd", "jod", "kwd", "omr", "tnd"];
        let two = [
            "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd",
            "bdt", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf",
            "cny", "cop", "crc", "cve", "czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd",
            "fkp", "gbp", "gel", "gip", "gmd", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr",
            "ils", "inr", "isk", "jmd", "kes", "kgs", "khr", "kyd", "kzt", "lak", "lbp", "lkr",
            "lrd", "lsl", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn",
            "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen", "pgk", "php",
            "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd", "shp",
            "sle", "sos", "srd", "std", "szl", "thb", "tjs", "top", "try", "ttd", "twd", "tzs",
            "uah", "usd", "uyu", "uzs", "wst", "xcd", "yer", "zar", "zmw",
        ];
        for (currencies, places) in [(&none[..], 0), (&three[..], 3), (&two[..], 2)] {
            for currency in currencies {
                assert_eq!(decimals(currency), places, "{currency}");
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_read_back() {
        for (money, minor) in [
            (idr(10_000), 1_000_000),
            (idr(1), 100),
            (usd(10_000), 1),
            (usd(3_150_000), 315),
            (idr(Amount::MAX), Amount::MAX * 100),
        ] {
            for rest in [Rest::Refused, Rest::Dropped, Rest::Raised] {
                assert_eq!(from_money(money, rest), Some(minor), "{money}");
            }
            assert_eq!(to_money(minor, code(money.currency), Rest::Refused), Some(money));
        }
    }

    #[test]
    fn parts_of_a_cent_go_where_they_are_told() {
        for (micros, dropped) in
            [(1, None), (9_999, None), (10_001, Some(1)), (3_155_000, Some(315))]
        {
            assert_eq!(from_money(usd(micros), Rest::Refused), None, "{micros}");
            assert_eq!(from_money(usd(micros), Rest::Dropped), dropped, "{micros}");
        }
    }

    #[test]
    fn parts_of_a_rupiah_go_where_they_are_told() {
        for (minor, refused, dropped, raised) in [
            (1_000_000, Some(10_000), Some(10_000), Some(10_000)),
            (1_000_001, None, Some(10_000), Some(10_001)),
            (1_000_099, None, Some(10_000), Some(10_001)),
            (99, None, None, Some(1)),
            (0, None, None, None),
            (-100, None, None, None),
            (i64::MIN, None, None, None),
            (i64::MAX, None, None, None),
        ] {
            for (rest, expected) in
                [(Rest::Refused, refused), (Rest::Dropped, dropped), (Rest::Raised, raised)]
            {
                assert_eq!(to_money(minor, "idr", rest), expected.map(idr), "{minor} {rest:?}");
            }
        }
    }

    #[test]
    fn other_currencies_are_not_ours() {
        for currency in ["eur", "IDR", "USD", "", "jpy"] {
            assert_eq!(to_money(1_000_000, currency, Rest::Dropped), None, "{currency}");
        }
        assert_eq!(to_money(i64::MAX, "usd", Rest::Dropped), None);
    }
}
