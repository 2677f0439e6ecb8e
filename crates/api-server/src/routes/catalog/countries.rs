use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, Country},
    ids::CountryId,
};
use http_kit::{ApiError, Reply};
use serde::Serialize;

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct CountryBody as "Country" {
        /// What `country_id` refers to.
        id: CountryId,
        /// Two letters of ISO 3166-1.
        code: Option<String> => |it| it.example("ID"),
        /// In English.
        name: String => |it| it.example("Indonesia"),
        /// What its numbers begin with.
        dial_code: Option<String> => |it| it.example("+62"),
        /// Its flag.
        emoji: Option<String>,
        /// Whether it is sold at all.
        active: bool,
    }
}

pub(crate) const ABOUT: About = About {
    id: "listCountries",
    group: Group::Catalog,
    summary: "List countries",
    text: "",
    fails: &[],
};

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
