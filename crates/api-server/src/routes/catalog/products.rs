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
    openapi::{About, Group, described},
    routes::face::{Face, MoneyBody, Receipted},
};

const DEFAULT_LIMIT: u32 = 1000;
const MAX_LIMIT: u32 = 10_000;

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// Only in this country.
        country_id: Option<i64>,
        /// Only for this service.
        platform_id: Option<i64>,
        /// Only of this network.
        operator_id: Option<i64>,
        /// Most products on a page, 1 to 10000; what lies outside is moved to the nearest.
        limit: Option<i64> => |it| it.usually(i64::from(DEFAULT_LIMIT)),
        /// Which page, from 1.
        page: Option<i64> => |it| it.usually(1),
        /// `price_asc`, `price_desc`, `available_asc`, `available_desc`, `name_asc` or
        /// `name_desc`; anything else is read as `price_asc`.
        sort: Option<String> => |it| it.usually("price_asc"),
    }
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

described! {
    /// A price tier: a slot that keeps its id while price and stock move.
    #[derive(Serialize)]
    pub(crate) struct ProductBody as "Product" {
        /// Buys exactly this tier.
        id: ProductId,
        /// Service and country.
        name: String => |it| it.example("WhatsApp - Indonesia"),
        /// Where its numbers are from.
        country_id: CountryId,
        /// Which service they are for.
        platform_id: ServiceId,
        /// Numbers in stock.
        available: i64 => |it| it.at_least(0).example(25_i64),
        /// What one of them costs.
        price: MoneyBody,
        /// Whether it is sold at all.
        active: bool,
        /// Buys from whichever tier of the same country and service fits best.
        catalog_product_id: CatalogProductId,
        /// The network its numbers belong to; null where it can be any.
        operator_id: Option<CarrierId>,
        /// What that network is called.
        operator_name: Option<String>,
    }
}

pub(crate) const ABOUT: About = About {
    id: "listProducts",
    group: Group::Catalog,
    summary: "List products",
    text: "Price tiers that are in stock.",
    fails: &[],
};

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

described! {
    #[derive(Serialize)]
    pub(crate) struct Meta {
        /// The page this is.
        page: u32,
        /// Most products on it.
        limit: u32,
        /// Products on it.
        count: usize,
    }
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
