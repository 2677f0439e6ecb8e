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
    routes::face::{Face, FxBody},
};

#[derive(Deserialize)]
pub(crate) struct Parameters {
    pair: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum RateBody {
    Described {
        pair: &'static str,
        base_currency: &'static str,
        quote_currency: &'static str,
        rate: i64,
    },
    Bare(FxBody),
}

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
    Ok(Reply::new(RateBody::Described {
        pair: FxBody::PAIR,
        base_currency: Currency::Usd.code(),
        quote_currency: Currency::Idr.code(),
        rate: idr_per_usd.get(),
    }))
}
