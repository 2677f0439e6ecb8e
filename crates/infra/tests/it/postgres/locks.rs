//! Two customers never wait for each other: no row is shared by their purchases.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use infra::{crypto::Sealer, postgres::Postgres};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Transaction, postgres::PgPoolOptions};
use testkit::contract::rivals;

/// The whole life of an order's money, each step as the servers post it.
fn steps(user: i64) -> [String; 3] {
    let post = |key: &str, kind: &str, legs: &str| {
        format!("SELECT ledger.post('order:{user}:1:{key}', '{kind}', {legs})")
    };
    [
        post(
            "hold",
            "ORDER_DEBIT",
            &format!("'{{available}}', '{{{user}}}', '{{held}}', '{{{user}}}', '{{5}}', '{{IDR}}'"),
        ),
        post(
            "resolve",
            "ORDER_CAPTURE",
            &format!(
                "'{{held,provider_expense}}', '{{{user},1}}', '{{revenue,provider_prepaid}}', \
                 '{{0,1}}', '{{5,7}}', '{{IDR,USD}}'"
            ),
        ),
        format!(
            "SELECT ledger.post('topup:stripe:again{user}', 'TOPUP_CREDIT', \
             '{{gateway_clearing}}', '{{1}}', '{{available}}', '{{{user}}}', '{{5}}', '{{IDR}}')"
        ),
    ]
}

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the test holds transactions open")]
async fn begin(pool: &PgPool) -> Transaction<'static, sqlx::Postgres> {
    let mut unit = pool.begin().await.unwrap();
    run(&mut unit, "SET LOCAL lock_timeout = '100ms'").await;
    unit
}

/// Both transactions go step by step, neither commits before the other is through: a row that both
/// update would make the second one wait, and fail by its timeout.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn two_customers_never_wait_for_each_other(pool: PgPool) {
    for user in [1, 2] {
        run(&mut pool.acquire().await.unwrap(), &format!("SELECT ledger.open_wallet({user})"))
            .await;
        let fund = format!(
            "SELECT ledger.post('topup:stripe:{user}', 'TOPUP_CREDIT', '{{gateway_clearing}}', \
             '{{1}}', '{{available}}', '{{{user}}}', '{{100}}', '{{IDR}}')"
        );
        run(&mut pool.acquire().await.unwrap(), &fund).await;
    }
    let (mut first, mut second) = (begin(&pool).await, begin(&pool).await);
    for (one, two) in steps(1).iter().zip(steps(2)) {
        run(&mut first, one).await;
        run(&mut second, &two).await;
    }
    first.commit().await.unwrap();
    second.commit().await.unwrap();
    let held: Vec<(i64, i64)> =
        sqlx::query_as("SELECT available, held FROM ledger.wallets ORDER BY user_id")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(held, [(100, 0), (100, 0)]);
}

/// The control: two purchases of one customer do wait, or the test above would prove nothing.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn one_customer_waits_for_themselves(pool: PgPool) {
    run(&mut pool.acquire().await.unwrap(), "SELECT ledger.open_wallet(1)").await;
    let fund = "SELECT ledger.post('topup:stripe:1', 'TOPUP_CREDIT', '{gateway_clearing}', '{1}', \
                '{available}', '{1}', '{100}', '{IDR}')";
    run(&mut pool.acquire().await.unwrap(), fund).await;
    let (mut first, mut second) = (begin(&pool).await, begin(&pool).await);
    run(&mut first, &steps(1)[0]).await;
    let other = steps(1)[0].replace("order:1:1", "order:9:1");
    let late = sqlx::query(AssertSqlSafe(other)).execute(&mut *second).await.unwrap_err();
    let code = late.as_database_error().and_then(sqlx::error::DatabaseError::code);
    assert_eq!(code.as_deref(), Some("55P03"));
}

/// The adapter on a connection of its own. Everything it does stays open until its unit commits,
/// and it gives up as soon as it has to wait.
async fn side(pool: &PgPool) -> Postgres {
    let options = (*pool.connect_options()).clone().options([("lock_timeout", "100ms")]);
    let one = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
    let one = one.connect_with(options).await.unwrap();
    run(&mut one.acquire().await.unwrap(), "BEGIN").await;
    adapter(one)
}

fn adapter(pool: PgPool) -> Postgres {
    Postgres::with_pool(pool, Sealer::from_hex(&"5a".repeat(32).into()).unwrap())
}

/// The same with the statements that the servers use, from the reservation to the money.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn two_purchases_never_wait_for_each_other(pool: PgPool) -> testkit::Outcome {
    let (one, other) = (side(&pool).await, side(&pool).await);
    rivals::never_wait_for_each_other(&adapter(pool), [&one, &other]).await
}

/// The control of that.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn two_purchases_of_one_customer_wait(pool: PgPool) -> testkit::Outcome {
    let (one, other) = (side(&pool).await, side(&pool).await);
    rivals::wait_for_themselves(&adapter(pool), [&one, &other]).await
}
