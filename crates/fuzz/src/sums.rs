//! Costs and amounts, as text and in calculations.

use domain::{
    ledger::Gateway,
    money::{Amount, Balance, Cost, Currency, Money},
    rates::{DollarLimit, IdrPerUsd, Places},
};
use infra::{
    pay::fuzz::{Number, write},
    sms::sms_activate::fuzz::decimal,
};

use crate::bytes;

/// Parts of sums.
pub(crate) const WORDS: &[&str] = &[
    "12.5",
    "0.000001",
    "0.0000001",
    "999999",
    "1000",
    "1000.000001",
    "1000000000000000",
    "9223372036854775807",
    "-9223372036854775808",
    ".",
    "e3",
    "+",
    "NaN",
    " ",
    "4294967295",
];

/// A cost is what it says, rounded up, and the same however often it is written and read. What
/// leaves the permitted range is noticed. What arrives at a gateway is never rounded up, and what
/// it is asked for is never written in another amount.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    check_cost(text.trim());
    let mut numbers = text.split_ascii_whitespace().filter_map(|word| word.parse::<i64>().ok());
    let (first, second) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    check_amounts(first, second);
    check_rate(first, second);
    check_limit(text.split_ascii_whitespace().next().unwrap_or_default(), second);
    check_shown(first, second);
    for currency in Currency::ALL {
        if let Some(amount) = Amount::new(first) {
            check_written(Money { currency, amount });
        }
    }
    let mut words = text.split_ascii_whitespace();
    if let Some(number) = words.next().and_then(Number::parse) {
        check_number(number, text.split_ascii_whitespace().next().unwrap_or_default());
        let whole = words.next().and_then(Number::parse).unwrap_or(number);
        check_share(number, whole, Amount::new(second).or(Amount::new(first)));
    }
}

fn check_cost(text: &str) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = !whole.is_empty() && is_digits(whole) && is_digits(fraction);
    // An estimate by other means; exact to a millionth of a millionth in this range.
    let expected = text.parse::<f64>().ok().filter(|_| is_plain && whole.len() <= 6);
    let Some(cost) = Cost::parse(text) else {
        assert!(expected.is_none_or(|it| it > 999.999), "{text:?} is a cost");
        return;
    };
    let expected = expected.map_or(f64::NAN, |it| it * 1_000_000.0);
    #[expect(clippy::cast_precision_loss, reason = "costs are far below 2^53")]
    let above = cost.micros() as f64 - expected;
    assert!((-0.001..1.001).contains(&above), "{text:?} is {cost:?}");
    assert_eq!(Cost::parse(&decimal(cost)), Some(cost), "{}", decimal(cost));
    let longer = if text.contains('.') { format!("{text}0") } else { format!("{text}.0") };
    assert_eq!(Cost::parse(&longer), Some(cost), "{longer:?}");
}

fn check_amounts(first: i64, second: i64) {
    let is_amount = (1..=1_000_000_000_000_000).contains(&first);
    let amount = Amount::new(first);
    assert_eq!(amount.map(Amount::get), is_amount.then_some(first));
    let balance = Balance::new(second);
    assert_eq!(balance.is_some(), second >= 0);
    let Some(amount) = amount else { return };
    if let Ok(count) = u32::try_from(second) {
        let product = i128::from(first) * i128::from(count);
        let expected = i64::try_from(product).ok().and_then(Amount::new);
        assert_eq!(amount.times(count), expected);
    }
    let Some(balance) = balance else { return };
    assert_eq!(
        balance.minus(amount).map(Balance::get),
        second.checked_sub(first).filter(|it| *it >= 0)
    );
    assert_eq!(balance.plus(amount).map(Balance::get), second.checked_add(first));
    if let Some(more) = balance.plus(amount) {
        assert_eq!(more.minus(amount), Some(balance));
    }
}

