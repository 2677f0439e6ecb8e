//! Values that are texts at one provider and numbers at the next.

use domain::{ids::ExternalId, money::Cost};
use serde_json::Value;

/// More than any provider has of anything; keeps a nonsensical count storable.
const MOST_STOCK: i64 = 1_000_000_000;

/// ISO 4217 number and code of the US dollar, the only currency we keep costs in.
const DOLLARS: [&str; 2] = ["840", "USD"];

/// The first of `names` that is there and not null.
pub(super) fn field<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().filter_map(|name| object.get(name)).find(|value| !value.is_null())
}

/// A non-empty text, or a whole number as a text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// An activation's id. Zero and negative numbers are how some servers say "none".
pub(super) fn external_id(text: &str) -> Option<ExternalId> {
    let id = text.trim().trim_matches(['\'', '"']);
    let none = id.starts_with('-') || id.bytes().all(|byte| byte == b'0');
    ExternalId::parse(id).filter(|_| !none)
}

/// A price.
pub(super) fn cost(value: &Value) -> Option<Cost> {
    match value {
        Value::String(text) => Cost::parse(text),
        // Nine digits cut off what binary fractions add, such as 0.30000000000000004.
        Value::Number(number) => Cost::parse(&format!("{:.9}", number.as_f64()?)),
        _ => None,
    }
}

/// A price in the field `names`, unless `object` says that it is in another currency than ours.
pub(super) fn dollars(object: &Value, names: &[&str]) -> Option<Cost> {
    let currency = field(object, &["currency"]).and_then(text);
    if currency.is_some_and(|currency| !DOLLARS.contains(&currency.as_str())) {
        return None;
    }
    cost(field(object, names)?)
}

/// How many there are.
pub(super) fn stock(value: &Value) -> Option<i64> {
    let count = match value {
        Value::String(text) => text.trim().parse().ok()?,
        Value::Number(number) => number.as_i64()?,
        _ => return None,
    };
    Some(count.clamp(0, MOST_STOCK))
}

/// The decimal form in which a price is sent.
pub(super) fn decimal(cost: Cost) -> String {
    let micros = cost.micros();
    let digits = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prices_are_read_from_texts_and_numbers() {
        let micros = |value| cost(&value).map(Cost::micros);
        assert_eq!(micros(json!("0.35")), Some(350_000));
        assert_eq!(micros(json!(0.1 + 0.2)), Some(300_000));
        assert_eq!(micros(json!(7)), Some(7_000_000));
        assert_eq!(micros(json!(0.000_000_4)), Some(1));
        for bad in [json!(-1), json!(1e300), json!("free"), json!(null), json!([1])] {
            assert_eq!(micros(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn a_price_in_another_currency_is_unknown() {
        let price = |currency| dollars(&json!({"cost": 12.5, "currency": currency}), &["cost"]);
        assert_eq!(price(json!(840)), Cost::from_micros(12_500_000));
        assert_eq!(price(json!("840")), Cost::from_micros(12_500_000));
        assert_eq!(price(json!(643)), None);
    }

    #[test]
    fn prices_are_sent_without_needless_digits() {
        let sent = |micros| decimal(Cost::from_micros(micros).unwrap());
        assert_eq!(sent(350_000), "0.35");
        assert_eq!(sent(12_000_000), "12");
        assert_eq!(sent(1), "0.000001");
        assert_eq!(sent(0), "0");
    }

    #[test]
    fn ids_that_mean_none_are_no_ids() {
        for bad in ["0", "00", "-1", "", " ", "a b"] {
            assert_eq!(external_id(bad), None, "{bad:?}");
        }
        for good in ["635468021", " 3416693217 ", "550e8400-e29b-41d4-a716-446655440000"] {
            assert!(external_id(good).is_some(), "{good:?}");
        }
    }
}
