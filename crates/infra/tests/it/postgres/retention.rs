//! What is over is deleted in bounds, and nothing else is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use domain::{
    retention::{Purged, Record, Retention},
    store::StoreError,
};
use infra::{crypto::Sealer, postgres::Postgres};
use sqlx::{AssertSqlSafe, PgPool};
use testkit::contract::replays;

const DAY: Duration = Duration::from_hours(24);
/// Longer than the least time of each table.
const KEEP: Duration = Duration::from_hours(200 * 24);

fn backend(pool: &PgPool) -> Postgres {
    Postgres::with_pool(pool.clone(), Sealer::from_hex(&"5a".repeat(32).into()).unwrap())
}

async fn run(pool: &PgPool, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(pool).await.unwrap();
}

/// The one column of a query, in one line.
async fn read(pool: &PgPool, query: &str) -> String {
    let query = format!(
        "SELECT coalesce(string_agg(it::text, ' ' ORDER BY it), '') FROM ({query}) AS of (it)"
    );
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(pool).await.unwrap()
}

async fn purge(pool: &PgPool, record: Record, limit: u32) -> Purged {
    backend(pool).purge(record, KEEP, limit).await.unwrap()
}

/// A provider and two customers, of whom the first has orders: 1 reserving, 2 active, 3 completed,
/// 4 canceled without the provider having heard of it.
async fn stage(pool: &PgPool) {
    run(
        pool,
        "INSERT INTO users (id, email, created_at) OVERRIDING SYSTEM VALUE
             VALUES (1, 'a@example.com', now()), (2, 'b@example.com', now());
         INSERT INTO providers (id, code, protocol, base_url, api_key_sealed,
                                callback_secret_sealed, callback_secret_hash, priority)
             OVERRIDING SYSTEM VALUE
             VALUES (7, 'alpha', 'sms_activate', 'http://alpha.example', '', '', '', 1);
         ALTER TABLE orders DISABLE TRIGGER ALL;
         INSERT INTO orders (id, user_id, product_id, catalog_product_id, attempt, price,
                             provider_id, external_service, external_country, cost_micros, state,
                             attempted_at, external_id, phone, activated_at, expires_at,
                             cancel_from, sms_revision, otp_received_at, canceled_at,
                             upstream_open, created_at, changed_at)
         SELECT id, 1, 1, 1, 1, 10, 7, 'wa', '6', 1, state, now(), external, external, at, at, at,
                (state = 'COMPLETED')::int, CASE state WHEN 'COMPLETED' THEN now() END,
                CASE state WHEN 'CANCELED' THEN now() END, state = 'CANCELED', now(), now()
         FROM (VALUES (1, 'RESERVING', NULL, NULL::timestamptz), (2, 'ACTIVE', 'x2', now()),
                      (3, 'COMPLETED', 'x3', now()), (4, 'CANCELED', 'x4', now()))
             AS o (id, state, external, at);",
    )
    .await;
}

