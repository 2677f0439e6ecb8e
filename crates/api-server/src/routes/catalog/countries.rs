use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, Country},
    ids::CountryId,
};
use http_kit::{ApiError, Reply};
use serde::Serialize;

use crate::auth::CurrentUser;

#[derive(Serialize)]
pub(crate) struct CountryBody {
    id: CountryId,
    code: Option<String>,
    name: String,
    dial_code: Option<String>,
    emoji: Option<String>,
    active: bool,
}

impl From<Country> for CountryBody {
    fn from(country: Country) -> Self {
        let Country { id, code, name, dial_code, emoji, active } = country;
        Self { id, code, name, dial_code, emoji, active }
    }
}

/// Every country.
pub(crate) async fn list(
    State(catalog): State<Arc<dyn CatalogQueries>>,
    user: CurrentUser,
) -> Result<Reply<Vec<CountryBody>>, ApiError> {
    let countries = user.catalog(catalog).countries().await?;
    Ok(Reply::new(countries.into_iter().map(CountryBody::from).collect()))
}
