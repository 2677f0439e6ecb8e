use std::sync::Arc;

use axum::extract::State;
use domain::{fault::Code, money::Currency, rates::ExchangeRate};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::auth::CurrentUser;

/// The only pair there is: what providers charge in against what customers pay in.
const BASE: Currency = Currency::Usd;
const QUOTE: Currency = Currency::Idr;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    pair: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct RateBody {
    pair: String,
    base_currency: &'static str,
    quote_currency: &'static str,
    rate: i64,
}

/// What a US dollar is worth here.
pub(crate) async fn show(
    State(rate): State<Arc<dyn ExchangeRate>>,
    _: CurrentUser,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<RateBody>, ApiError> {
    let pair = format!("{}/{}", BASE.code(), QUOTE.code());
    if query.pair.is_some_and(|asked| !asked.eq_ignore_ascii_case(&pair)) {
        return Err(ApiError::new(Code::NotFound));
    }
    Ok(Reply::new(RateBody {
        pair,
        base_currency: BASE.code(),
        quote_currency: QUOTE.code(),
        rate: rate.current().await?.get(),
    }))
}
