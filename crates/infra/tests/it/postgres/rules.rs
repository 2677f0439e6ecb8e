//! The rules of the ledger, tried with raw calls of its functions: what the domain would never
//! ask for must be refused all the same.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use sqlx::PgPool;

/// A movement as the function takes it: from, to, amount, currency.
type Leg = ((&'static str, i64), (&'static str, i64), i64, &'static str);

async fn post(pool: &PgPool, key: &str, kind: &str, legs: &[Leg]) -> Result<bool, String> {
    let column = |f: fn(&Leg) -> &'static str| legs.iter().map(f).collect::<Vec<_>>();
    let numbers = |f: fn(&Leg) -> i64| legs.iter().map(f).collect::<Vec<_>>();
    sqlx::query_scalar::<_, bool>("SELECT ledger.post($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(key)
        .bind(kind)
        .bind(column(|leg| leg.0.0))
        .bind(numbers(|leg| leg.0.1))
        .bind(column(|leg| leg.1.0))
        .bind(numbers(|leg| leg.1.1))
        .bind(numbers(|leg| leg.2))
        .bind(column(|leg| leg.3))
        .fetch_one(pool)
        .await
        .map_err(|error| {
            let cause = error.as_database_error().expect("a refusal by the database");
            cause
                .constraint()
                .map_or_else(|| cause.code().unwrap_or_default().into_owned(), str::to_owned)
        })
}

async fn customer(pool: &PgPool, user: i64, balance: i64) {
    sqlx::query("SELECT ledger.open_wallet($1)").bind(user).execute(pool).await.unwrap();
    if balance > 0 {
        let key = format!("topup:stripe:cs_{user}");
        let legs = [(("gateway_clearing", 1), ("available", user), balance, "IDR")];
        assert_eq!(post(pool, &key, "TOPUP_CREDIT", &legs).await, Ok(true));
    }
}

const fn hold(user: i64, amount: i64) -> [Leg; 1] {
    [(("available", user), ("held", user), amount, "IDR")]
}

const fn release(user: i64, amount: i64) -> [Leg; 1] {
    [(("held", user), ("available", user), amount, "IDR")]
}

const fn capture(user: i64, amount: i64) -> [Leg; 1] {
    [(("held", user), ("revenue", 0), amount, "IDR")]
}

/// L4.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn no_wallet_goes_below_zero(pool: PgPool) {
    customer(&pool, 1, 100).await;
    let refused = post(&pool, "order:1:1:hold", "ORDER_DEBIT", &hold(1, 101)).await;
    assert_eq!(refused, Err("wallet_available_floor".to_owned()));
    assert_eq!(post(&pool, "order:1:1:hold", "ORDER_DEBIT", &hold(1, 100)).await, Ok(true));
}

/// L6, L7: a hold resolves once, one way, with its own amount.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_hold_resolves_once(pool: PgPool) {
    customer(&pool, 1, 100).await;
    customer(&pool, 2, 100).await;
    for user in [1, 2] {
        let key = format!("order:{user}:1:hold");
        assert_eq!(post(&pool, &key, "ORDER_DEBIT", &hold(user, 60)).await, Ok(true));
        assert_eq!(post(&pool, &key, "ORDER_DEBIT", &hold(user, 60)).await, Ok(false));
        let other = post(&pool, &key, "ORDER_DEBIT", &hold(user, 40)).await;
        assert_eq!(other, Err("LG002".to_owned()));
    }
    let key = "order:1:1:resolve";
    for legs in [release(1, 59), release(1, 61), release(2, 60)] {
        assert_eq!(post(&pool, key, "ORDER_REFUND", &legs).await, Err("LG004".to_owned()));
    }
    assert_eq!(post(&pool, key, "ORDER_REFUND", &release(1, 60)).await, Ok(true));
    assert_eq!(post(&pool, key, "ORDER_REFUND", &release(1, 60)).await, Ok(false));
    assert_eq!(post(&pool, key, "ORDER_CAPTURE", &capture(1, 60)).await, Err("LG002".to_owned()));
    let nothing_held = post(&pool, "order:9:1:resolve", "ORDER_CAPTURE", &capture(2, 60)).await;
    assert_eq!(nothing_held, Err("LG004".to_owned()));
}