/// A sum is what is written, cut off behind the last ledger unit and never more.
fn check_number(number: Number, text: &str) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()), "{text:?}");
    assert_eq!(Number::parse(&format!("0{text}")).unwrap_or(number), number);
    for (currency, places) in [(Currency::Idr, 0), (Currency::Usd, 6)] {
        let digits: String = fraction.chars().chain("000000".chars()).take(places).collect();
        let units = format!("{whole}{digits}").parse().ok().and_then(Amount::new);
        let is_whole = fraction.chars().skip(places).all(|digit| digit == '0');
        let sum = units.map(|amount| Money { currency, amount });
        assert_eq!(number.at_most(currency), sum, "{text:?}");
        assert_eq!(number.exactly(currency), sum.filter(|_| is_whole), "{text:?}");
    }
}

/// A share of money is all of it at most when the part is no more than the whole.
fn check_share(part: Number, whole: Number, amount: Option<Amount>) {
    assert!(part.covers(part));
    if let Some(sum) = part.plus(whole) {
        assert!(sum.covers(part) && sum.covers(whole));
    }
    let Some(amount) = amount else { return };
    let money = Money::usd(amount);
    let Some(share) = part.share(whole, money) else { return };
    assert_eq!(share.currency, money.currency);
    if whole.covers(part) {
        assert!(share.amount <= amount, "{share} of {money}");
    }
    if part.covers(whole) {
        assert!(share.amount >= amount, "{share} of {money}");
    }
}

fn check_written(money: Money) {
    for gateway in ["stripe", "heleket", "cryptomus", "duitku", "btcpay"] {
        let gateway = Gateway::parse(gateway).unwrap();
        if let Some(text) = write(money, gateway) {
            let number = Number::parse(&text).unwrap();
            assert_eq!(number.exactly(money.currency), Some(money), "{text:?}");
        }
    }
}

/// What is charged for an amount is worth it, and less than a cent more.
fn check_rate(rate: i64, amount: i64) {
    let Some((rate, amount)) = IdrPerUsd::new(rate).zip(Amount::new(amount)) else { return };
    let Some(charge) = rate.cents_for(amount) else { return };
    assert_eq!(charge.get() % 10_000, 0);
    let worth = i128::from(charge.get()) * i128::from(rate.get());
    let wanted = i128::from(amount.get()) * 1_000_000;
    assert!((wanted..wanted + 10_000 * i128::from(rate.get())).contains(&worth), "{charge}");
}

/// A limit of price is exactly what is written, in ten-thousandths, and in rupiah never more as the
/// most that may be paid, never less as the least that is looked at.
fn check_limit(text: &str, rate: i64) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let is_plain = is_digits(whole) && is_digits(fraction);
    let Some(limit) = DollarLimit::parse(text) else {
        assert!(!(is_plain && whole.len() <= 9 && fraction.len() <= 4), "{text:?} is a limit");
        return;
    };
    assert!(is_plain, "{text:?} is no limit");
    assert_eq!(format!("{whole}{fraction:0<4}").parse(), Ok(limit.units()), "{text:?}");
    let Some(rate) = IdrPerUsd::new(rate) else { return };
    let exact = i128::from(limit.units()) * i128::from(rate.get());
    let (down, up) = (limit.rupiah_down(rate), limit.rupiah_up(rate));
    assert!(i128::from(down) * 10_000 <= exact && exact < (i128::from(down) + 1) * 10_000);
    assert!(exact <= i128::from(up) * 10_000 && up - down <= 1, "{down} {up}");
}

/// What is shown in dollars is at most half a place off, and can be read again as a limit.
fn check_shown(rupiah: i64, rate: i64) {
    let Some(rate) = IdrPerUsd::new(rate) else { return };
    for (places, unit) in [(Places::Price, 10_000), (Places::Balance, 100)] {
        let shown = rate.dollars(rupiah, places);
        let units: i128 = shown.replace('.', "").parse().unwrap();
        let off = units * i128::from(rate.get()) - i128::from(rupiah) * unit;
        assert!(off.abs() * 2 <= i128::from(rate.get()), "{rupiah} is {shown}");
        assert!(shown != "-0.00" && shown != "-0.0000");
        let whole = shown.split('.').next().unwrap_or_default();
        if rupiah >= 0 && whole.len() <= 9 {
            assert!(DollarLimit::parse(&shown).is_some(), "{shown}");
        }
    }
}
