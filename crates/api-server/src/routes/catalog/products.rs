use std::sync::Arc;

use axum::extract::State;
use domain::{
    catalog::{CatalogQueries, Product, ProductFilter, ProductSort},
    ids::{CarrierId, CatalogProductId, CountryId, ProductId, ServiceId},
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::{
    auth::CurrentUser,
    routes::face::{Face, MoneyBody, Receipted},
};

const DEFAULT_LIMIT: u32 = 1000;
const MAX_LIMIT: u32 = 10_000;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    country_id: Option<i64>,
    platform_id: Option<i64>,
    operator_id: Option<i64>,
    limit: Option<i64>,
    page: Option<i64>,
    sort: Option<String>,
}

impl From<Parameters> for ProductFilter {
    fn from(query: Parameters) -> Self {
        Self {
            country: query.country_id.map(CountryId::new),
            service: query.platform_id.map(ServiceId::new),
            carrier: query.operator_id.map(CarrierId::new),
            limit: query.limit.map_or(DEFAULT_LIMIT, |limit| clamp(limit, MAX_LIMIT)),
            page: query.page.map_or(1, |page| clamp(page, u32::MAX)),
            sort: query.sort.as_deref().map_or_else(ProductSort::default, ProductSort::parse),
        }
    }
}

/// The nearest number from one to `most`.
fn clamp(number: i64, most: u32) -> u32 {
    u32::try_from(number.clamp(1, i64::from(most))).unwrap_or(most)
}

#[derive(Serialize)]
pub(crate) struct ProductBody {
    id: ProductId,
    name: String,
    country_id: CountryId,
    platform_id: ServiceId,
    available: i64,
    price: MoneyBody,
    active: bool,
    catalog_product_id: CatalogProductId,
    operator_id: Option<CarrierId>,
    operator_name: Option<String>,
}

impl ProductBody {
    fn new(product: Product, face: Face) -> Self {
        Self {
            id: product.id,
            name: product.name,
            country_id: product.country,
            platform_id: product.service,
            available: product.available,
            price: face.price(product.price.get()),
            // The query answers with nothing else.
            active: true,
            catalog_product_id: product.catalog_product,
            operator_id: product.carrier,
            operator_name: product.carrier_name,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Meta {
    page: u32,
    limit: u32,
    count: usize,
}

/// Price tiers in stock.
pub(crate) async fn list(
    State(catalog): State<Arc<dyn CatalogQueries>>,
    user: CurrentUser,
    face: Face,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<Vec<ProductBody>, Receipted<Meta>>, ApiError> {
    let filter = ProductFilter::from(query);
    let products = user.catalog(catalog).products(&filter).await?;
    let meta = Meta { page: filter.page, limit: filter.limit, count: products.len() };
    let products = products.into_iter().map(|product| ProductBody::new(product, face)).collect();
    Ok(face.reply_with(products, meta))
}