/// L2, L10, L11, L14: only what the chart of accounts permits.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn refuses_what_the_chart_does_not_permit(pool: PgPool) {
    customer(&pool, 1, 1_000).await;
    customer(&pool, 2, 1_000).await;
    let order = "order:1:1:hold";
    let cases: &[(&str, &str, &[Leg], &str)] = &[
        (order, "ORDER_DEBIT", &[], "LG004"),
        (order, "GIFT", &hold(1, 1), "LG004"),
        (order, "ORDER_DEBIT", &[(("available", 1), ("held", 2), 1, "IDR")], "LG004"),
        (order, "ORDER_DEBIT", &[(("available", 1), ("revenue", 0), 1, "IDR")], "LG004"),
        (order, "ORDER_DEBIT", &[(("available", 1), ("held", 1), 1, "USD")], "LG004"),
        ("order:1:1:resolve", "ORDER_DEBIT", &hold(1, 1), "LG004"),
        ("order:x:1:hold", "ORDER_DEBIT", &hold(1, 1), "LG004"),
        (order, "ORDER_DEBIT", &[hold(1, 1)[0], hold(1, 1)[0]], "LG004"),
        (order, "ORDER_DEBIT", &hold(1, 0), "transfer_amount"),
        (order, "ORDER_DEBIT", &hold(3, 1), "LG005"),
        (
            "topup:stripe:x",
            "TOPUP_CREDIT",
            &[(("revenue", 0), ("available", 1), 1, "IDR")],
            "LG004",
        ),
        (
            "topup:stripe:x",
            "TOPUP_CREDIT",
            &[(("gateway_clearing", 1), ("available", 1), 1_000_000_000_000_001, "IDR")],
            "transfer_amount",
        ),
    ];
    for (key, kind, legs, expected) in cases {
        let outcome = post(&pool, key, kind, legs).await;
        assert_eq!(outcome, Err((*expected).to_owned()), "{kind} {key} {legs:?}");
    }
    // A negative amount would turn a hold round: the floor or the amount check refuses it.
    assert!(post(&pool, order, "ORDER_DEBIT", &hold(1, -5)).await.is_err());
}

/// L16: a correction that nobody signed does not commit.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_correction_needs_an_explanation(pool: PgPool) {
    customer(&pool, 1, 0).await;
    let legs = [(("adjustment", 0), ("available", 1), 10, "IDR")];
    assert_eq!(post(&pool, "adjustment:a", "ADJUSTMENT", &legs).await, Err("LG004".to_owned()));
}

/// L5, L13: what is kept follows from what was written, whoever wrote at the same time.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn balances_follow_from_movements(pool: PgPool) {
    for user in 1..=4 {
        customer(&pool, user, 1_000).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for order in 1..=100_i64 {
        let pool = pool.clone();
        tasks.spawn(async move {
            let user = order % 4 + 1;
            let key = format!("order:{order}:1:hold");
            post(&pool, &key, "ORDER_DEBIT", &hold(user, 7)).await.unwrap();
            let key = format!("order:{order}:1:resolve");
            if order % 3 == 0 {
                post(&pool, &key, "ORDER_REFUND", &release(user, 7)).await.unwrap();
            } else if order % 3 == 1 {
                post(&pool, &key, "ORDER_CAPTURE", &capture(user, 7)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let drift: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.wallets w
         LEFT JOIN ledger.transfers t ON t.wallet_user = w.user_id AND t.wallet_seq = w.seq
         WHERE (w.available, w.held) IS DISTINCT FROM (t.available_after, t.held_after)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(drift, 0);
    let total: i64 = sqlx::query_scalar("SELECT sum(balance)::bigint FROM ledger.balances")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(total, 0);
}
