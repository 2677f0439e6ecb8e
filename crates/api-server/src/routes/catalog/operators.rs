use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, ProductFilter, ProductSort},
    ids::{CarrierId, CountryId, ServiceId},
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

/// Far more tiers than one country has for one service.
const TIERS: u32 = 1000;

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// In which country.
        country_id: i64,
        /// For which service.
        platform_id: i64,
    }
}

described! {
    #[derive(Serialize)]
    pub(crate) struct OperatorBody as "Operator" {
        /// What purchases can ask for; null for whichever has numbers.
        operator_id: Option<CarrierId>,
        /// A short name that stays.
        code: &'static str => |it| it.example("any"),
        /// In English.
        name: &'static str,
        /// As it is called in its country.
        local_name: Option<&'static str>,
    }
}

pub(crate) const ABOUT: About = About {
    id: "listOperators",
    group: Group::Catalog,
    summary: "List mobile networks",
    text: "Those that have stock; the list is empty where there is no choice.",
    fails: &[],
};

/// The mobile networks one can choose among. No provider sells by network yet, so what there is
/// comes from any of them.
pub(crate) async fn list(
    State(catalog): State<Arc<dyn CatalogQueries>>,
    user: CurrentUser,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<Vec<OperatorBody>>, ApiError> {
    let filter = ProductFilter {
        country: Some(CountryId::new(query.country_id)),
        service: Some(ServiceId::new(query.platform_id)),
        carrier: None,
        limit: TIERS,
        page: 1,
        sort: ProductSort::default(),
    };
    let tiers = user.catalog(catalog).products(&filter).await?;
    let any = tiers.iter().any(|tier| tier.carrier.is_none() && tier.available > 0);
    let any = any.then_some(OperatorBody {
        operator_id: None,
        code: "any",
        name: "Any",
        local_name: None,
    });
    Ok(Reply::new(any.into_iter().collect()))
}
