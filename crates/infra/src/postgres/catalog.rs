use async_trait::async_trait;
use domain::{
    catalog::{CatalogRepo, SyncReport, SyncedCatalog},
    money::Amount,
    store::StoreError,
};
use sqlx::PgConnection;

use super::{Postgres, error, periodic};

#[async_trait]
impl CatalogRepo for Postgres {
    #[expect(clippy::disallowed_methods, reason = "one transaction of this port alone")]
    async fn take_over(&self, synced: &SyncedCatalog) -> Result<SyncReport, StoreError> {
        let mut tx = self.pool.begin().await.map_err(error::store)?;
        if let Some(term) = &synced.term
            && !periodic::hold(&mut tx, term).await.map_err(error::store)?
        {
            return Err(StoreError::Contention);
        }
        let report = take_over(&mut tx, synced).await.map_err(error::store)?;
        tx.commit().await.map_err(error::store)?;
        Ok(report)
    }
}

async fn take_over(conn: &mut PgConnection, synced: &SyncedCatalog) -> sqlx::Result<SyncReport> {
    countries(conn, synced).await?;
    services(conn, synced).await?;
    slots(conn, synced).await?;
    let (listed, offers) = offers(conn, synced).await?;
    let withdrawn = sqlx::query!(
        "UPDATE offers SET stock = 0
         WHERE provider_id = $1 AND synced_at <= $2 AND stock > 0 AND product_id <> ALL($3)",
        synced.provider.get(),
        synced.at,
        &listed,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(SyncReport { offers, withdrawn: i64::try_from(withdrawn).unwrap_or(i64::MAX) })
}

/// Countries are told apart by ISO code, those without one by name.
async fn countries(conn: &mut PgConnection, synced: &SyncedCatalog) -> sqlx::Result<()> {
    let listed = &synced.catalog.countries;
    let external: Vec<String> = listed.iter().map(|c| c.external_code.clone()).collect();
    let codes: Vec<Option<String>> = listed.iter().map(|c| c.iso_code.clone()).collect();
    let names: Vec<String> = listed.iter().map(|c| c.name.clone()).collect();
    let dial: Vec<Option<String>> = listed.iter().map(|c| c.dial_code.clone()).collect();
    sqlx::query!(
        "INSERT INTO countries (code, name, dial_code)
         SELECT DISTINCT ON (coalesce(code, lower(name))) code, name, dial_code
         FROM unnest($1::text[], $2::text[], $3::text[]) AS l (code, name, dial_code)
         ORDER BY coalesce(code, lower(name))
         ON CONFLICT DO NOTHING",
        &codes as &[Option<String>],
        &names,
        &dial as &[Option<String>],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO provider_countries (provider_id, external_code, country_id)
         SELECT DISTINCT ON (l.external_code) $1, l.external_code, c.id
         FROM unnest($2::text[], $3::text[], $4::text[]) AS l (external_code, code, name)
         JOIN countries c ON c.code = l.code
             OR (l.code IS NULL AND c.code IS NULL AND lower(c.name) = lower(l.name))
         ON CONFLICT DO NOTHING",
        synced.provider.get(),
        &external,
        &codes as &[Option<String>],
        &names,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn services(conn: &mut PgConnection, synced: &SyncedCatalog) -> sqlx::Result<()> {
    let listed = &synced.catalog.services;
    let codes: Vec<String> = listed.iter().map(|s| s.external_code.clone()).collect();
    let names: Vec<String> = listed.iter().map(|s| s.name.clone()).collect();
    sqlx::query!(
        "INSERT INTO services (code, name)
         SELECT DISTINCT ON (code) code, name FROM unnest($1::text[], $2::text[]) AS l (code, name)
         ON CONFLICT (code) DO NOTHING",
        &codes,
        &names,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Umbrellas and slots of everything offered. This protocol lists one price per provider, country
/// and service, so the provider names the slot.
async fn slots(conn: &mut PgConnection, synced: &SyncedCatalog) -> sqlx::Result<()> {
    let Columns { countries, services, .. } = Columns::of(synced);
    sqlx::query!(
        "INSERT INTO catalog_products (country_id, service_id)
         SELECT DISTINCT m.country_id, s.id
         FROM unnest($2::text[], $3::text[]) AS l (country, service)
         JOIN provider_countries m ON m.provider_id = $1 AND m.external_code = l.country
         JOIN services s ON s.code = l.service
         ON CONFLICT DO NOTHING",
        synced.provider.get(),
        &countries,
        &services,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO products (catalog_product_id, slot)
         SELECT DISTINCT c.id, 'provider:' || $1
         FROM unnest($2::text[], $3::text[]) AS l (country, service)
         JOIN provider_countries m ON m.provider_id = $1 AND m.external_code = l.country
         JOIN services s ON s.code = l.service
         JOIN catalog_products c ON c.country_id = m.country_id AND c.service_id = s.id
         ON CONFLICT DO NOTHING",
        synced.provider.get(),
        &countries,
        &services,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Answers with the tiers that were listed, and how many of them are in stock.
async fn offers(conn: &mut PgConnection, synced: &SyncedCatalog) -> sqlx::Result<(Vec<i64>, i64)> {
    let Columns { countries, services, costs, prices, stocks } = Columns::of(synced);
    let rows = sqlx::query!(
        "INSERT INTO offers (product_id, provider_id, external_service, external_country,
                             cost_micros, price, stock, synced_at)
         SELECT DISTINCT ON (p.id) p.id, $1, l.service, l.country, l.cost, l.price, l.stock, $7
         FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
             AS l (country, service, cost, price, stock)
         JOIN provider_countries m ON m.provider_id = $1 AND m.external_code = l.country
         JOIN services s ON s.code = l.service
         JOIN catalog_products c ON c.country_id = m.country_id AND c.service_id = s.id
         JOIN products p ON p.catalog_product_id = c.id AND p.slot = 'provider:' || $1
         ORDER BY p.id, l.price
         ON CONFLICT (product_id, provider_id) DO UPDATE SET
             external_service = excluded.external_service,
             external_country = excluded.external_country, cost_micros = excluded.cost_micros,
             price = excluded.price, stock = excluded.stock, synced_at = excluded.synced_at
         WHERE offers.synced_at <= excluded.synced_at
         RETURNING product_id, stock",
        synced.provider.get(),
        &countries,
        &services,
        &costs,
        &prices,
        &stocks,
        synced.at,
    )
    .fetch_all(conn)
    .await?;
    let in_stock = rows.iter().filter(|row| row.stock > 0).count();
    let listed = rows.into_iter().map(|row| row.product_id).collect();
    Ok((listed, i64::try_from(in_stock).unwrap_or(i64::MAX)))
}

/// The priced offers of a list, a column at a time.
#[derive(Default)]
struct Columns {
    countries: Vec<String>,
    services: Vec<String>,
    costs: Vec<i64>,
    prices: Vec<i64>,
    stocks: Vec<i64>,
}

impl Columns {
    fn of(synced: &SyncedCatalog) -> Self {
        let mut columns = Self::default();
        for (offer, price) in synced.catalog.offers.iter().zip(&synced.prices) {
            let Some(price) = price.map(Amount::get) else { continue };
            columns.countries.push(offer.country.clone());
            columns.services.push(offer.service.clone());
            columns.costs.push(offer.cost.micros());
            columns.prices.push(price);
            columns.stocks.push(offer.stock.max(0));
        }
        columns
    }
}