/// The oldest go first, as many as asked for; the youngest of the old is the border.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn goes_by_age_and_in_bounds(pool: PgPool) {
    run(
        &pool,
        "INSERT INTO payment_notices (gateway, event_id, event_kind, payment, raw_body, received_at)
         SELECT 'stripe', 'evt_' || n, 'paid', 'payment:cs_' || n, 'x',
                now() - interval '199 days 23 hours 30 minutes' - n * interval '1 hour'
         FROM generate_series(0, 7) AS n",
    )
    .await;
    let left = "SELECT event_id FROM payment_notices";
    let first = purge(&pool, Record::Notices, 4).await;
    assert_eq!(first.removed, 4);
    assert_eq!(read(&pool, left).await, "evt_0 evt_1 evt_2 evt_3");
    let second = purge(&pool, Record::Notices, 4).await;
    assert_eq!((second.removed, read(&pool, left).await.as_str()), (3, "evt_0"));
    let third = purge(&pool, Record::Notices, 4).await;
    assert_eq!(third.removed, 0);
    let oldest = third.oldest.unwrap();
    assert!(oldest + DAY / 12 >= KEEP && oldest < KEEP + DAY, "{oldest:?}");
    assert_eq!(purge(&pool, Record::Callbacks, 4).await, Purged::default());
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn keeps_keys_of_purchases_under_way(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "INSERT INTO idempotency_keys (user_id, operation, key, fingerprint, order_ids, created_at)
         VALUES (1, 'o', 'open', 'f', '{3,1}', now() - interval '300 days'),
                (1, 'o', 'over', 'f', '{3,4}', now() - interval '300 days'),
                (2, 'o', 'gone', 'f', '{}', now() - interval '201 days'),
                (1, 'o', 'young', 'f', '{3}', now() - interval '199 days')",
    )
    .await;
    let purged = purge(&pool, Record::RequestKeys, 100).await;
    assert_eq!(purged.removed, 2);
    assert_eq!(purged.oldest.unwrap().as_secs() / DAY.as_secs(), 300);
    assert_eq!(read(&pool, "SELECT key FROM idempotency_keys").await, "open young");
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn keeps_callbacks_that_are_open_or_referred_to(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "INSERT INTO sms_inbox (id, provider_id, external_id, upstream_at, state, created_at)
             OVERRIDING SYSTEM VALUE
         SELECT id, 7, external, id::text, state, now() - age * interval '1 day'
         FROM (VALUES (1, 'x3', 'APPLIED', 300), (2, 'x4', 'LATE', 300), (3, 'x3', 'KNOWN', 201),
                      (4, 'x3', 'APPLIED', 199), (5, 'x3', 'PENDING', 300),
                      (6, 'x3', 'PARKED', 300), (7, 'x2', 'APPLIED', 300), (8, 'x3', 'LATE', 300))
             AS c (id, external, state, age);
         INSERT INTO tasks (kind, subject, run_at, dead_at, dead_reason)
             VALUES ('sms.confirm', '8', now(), now(), 'exhausted')",
    )
    .await;
    assert_eq!(purge(&pool, Record::Callbacks, 100).await.removed, 3);
    assert_eq!(read(&pool, "SELECT id FROM sms_inbox").await, "4 5 6 7 8");
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn keeps_notices_of_payments_that_are_looked_at(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "INSERT INTO topups (id, user_id, gateway, amount, state, payment_id, created_at,
                             changed_at, charge_currency, charge_amount)
         SELECT md5(n::text)::uuid, 1, 'stripe', 10, CASE n WHEN 1 THEN 'DISPUTED' ELSE 'PAID' END,
                'cs_' || n, now(), now(), 'IDR', 10 FROM generate_series(1, 3) AS n;
         INSERT INTO payments (gateway, payment_id, topup_id, received, credited, returned, reversed)
         SELECT 'stripe', 'pi_' || n, md5(n::text)::uuid, 10, 10, 0, 0
         FROM generate_series(1, 3) AS n;
         INSERT INTO payment_notices (gateway, event_id, event_kind, payment, raw_body, received_at)
         SELECT 'stripe', of, 'paid', of, '', now() - interval '300 days'
         FROM unnest(ARRAY['payment:cs_1', 'topup:' || md5('1')::uuid, 'alias:pi_1',
                           'payment:pi_1', 'payment:cs_2', 'alias:pi_2', 'payment:cs_3']) AS of;
         INSERT INTO payment_notices VALUES ('duitku', 'd', 'paid', 'payment:cs_1', '',
                                             now() - interval '300 days');
         INSERT INTO tasks (kind, subject, run_at)
             VALUES ('payment.confirm', 'stripe/payment:cs_3', now())",
    )
    .await;
    assert_eq!(purge(&pool, Record::Notices, 100).await.removed, 3);
    let left = read(&pool, "SELECT event_id FROM payment_notices").await;
    assert_eq!(left.split(' ').count(), 5, "{left}");
    assert!(!left.contains("_2") && left.contains("cs_3"), "{left}");
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn keeps_numbers_that_are_still_listed_or_awaited(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "INSERT INTO orphan_activations
             (provider_id, external_id, first_seen_at, last_seen_at, written_off_at)
         SELECT 7, id, now() - interval '500 days', now() - age * interval '1 day', NULL
         FROM (VALUES ('listed', 0), ('lately', 199), ('gone', 201), ('awaited', 300))
             AS o (id, age);
         UPDATE orphan_activations SET written_off_at = now() - interval '300 days'
             WHERE external_id IN ('gone', 'listed');
         INSERT INTO sms_inbox (provider_id, external_id, upstream_at, created_at)
             VALUES (7, 'awaited', '', now())",
    )
    .await;
    assert_eq!(purge(&pool, Record::Orphans, 100).await.removed, 1);
    let left = read(&pool, "SELECT external_id FROM orphan_activations").await;
    assert_eq!(left, "awaited lately listed");
}

