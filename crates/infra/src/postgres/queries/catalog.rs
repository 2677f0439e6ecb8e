use async_trait::async_trait;
use domain::{
    catalog::{CatalogQueries, Country, Offer, Product, ProductFilter, ProductSort, Service},
    ids::{CarrierId, CatalogProductId, CountryId, ProductId, ProviderId, ServiceId},
    money::{Amount, Cost},
    orders::Quote,
    routing::Wanted,
    store::StoreError,
};

use crate::postgres::{Postgres, error};

#[async_trait]
impl CatalogQueries for Postgres {
    async fn countries(&self) -> Result<Vec<Country>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, code, name, dial_code, active FROM countries WHERE NOT test
             ORDER BY name, id"
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(rows
            .into_iter()
            .map(|row| Country {
                id: CountryId::new(row.id),
                emoji: row.code.as_deref().and_then(flag),
                code: row.code,
                name: row.name,
                dial_code: row.dial_code,
                active: row.active,
            })
            .collect())
    }

    async fn services(&self, country: Option<CountryId>) -> Result<Vec<Service>, StoreError> {
        let rows = sqlx::query!(
            "SELECT s.id, s.code, s.name, s.active FROM services s
             WHERE NOT s.test AND ($1::bigint IS NULL OR s.active AND EXISTS (
                 SELECT FROM catalog_products c
                 JOIN products p ON p.catalog_product_id = c.id AND p.active
                 JOIN offers o ON o.product_id = p.id AND o.stock > 0
                 JOIN providers v ON v.id = o.provider_id AND v.enabled
                 WHERE c.service_id = s.id AND c.country_id = $1))
             ORDER BY s.name, s.id",
            country.map(CountryId::get),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(rows
            .into_iter()
            .map(|row| Service {
                id: ServiceId::new(row.id),
                code: row.code,
                name: row.name,
                active: row.active,
            })
            .collect())
    }

    async fn products(&self, filter: &ProductFilter) -> Result<Vec<Product>, StoreError> {
        let offset = i64::from(filter.page.saturating_sub(1)) * i64::from(filter.limit);
        let rows = sqlx::query!(
            r#"SELECT p.id, c.country_id, c.service_id, c.id AS catalog_product_id,
                      s.name || ' - ' || n.name AS "name!", p.carrier_id,
                      r.name AS "carrier_name?", min(o.price) AS "price!",
                      sum(o.stock)::bigint AS "available!"
               FROM products p
               JOIN catalog_products c ON c.id = p.catalog_product_id
               JOIN countries n ON n.id = c.country_id AND n.active
               JOIN services s ON s.id = c.service_id AND s.active
               JOIN offers o ON o.product_id = p.id AND o.stock > 0
               JOIN providers v ON v.id = o.provider_id AND v.enabled
               LEFT JOIN carriers r ON r.id = p.carrier_id
               WHERE p.active
                 AND ($1::bigint IS NULL OR c.country_id = $1)
                 AND ($2::bigint IS NULL OR c.service_id = $2)
                 AND ($3::bigint IS NULL OR p.carrier_id = $3)
               GROUP BY p.id, c.id, s.name, n.name, r.name
               ORDER BY
                 CASE WHEN $4 = 'price_asc' THEN min(o.price) END,
                 CASE WHEN $4 = 'price_desc' THEN min(o.price) END DESC,
                 CASE WHEN $4 = 'available_asc' THEN sum(o.stock) END,
                 CASE WHEN $4 = 'available_desc' THEN sum(o.stock) END DESC,
                 CASE WHEN $4 = 'name_asc' THEN s.name || ' - ' || n.name END,
                 CASE WHEN $4 = 'name_desc' THEN s.name || ' - ' || n.name END DESC,
                 p.id
               LIMIT $5 OFFSET $6"#,
            filter.country.map(CountryId::get),
            filter.service.map(ServiceId::get),
            filter.carrier.map(CarrierId::get),
            sort_name(filter.sort),
            i64::from(filter.limit),
            offset,
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter()
            .map(|row| {
                Ok(Product {
                    id: ProductId::new(row.id),
                    name: row.name,
                    country: CountryId::new(row.country_id),
                    service: ServiceId::new(row.service_id),
                    available: row.available,
                    price: amount(row.id, row.price)?,
                    catalog_product: CatalogProductId::new(row.catalog_product_id),
                    carrier: row.carrier_id.map(CarrierId::new),
                    carrier_name: row.carrier_name,
                })
            })
            .collect()
    }

    async fn offers(&self, wanted: &Wanted, limit: u32) -> Result<Vec<Offer>, StoreError> {
        let (product, catalog, min, max, carrier) = match *wanted {
            Wanted::Product(id) => (Some(id.get()), None, None, None, None),
            Wanted::Catalog { id, min_price, max_price, carrier } => {
                (None, Some(id.get()), min_price, max_price, carrier)
            }
        };
        let rows = sqlx::query!(
            r#"SELECT o.product_id, p.catalog_product_id, p.carrier_id, o.price, o.provider_id,
                      o.external_service, o.external_country, o.cost_micros,
                      v.code AS provider_code, v.priority, o.success_per_mille,
                      r.name AS "carrier_name?"
               FROM offers o
               JOIN products p ON p.id = o.product_id AND p.active
               JOIN providers v ON v.id = o.provider_id AND v.enabled
               LEFT JOIN carriers r ON r.id = p.carrier_id
               WHERE o.stock > 0
                 AND ($1::bigint IS NULL OR p.id = $1)
                 AND ($2::bigint IS NULL OR p.catalog_product_id = $2)
                 AND ($3::bigint IS NULL OR o.price >= $3)
                 AND ($4::bigint IS NULL OR o.price <= $4)
                 AND ($5::bigint IS NULL OR p.carrier_id = $5)
               ORDER BY o.price, v.priority, o.product_id
               LIMIT $6"#,
            product,
            catalog,
            min.map(Amount::get),
            max.map(Amount::get),
            carrier.map(CarrierId::get),
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter()
            .map(|row| {
                let cost = Cost::from_micros(row.cost_micros);
                Ok(Offer {
                    product: ProductId::new(row.product_id),
                    catalog_product: CatalogProductId::new(row.catalog_product_id),
                    carrier: row.carrier_id.map(CarrierId::new),
                    carrier_name: row.carrier_name,
                    price: amount(row.product_id, row.price)?,
                    quote: Quote {
                        provider: ProviderId::new(row.provider_id),
                        service: row.external_service,
                        country: row.external_country,
                        cost: cost
                            .ok_or_else(|| error::corrupt("offers", row.product_id, "cost"))?,
                        again: None,
                    },
                    provider_code: row.provider_code,
                    priority: row.priority,
                    success_per_mille: row.success_per_mille,
                })
            })
            .collect()
    }
}

fn amount(product: i64, price: i64) -> Result<Amount, StoreError> {
    Amount::new(price).ok_or_else(|| error::corrupt("offers", product, "price"))
}

const fn sort_name(sort: ProductSort) -> &'static str {
    match sort {
        ProductSort::PriceAsc => "price_asc",
        ProductSort::PriceDesc => "price_desc",
        ProductSort::AvailableAsc => "available_asc",
        ProductSort::AvailableDesc => "available_desc",
        ProductSort::NameAsc => "name_asc",
        ProductSort::NameDesc => "name_desc",
    }
}

/// The flag of a country: its two letters as regional indicator symbols (Unicode 6.0).
fn flag(code: &str) -> Option<String> {
    let indicator = |letter: char| {
        letter
            .is_ascii_uppercase()
            .then(|| char::from_u32(0x1F1E6 + u32::from(letter) - u32::from('A')))
            .flatten()
    };
    code.chars().map(indicator).collect()
}
