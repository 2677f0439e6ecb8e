use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, Service},
    ids::{CountryId, ServiceId},
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// Only services that are in stock there.
        country_id: Option<i64>,
    }
}

described! {
    #[derive(Serialize)]
    pub(crate) struct ServiceBody as "Service" {
        /// What `platform_id` refers to.
        id: ServiceId,
        /// A short name that stays.
        code: String => |it| it.example("wa"),
        /// In English.
        name: String => |it| it.example("WhatsApp"),
        /// Whether it is sold at all.
        active: bool,
    }
}

pub(crate) const ABOUT: About = About {
    id: "listServices",
    group: Group::Catalog,
    summary: "List services",
    text: "What numbers are bought for; other calls name it platform.",
    fails: &[],
};

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
