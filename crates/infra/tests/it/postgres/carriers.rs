//! Mobile networks, which no protocol names yet: an operator's own rows.

use std::sync::Arc;

use domain::{
    identity::Mode,
    ids::{ProductId, ProviderId, UserId},
    money::Cost,
    orders::{
        IdempotencyKey, OrderTerms, RequestKey,
        place::{PlaceCommand, PlaceOrders, PlacePorts},
    },
    routing::{Policy, Wanted},
};
use infra::{crypto::Sealer, postgres::Postgres};
use sqlx::PgPool;
use testkit::{
    Chaos, FakeRegistry, FixedClock, Market, RecordingWake, ScriptedProvider, contract::purchases,
    offer,
};

/// The first answer to a purchase names the network, and its repeat is the same.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_purchase_names_its_network_at_once(pool: PgPool) {
    let sealer = Sealer::from_hex(&"5a".repeat(32).into()).unwrap();
    let store = Arc::new(Postgres::with_pool(pool.clone(), sealer));
    purchases::sets_the_price_aside(&*store).await.unwrap();
    let (product, provider, user): (i64, i64, i64) = sqlx::query_as(
        "WITH carrier AS (
             INSERT INTO carriers (country_id, code, name)
             SELECT id, 'tsel', 'Telkomsel' FROM countries WHERE NOT test RETURNING id
         ), product AS (
             UPDATE products SET carrier_id = carrier.id FROM carrier
             WHERE products.id = (SELECT product_id FROM orders) RETURNING products.id
         )
         SELECT product.id, orders.provider_id, orders.user_id FROM product, orders",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let registry = FakeRegistry::new(Chaos::default());
    let catalog = offer(Cost::from_micros(1_000_000).unwrap(), 100);
    let adapter = Arc::new(ScriptedProvider::new(catalog, 1, Chaos::default()));
    registry.insert(ProviderId::new(provider), adapter);
    let ports = PlacePorts {
        store: store.clone(),
        purchases: store.clone(),
        catalog: store.clone(),
        orders: store.clone(),
        work: store,
        registry: Arc::new(registry),
        wake: Arc::new(RecordingWake::default()),
        clock: Arc::new(FixedClock::default()),
    };
    let terms: OrderTerms = Market::TERMS;
    let place = PlaceOrders::new(ports, terms, 10);
    let key = RequestKey {
        key: IdempotencyKey::parse("key").unwrap(),
        operation: "create",
        fingerprint: "one".to_owned(),
    };
    let command = PlaceCommand {
        user: UserId::new(user),
        mode: Mode::Live,
        wanted: Wanted::Product(ProductId::new(product)),
        policy: Policy::Cheapest,
        prefer: None,
        quantity: 1,
        key: Some(key),
        shown_at: None,
    };
    let first = place.execute(command.clone()).await.unwrap();
    assert_eq!(first.orders[0].carrier_name.as_deref(), Some("Telkomsel"));
    assert_eq!(place.execute(command).await.unwrap(), first);
}
