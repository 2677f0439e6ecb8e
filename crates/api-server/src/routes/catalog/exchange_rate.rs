use std::sync::Arc;

use axum::extract::State;
use domain::{
    fault::Code,
    money::Currency,
    rates::{ExchangeRate, Rate},
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::{
    auth::CurrentUser,
    openapi::{About, Book, Described, Group, Schema, described},
    routes::{
        Version,
        face::{Face, FxBody},
    },
};

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// On `/v1`; there is only one, in upper or lower case.
        pair: Option<String> => |it| it.usually(FxBody::PAIR),
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum RateBody {
    Told(FullBody),
    Bare(FxBody),
}

described! {
    #[derive(Serialize)]
    pub(crate) struct FullBody as "ExchangeRate" {
        /// What is given in what.
        pair: &'static str => |it| it.one_of([FxBody::PAIR]),
        /// What is given.
        base_currency: &'static str => |it| it.one_of([Currency::Usd.code()]),
        /// In what.
        quote_currency: &'static str => |it| it.one_of([Currency::Idr.code()]),
        /// Rupiah for a dollar.
        rate: i64 => |it| it.at_least(1).example(16_000_i64),
    }
}

impl Described for RateBody {
    fn schema(book: &mut Book) -> Schema {
        match book.version {
            Version::V1 => FullBody::schema(book),
            Version::V2 => FxBody::schema(book),
        }
    }
}

pub(crate) const ABOUT: About = About {
    id: "getExchangeRate",
    group: Group::Catalog,
    summary: "Show what a dollar costs",
    text: "",
    fails: &[Code::NotFound],
};

/// What a US dollar is worth here: with its currencies on `/v1`, as the receipt that every response
/// with money carries on `/v2`, where there is no choice of pair.
pub(crate) async fn show(
    State(rate): State<Arc<dyn ExchangeRate>>,
    _: CurrentUser,
    face: Face,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<RateBody>, ApiError> {
    if let Face::Dollars(rate) = face {
        return Ok(Reply::new(RateBody::Bare(rate.into())));
    }
    let unknown = || ApiError::new(Code::NotFound);
    if query.pair.is_some_and(|asked| !asked.eq_ignore_ascii_case(FxBody::PAIR)) {
        return Err(unknown());
    }
    let Rate { idr_per_usd, .. } = rate.current().await?.ok_or_else(unknown)?;
    Ok(Reply::new(RateBody::Told(FullBody {
        pair: FxBody::PAIR,
        base_currency: Currency::Usd.code(),
        quote_currency: Currency::Idr.code(),
        rate: idr_per_usd.get(),
    })))
}
