use std::fmt;

use domain::{
    money::Amount,
    rates::{DollarLimit, IdrPerUsd},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use crate::{
    openapi::{Book, Described, Schema},
    routes::{Version, face::Face},
};

/// A limit of price as the customer wrote it: whole rupiah on `/v1`, a decimal text of dollars on
/// `/v2`.
pub(super) enum Limit {
    Number(i64),
    Text(String),
}

impl Limit {
    /// Reads the most that may be paid, in rupiah.
    pub(super) fn most(face: Face) -> impl FnOnce(&Self) -> Result<Amount, String> {
        move |limit| limit.amount(face, DollarLimit::rupiah_down)
    }

    /// Reads the least that is looked at, in rupiah.
    pub(super) fn least(face: Face) -> impl FnOnce(&Self) -> Result<Amount, String> {
        move |limit| limit.amount(face, DollarLimit::rupiah_up)
    }

    fn amount(
        &self,
        face: Face,
        round: fn(DollarLimit, IdrPerUsd) -> i64,
    ) -> Result<Amount, String> {
        let range = || format!("must be 1 to {} rupiah", Amount::MAX);
        match (face, self) {
            (Face::Rupiah, Self::Number(rupiah)) => Amount::new(*rupiah).ok_or_else(range),
            (Face::Rupiah, Self::Text(_)) => {
                Err("has the wrong type or value, expected an integer".to_owned())
            }
            (Face::Dollars(rate), Self::Text(text)) => {
                let limit = DollarLimit::parse(text).ok_or_else(spelling)?;
                let rupiah = round(limit, rate.idr_per_usd);
                Amount::new(rupiah).ok_or_else(|| "is worth less than one rupiah".to_owned())
            }
            (Face::Dollars(_), Self::Number(_)) => Err(spelling()),
        }
    }

    /// The same text for all ways to write the same limit.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Number(rupiah) => rupiah.to_string(),
            Self::Text(text) => match DollarLimit::parse(text) {
                Some(limit) => format!("usd{}", limit.units()),
                None => String::new(),
            },
        }
    }
}

fn spelling() -> String {
    "must be dollars as a decimal string with at most four decimals, such as \"0.25\"".to_owned()
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

impl Described for Limit {
    fn schema(book: &mut Book) -> Schema {
        match book.version {
            Version::V1 => Schema::integer().format("int64").at_least(1).at_most(Amount::MAX),
            Version::V2 => {
                Schema::text().with("pattern", r"^[0-9]{1,9}(\.[0-9]{1,4})?$").example("0.25")
            }
        }
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Limit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a price")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Limit, E> {
        Ok(Limit::Number(number))
    }

    /// What does not fit is far beyond any price, and so is what it becomes.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Limit, E> {
        Ok(Limit::Number(i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Limit, E> {
        Ok(Limit::Text(text.to_owned()))
    }
}
