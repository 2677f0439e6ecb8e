//! Costs and amounts, as text and in calculations.

use domain::money::{Amount, Balance, Cost};
use infra::sms::sms_activate::fuzz::decimal;

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
/// leaves the permitted range is noticed.
pub(crate) fn check(input: &[u8]) {
    let text = bytes::text(input);
    check_cost(text.trim());
    let mut numbers = text.split_ascii_whitespace().filter_map(|word| word.parse::<i64>().ok());
    let (first, second) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    check_amounts(first, second);
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
