use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, Service},
    ids::{CountryId, ServiceId},
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::auth::CurrentUser;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    country_id: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct ServiceBody {
    id: ServiceId,
    code: String,
    name: String,
    active: bool,
}

impl From<Service> for ServiceBody {
    fn from(service: Service) -> Self {
        let Service { id, code, name, active } = service;
        Self { id, code, name, active }
    }
}

/// Every service, or those in stock in one country.
pub(crate) async fn list(
    State(catalog): State<Arc<dyn CatalogQueries>>,
    user: CurrentUser,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<Vec<ServiceBody>>, ApiError> {
    let services = user.catalog(catalog).services(query.country_id.map(CountryId::new)).await?;
    Ok(Reply::new(services.into_iter().map(ServiceBody::from).collect()))
}