/// What an operator has discarded stays so as long as its cause does.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn brings_no_discarded_task_back(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "INSERT INTO sms_inbox (id, provider_id, external_id, upstream_at, state, created_at)
             OVERRIDING SYSTEM VALUE
             VALUES (5, 7, 'x3', '', 'PENDING', now() - interval '300 days'),
                    (6, 7, 'x3', '', 'LATE', now());
         INSERT INTO task_audit (task_id, kind, subject, action, operator, reason, dead_reason, at)
         SELECT 1, kind, subject, action, 'Ada', 'because', 'exhausted',
                now() - interval '300 days'
         FROM (VALUES ('order.close_upstream', '4', 'discard'),
                      ('order.close_upstream', '4', 'retry'),
                      ('order.close_upstream', '3', 'discard'), ('sms.confirm', '5', 'discard'),
                      ('sms.confirm', '6', 'discard'), ('payment.confirm', 'x/y', 'discard'))
             AS a (kind, subject, action)",
    )
    .await;
    assert_eq!(purge(&pool, Record::Interventions, 100).await.removed, 4);
    assert_eq!(read(&pool, "SELECT subject FROM task_audit").await, "4 5");
    assert_eq!(read(&pool, "SELECT task_adopt('infinity')").await, "0");
}

/// Whoever is stopped can be told why.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn keeps_the_reasons_of_what_is_in_force(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "UPDATE users SET suspended_at = now() WHERE id = 2;
         INSERT INTO customer_audit (user_id, action, tier, until, operator, reason, at)
         SELECT user_id, action, tier, now() + until * interval '1 day', 'Ada', why,
                now() - age * interval '1 day'
         FROM (VALUES (1, 'ban', 'SOFT', -299, 'over', 300), (1, 'ban', 'HARD', 1, 'now', 300),
                      (1, 'suspend', NULL, NULL, 'was', 300), (1, 'resume', NULL, NULL, 'is', 201),
                      (2, 'suspend', NULL, NULL, 'still', 300),
                      (1, 'unban', NULL, NULL, 'young', 199))
             AS a (user_id, action, tier, until, why, age)",
    )
    .await;
    assert_eq!(purge(&pool, Record::CustomerAudit, 100).await.removed, 3);
    assert_eq!(read(&pool, "SELECT reason FROM customer_audit").await, "now still young");
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn takes_attempts_with_their_messages(pool: PgPool) {
    stage(&pool).await;
    run(
        &pool,
        "INSERT INTO webhook_endpoints (user_id) VALUES (1);
         INSERT INTO webhook_messages (id, user_id, kind, occurred_at, state, changed_at)
         SELECT md5(n::text)::uuid, 1, 'webhook.test', now(), state, now() - age * interval '1 day'
         FROM (VALUES (1, 'delivered', 300), (2, 'failed', 201), (3, 'expired', 199),
                      (4, 'waiting', 300)) AS m (n, state, age);
         INSERT INTO webhook_attempts (message_id, number, user_id, trigger, host, outcome,
                                       took_ms, at)
         SELECT md5(n::text)::uuid, a, 1, 'test', 'h', 'ok', 1, now()
         FROM generate_series(1, 4) AS n, generate_series(1, 3) AS a",
    )
    .await;
    assert_eq!(purge(&pool, Record::HookMessages, 100).await.removed, 2);
    assert_eq!(read(&pool, "SELECT state FROM webhook_messages").await, "expired waiting");
    assert_eq!(read(&pool, "SELECT count(*) FROM webhook_attempts").await, "6");
}

