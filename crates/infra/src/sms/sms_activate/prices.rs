//! The price list, read entry by entry: it has a hundred thousand of them.

use std::{fmt, marker::PhantomData};

use domain::{money::Cost, providers::ListedOffer};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::value::{self, cost, field};

/// Where a price list names no count, something is there but nobody says how much.
const UNTOLD_STOCK: i64 = 1;
/// More than countries times services of any provider.
const MOST_OFFERS: usize = 1_000_000;

/// Reads a list by country and then service, or the other way round. Offers without stock or with
/// a price that is none are left out.
pub(super) fn offers(body: &[u8]) -> Option<Vec<ListedOffer>> {
    let Entries(outer) = serde_json::from_slice::<Entries<Entries<Price>>>(body).ok()?;
    if outer.is_empty() {
        return is_empty_document(body).then(Vec::new);
    }
    let by_country = outer.iter().filter(|(key, _)| is_country(key)).count() * 2 >= outer.len();
    let mut offers = Vec::new();
    for (first, Entries(inner)) in outer {
        for (second, Price(found)) in inner {
            let (country, service) =
                if by_country { (first.clone(), second) } else { (second, first.clone()) };
            let named = is_country(&country) && is_service(&service);
            if let (true, Some((cost, stock))) = (named, found) {
                offers.push(ListedOffer { country, service, cost, stock });
            }
        }
    }
    (offers.len() <= MOST_OFFERS).then_some(offers)
}

/// Countries have decimal numbers in this protocol.
pub(super) fn is_country(key: &str) -> bool {
    (1..=6).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// Services have short codes.
pub(super) fn is_service(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=32).contains(&key.len()) && key.bytes().all(plain)
}

fn is_empty_document(body: &[u8]) -> bool {
    body.iter().all(|byte| byte.is_ascii_whitespace() || b"{}[]".contains(byte))
}

/// What we pay and how many there are, where both can be read and neither is zero.
struct Price(Option<(Cost, i64)>);

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let (cost, stock) = match &value {
            Value::Object(_) => {
                let stock = field(&value, &["count", "quant", "qty"]);
                (field(&value, &["cost", "price"]).and_then(cost), stock.and_then(value::stock))
            }
            plain => (cost(plain), Some(UNTOLD_STOCK)),
        };
        let real = cost.filter(|cost| cost.micros() > 0).zip(stock.filter(|stock| *stock > 0));
        Ok(Self(real))
    }
}

/// An object with its entries in order. A list counts as an empty object, because that is how PHP
/// writes one; so does anything else, which spoils one entry and not the whole list.
struct Entries<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entries(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Entries(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Entries(Vec::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Entries(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Entries(Vec::new()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Entries(Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Entries(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Option<Vec<(String, String, i64, i64)>> {
        let offers = offers(body.as_bytes())?;
        Some(
            offers
                .into_iter()
                .map(|offer| (offer.country, offer.service, offer.cost.micros(), offer.stock))
                .collect(),
        )
    }

    fn one(cost: i64, stock: i64) -> Vec<(String, String, i64, i64)> {
        vec![("2".to_owned(), "tg".to_owned(), cost, stock)]
    }

    #[test]
    fn prices_are_read_in_every_shape() {
        let documented = r#"{"2":{"tg":{"cost":12.5,"count":100,"physicalCount":10}}}"#;
        assert_eq!(read(documented), Some(one(12_500_000, 100)));
        assert_eq!(read(r#"{"2":{"tg":{"cost":"0.22","count":"7"}}}"#), Some(one(220_000, 7)));
        assert_eq!(read(r#"{"tg":{"2":{"count":20,"price":"5.00"}}}"#), Some(one(5_000_000, 20)));
        assert_eq!(read(r#"{"tg":{"2":0.22}}"#), Some(one(220_000, 1)));
    }

    #[test]
    fn country_zero_is_a_country() {
        let offers = read(r#"{"0":{"tg":{"cost":1,"count":1}}}"#).unwrap();
        assert_eq!(offers[0].0, "0");
    }

    #[test]
    fn what_cannot_be_bought_is_left_out() {
        let body = r#"{"2":{"tg":{"cost":1,"count":0},"wa":{"cost":0,"count":5},
            "vk":{"cost":-1,"count":5},"ig":{"count":5},"fb":{"cost":"?","count":5},
            "am":{"cost":5000,"count":5},"go":[]},"6":[],"7":null,"":{"tg":{"cost":1,"count":1}}}"#;
        assert_eq!(read(body), Some(vec![]));
    }

    #[test]
    fn nothing_on_sale_is_not_the_same_as_no_answer() {
        for body in ["{}", "[]", "{\"2\":{}}"] {
            assert_eq!(read(body), Some(vec![]), "{body}");
        }
        for body in ["", "\"no\"", "7", "[{\"2\":{}}]", "{\"2\":", "<html>"] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_have_no_offers(body: Vec<u8>) {
            prop_assert!(offers(&body).is_none_or(|offers| offers.is_empty()));
        }
    }
}
