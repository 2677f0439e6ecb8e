use super::*;

fn money(currency: Currency, units: i64) -> Money {
    Money { currency, amount: Amount::new(units).unwrap() }
}

fn parsed(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
}

/// Every gateway with every currency; a new one has to be added here.
#[test]
fn each_gateway_writes_each_currency_its_own_way() {
    use Currency::{Idr, Usd};
    use Gateway::{Btcpay, Cryptomus, Duitku, Heleket, Stripe};
    let table = [
        (Stripe, Idr, Some("50000.00")),
        (Stripe, Usd, Some("12.50")),
        (Heleket, Idr, None),
        (Heleket, Usd, Some("12.50")),
        (Cryptomus, Idr, None),
        (Cryptomus, Usd, Some("12.50")),
        (Duitku, Idr, Some("50000")),
        (Duitku, Usd, None),
        (Btcpay, Idr, Some("50000")),
        (Btcpay, Usd, Some("12.50")),
    ];
    assert_eq!(table.len(), Gateway::ALL.len() * 2);
    for (gateway, currency, expected) in table {
        let units = if currency == Idr { 50_000 } else { 12_500_000 };
        let written = write(money(currency, units), gateway);
        assert_eq!(written.as_deref(), expected, "{gateway:?} {currency:?}");
        if let Some(text) = written {
            assert_eq!(parsed(&text).exactly(currency), Some(money(currency, units)));
        }
    }
}

#[test]
fn writes_nothing_that_would_lose_a_fraction() {
    let write = |units| write(money(Currency::Usd, units), Gateway::Heleket);
    assert_eq!(write(10_000).as_deref(), Some("0.01"));
    assert_eq!(write(1_000_000).as_deref(), Some("1.00"));
    assert_eq!(write(Amount::MAX).as_deref(), Some("1000000000.00"));
    for units in [1, 9_999, 10_001, 12_345_678] {
        assert_eq!(write(units), None, "{units}");
    }
}

#[test]
fn reads_exactly() {
    for (text, currency, units) in [
        ("25.00", Currency::Usd, 25_000_000),
        ("25", Currency::Usd, 25_000_000),
        ("0.000001", Currency::Usd, 1),
        ("0025.10", Currency::Usd, 25_100_000),
        ("0.100000000000000000", Currency::Usd, 100_000),
        ("1000000000", Currency::Usd, Amount::MAX),
        ("50000", Currency::Idr, 50_000),
        ("50000.00", Currency::Idr, 50_000),
    ] {
        assert_eq!(parsed(text).exactly(currency), Some(money(currency, units)), "{text}");
    }
    for (text, currency) in [
        ("0", Currency::Usd),
        ("0.00", Currency::Usd),
        ("0.0000001", Currency::Usd),
        ("1000000000.000001", Currency::Usd),
        ("50000.5", Currency::Idr),
        ("999999999999999999999999999999", Currency::Idr),
        ("999999999999999999999999999999", Currency::Usd),
    ] {
        assert_eq!(parsed(text).exactly(currency), None, "{text}");
    }
}

#[test]
fn rounds_what_arrived_down() {
    for (text, currency, units) in [
        ("0.0000019", Currency::Usd, Some(1)),
        ("24.999999999999", Currency::Usd, Some(24_999_999)),
        ("25", Currency::Usd, Some(25_000_000)),
        ("50000.99", Currency::Idr, Some(50_000)),
        ("0.99", Currency::Idr, None),
        ("0.0000009", Currency::Usd, None),
        ("0", Currency::Usd, None),
        ("1000000000.0000001", Currency::Usd, Some(Amount::MAX)),
        ("1000000001", Currency::Usd, None),
        ("999999999999999999999999999999", Currency::Usd, None),
    ] {
        let expected = units.map(|units| money(currency, units));
        assert_eq!(parsed(text).at_most(currency), expected, "{text}");
    }
}

#[test]
fn shares_are_rounded_down_too() {
    let charge = money(Currency::Usd, 25_000_000);
    for (part, whole, units) in [
        ("15.75000000", "15.75", Some(25_000_000)),
        ("7.875", "15.75", Some(12_500_000)),
        ("1", "3", Some(8_333_333)),
        ("0.00041", "0.00041000", Some(25_000_000)),
        ("31.5", "15.75", Some(50_000_000)),
        ("0", "15.75", None),
        ("15.75", "0", None),
        ("0.000000000000000001", "1", None),
        ("99999999999999999999999999999", "1", None),
    ] {
        let expected = units.map(|units| money(Currency::Usd, units));
        assert_eq!(parsed(part).share(parsed(whole), charge), expected, "{part}/{whole}");
    }
}

#[test]
fn sums_and_comparisons_are_exact() {
    for (left, right, sum) in [
        ("0.1", "0.2", Some("0.3")),
        ("1", "0.00000001", Some("1.00000001")),
        ("0", "0", Some("0")),
        ("99999999999999999999999999999", "0.00000000000000000000000000001", None),
    ] {
        let expected = sum.map(parsed);
        assert_eq!(parsed(left).plus(parsed(right)), expected, "{left} + {right}");
    }
    for (left, right, covers) in [
        ("1.50", "1.5", true),
        ("1.5", "1.50000001", false),
        ("0", "0.00", true),
        ("2", "1.999", true),
    ] {
        assert_eq!(parsed(left).covers(parsed(right)), covers, "{left} {right}");
    }
    assert_eq!(Decimal::ZERO, parsed("0.00"));
}

#[test]
fn nothing_but_plain_decimals_is_read() {
    for text in [
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "1E3",
        " 1",
        "1 ",
        "1,5",
        "1_000",
        "0x10",
        "NaN",
        "inf",
        "1.2.3",
        "１",
        "١",
        "1.\u{0}",
        "9999999999999999999999999999999",
    ] {
        assert_eq!(Decimal::parse(text), None, "{text:?}");
    }
}

#[test]
fn numbers_are_taken_only_when_nothing_can_be_lost() {
    let read = |json: &str| serde_json::from_str::<Decimal>(json).ok();
    assert_eq!(read(r#""25.10""#), Decimal::parse("25.1"));
    assert_eq!(read("40000"), Decimal::parse("40000"));
    assert_eq!(read("18446744073709551615"), Decimal::parse("18446744073709551615"));
    for json in ["25.1", "25.0", "-1", "1e3", "18446744073709551616", "null", "true", "[]", "{}"] {
        assert_eq!(read(json), None, "{json}");
    }
}