/// Two workers at once delete each row once, and neither waits for the other.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
#[expect(clippy::disallowed_methods, reason = "the test holds a row locked")]
async fn is_shared_by_workers(pool: PgPool) {
    run(
        &pool,
        "INSERT INTO payment_notices (gateway, event_id, event_kind, payment, raw_body, received_at)
         SELECT 'stripe', n, 'paid', 'payment:' || n, '', now() - interval '300 days'
         FROM generate_series(1, 1000) AS n",
    )
    .await;
    let mut locked = pool.begin().await.unwrap();
    let lock = "SELECT event_id FROM payment_notices WHERE event_id = '500' FOR UPDATE";
    sqlx::query(lock).execute(&mut *locked).await.unwrap();
    let batches = (0..20).map(|_| purge(&pool, Record::Notices, 50));
    let removed = futures_util::future::join_all(batches).await;
    assert!(removed.iter().map(|purged| purged.removed).sum::<u64>() <= 999);
    while purge(&pool, Record::Notices, 50).await.removed > 0 {}
    assert_eq!(read(&pool, "SELECT event_id FROM payment_notices").await, "500");
    locked.rollback().await.unwrap();
    assert_eq!(purge(&pool, Record::Notices, 50).await.removed, 1);
}

/// A binary that is told to delete what is young is refused, and so is one that names a table which
/// is kept for good.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn refuses_to_delete_what_is_young(pool: PgPool) {
    let store = backend(&pool);
    for record in Record::ALL {
        let error = store.purge(record, DAY / 2, 10).await.unwrap_err();
        assert!(matches!(error, StoreError::Internal(_)), "{record:?}: {error}");
        store.purge(record, KEEP, 10).await.unwrap();
        store.purge(record, KEEP, 0).await.unwrap_err();
        store.purge(record, KEEP, 10_001).await.unwrap_err();
    }
    for table in ["orders", "topups", "events", "payments", "users", "ledger.transfer", ""] {
        let asked = sqlx::query("SELECT retention_purge($1, interval '900 days', 10)").bind(table);
        asked.execute(&pool).await.unwrap_err();
    }
}

/// Each look at what may go reads an index, however much else there is.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn finds_what_may_go_by_an_index(pool: PgPool) {
    for (index, query) in [
        (
            "sms_inbox_settled",
            "SELECT id FROM sms_inbox WHERE state IN ('APPLIED', 'KNOWN', 'LATE')
                 AND created_at < now() ORDER BY created_at LIMIT 10",
        ),
        (
            "orphan_activations_seen",
            "SELECT 1 FROM orphan_activations WHERE last_seen_at < now()
             ORDER BY last_seen_at LIMIT 10",
        ),
        (
            "customer_audit_at",
            "SELECT id FROM customer_audit WHERE at < now() ORDER BY at LIMIT 10",
        ),
        ("task_audit_at", "SELECT id FROM task_audit WHERE at < now() ORDER BY at LIMIT 10"),
        (
            "payment_notices_age",
            "SELECT 1 FROM payment_notices WHERE received_at < now() ORDER BY received_at LIMIT 10",
        ),
    ] {
        let explain = format!("SET enable_seqscan = off; SET enable_sort = off; EXPLAIN {query}");
        let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&pool).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 0)).collect();
        assert!(plan.iter().any(|line| line.contains(index)), "{plan:?}");
    }
}

/// Makes everything old enough to go, and lets it go.
async fn forget(pool: &PgPool) -> testkit::Outcome {
    run(
        pool,
        "UPDATE sms_inbox SET created_at = now() - interval '201 days';
         UPDATE payment_notices SET received_at = now() - interval '201 days';
         DELETE FROM tasks",
    )
    .await;
    let settled = "SELECT count(*) FROM sms_inbox i WHERE state IN ('APPLIED', 'KNOWN', 'LATE')
        AND NOT EXISTS (SELECT FROM orders o WHERE o.external_id = i.external_id
                        AND o.state = 'OTP_RECEIVED')";
    purge(pool, Record::Callbacks, 100).await;
    purge(pool, Record::Notices, 100).await;
    assert_eq!(read(pool, settled).await, "0");
    assert_eq!(read(pool, "SELECT count(*) FROM payment_notices").await, "0");
    Ok(())
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_callback_does_nothing_twice(pool: PgPool) -> testkit::Outcome {
    replays::a_callback_does_nothing_twice(&backend(&pool), || forget(&pool)).await
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_notice_does_nothing_twice(pool: PgPool) -> testkit::Outcome {
    replays::a_notice_does_nothing_twice(&backend(&pool), || forget(&pool)).await
}
