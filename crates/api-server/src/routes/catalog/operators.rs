use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, ProductFilter, ProductSort},
    ids::{CarrierId, CountryId, ServiceId},
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::auth::CurrentUser;

/// Far more tiers than one country has for one service.
const TIERS: u32 = 1000;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    country_id: i64,
    platform_id: i64,
}

#[derive(Serialize)]
pub(crate) struct OperatorBody {
    operator_id: Option<CarrierId>,
    code: &'static str,
    name: &'static str,
    local_name: Option<&'static str>,
}

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
