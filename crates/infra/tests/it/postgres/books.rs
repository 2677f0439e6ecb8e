//! Sums, audits and figures of the ledger, where only a real database can be cooked, paused or
//! come from an earlier version.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use domain::ledger::{Gateway, LedgerQueries, LedgerUpkeep, audit::AuditReport};
use infra::{
    crypto::Sealer,
    postgres::{MIGRATOR, Postgres},
};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use testkit::start_of_time;

fn store(pool: &PgPool) -> Postgres {
    let sealer = Sealer::from_hex(&"5a".repeat(32).into()).unwrap();
    Postgres::with_pool(pool.clone(), sealer)
}

async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
}

async fn number(pool: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(pool).await.unwrap()
}

/// Waits until all that was written until now lies below the horizon: transactions are numbered for
/// all databases of the server, and those of other tests may be running.
async fn settle(pool: &PgPool) {
    let written =
        number(pool, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").await;
    let oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    while number(pool, oldest).await < written {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Two customers with 100 each, of which the first has spent 30 on a number that cost 7.
const HISTORY: &str = "
    SELECT ledger.open_wallet(user_id) FROM generate_series(1, 2) AS user_id;
    SELECT ledger.post('topup:stripe:' || user_id, 'TOPUP_CREDIT', '{gateway_clearing}', '{1}',
                       '{available}', ARRAY[user_id], '{100}', '{IDR}')
    FROM generate_series(1, 2) AS user_id;
    SELECT ledger.post('order:1:1:hold', 'ORDER_DEBIT', '{available}', '{1}', '{held}', '{1}',
                       '{30}', '{IDR}');";
const CAPTURE: &str = "
    SELECT ledger.post('order:1:1:resolve', 'ORDER_CAPTURE', '{held,provider_expense}', '{1,5}',
                       '{revenue,provider_prepaid}', '{0,5}', '{30,7}', '{IDR,USD}');";

/// The findings of these invariants; the history above has no orders and no top-ups.
fn about(report: &AuditReport, invariants: &[&str]) -> Vec<(String, Option<i64>)> {
    let of = report.findings.iter().filter(|it| invariants.contains(&it.invariant.as_str()));
    of.map(|it| (it.invariant.clone(), it.user_id)).collect()
}

const BOOKS: [&str; 3] = ["L5", "L13", "L17"];

/// Whoever can write past all rules is found by what does not fit any more: amounts by the balances
/// and the hashes, hashes by the next ones, wallets by their last movement.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn finds_whatever_was_rewritten(pool: PgPool) {
    run(&pool, HISTORY).await;
    run(&pool, CAPTURE).await;
    settle(&pool).await;
    let store = store(&pool);
    assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
    assert_eq!(about(&store.audit_recent().await.unwrap().0, &BOOKS), []);
    for (cook, expected) in [
        ("UPDATE ledger.transfer SET amount = 20 WHERE kind = 'ORDER_DEBIT'", "L5"),
        (
            "UPDATE ledger.transfer SET created_at = created_at - interval '1 day' \
          WHERE journal_key = 'topup:stripe:1'",
            "L17",
        ),
        (
            "UPDATE ledger.transfer SET journal_key = 'order:2:1:hold' \
          WHERE journal_key = 'order:1:1:hold'",
            "L17",
        ),
        (
            "UPDATE ledger.transfer SET chain = sha256(chain) WHERE wallet_user = 1 AND wallet_seq = 1",
            "L17",
        ),
        (
            "UPDATE ledger.transfer SET chain = NULL, debt_after = NULL \
          WHERE wallet_user = 1 AND wallet_seq = 2",
            "L17",
        ),
        ("UPDATE ledger.wallet SET available = available + 5 WHERE user_id = 1", "L5"),
        ("UPDATE ledger.wallet SET chain = sha256(chain) WHERE user_id = 1", "L17"),
        ("DELETE FROM ledger.transfer WHERE journal_key = 'order:1:1:hold'", "L5"),
    ] {
        let mut cooked = pool.acquire().await.unwrap();
        let undo = cook_books(&mut cooked, cook).await;
        drop(cooked);
        for report in [store.audit().await.unwrap(), store.audit_recent().await.unwrap().0] {
            let found = about(&report, &BOOKS);
            let hit = found.iter().any(|(id, user)| id == expected && *user == Some(1));
            assert!(hit, "{cook}: {found:?}");
            assert!(found.iter().all(|(_, user)| *user != Some(2)), "{cook}: {found:?}");
        }
        run(&pool, &undo).await;
    }
    assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
}

/// L21: a wallet that counts its holds wrongly is found, and none says that nothing is held when
/// something is.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn finds_holds_that_are_counted_wrongly(pool: PgPool) {
    run(&pool, HISTORY).await;
    let store = store(&pool);
    assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
    run(&pool, "UPDATE ledger.wallet SET holds = holds + 1 WHERE user_id = 1").await;
    let found = about(&store.audit().await.unwrap(), &BOOKS);
    assert!(found.iter().any(|(id, user)| id == "L5" && *user == Some(1)), "{found:?}");
    let none = sqlx::query("UPDATE ledger.wallet SET holds = 0 WHERE user_id = 1");
    let error = none.execute(&pool).await.unwrap_err();
    let constraint = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
    assert_eq!(constraint, Some("wallet_holds"));
}

/// Changes history past the triggers; answers with what puts it back.
async fn cook_books(connection: &mut PgConnection, statement: &str) -> String {
    let script = format!(
        "CREATE TABLE IF NOT EXISTS kept_transfer AS SELECT * FROM ledger.transfer;
         CREATE TABLE IF NOT EXISTS kept_wallet AS SELECT * FROM ledger.wallet;
         SET session_replication_role = replica;
         ALTER TABLE ledger.transfer DROP CONSTRAINT IF EXISTS transfer_chained;
         {statement};
         SET session_replication_role = origin;"
    );
    sqlx::raw_sql(AssertSqlSafe(script)).execute(connection).await.unwrap();
    "SET session_replication_role = replica;
     DELETE FROM ledger.transfer; INSERT INTO ledger.transfer SELECT * FROM kept_transfer;
     UPDATE ledger.wallet w SET available = k.available, chain = k.chain
     FROM kept_wallet k WHERE k.user_id = w.user_id;
     SET session_replication_role = origin;"
        .to_owned()
}

/// L13: sums that were kept and are not those of the movements.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn finds_a_sum_that_is_wrong(pool: PgPool) {
    run(&pool, HISTORY).await;
    run(&pool, CAPTURE).await;
    let store = store(&pool);
    run(&pool, "INSERT INTO ledger.rollup VALUES ('revenue', 0, 'IDR', 1)").await;
    for report in [store.audit().await.unwrap(), store.audit_recent().await.unwrap().0] {
        assert!(!about(&report, &["L13"]).is_empty());
    }
}

/// A transaction that was running when sums were made is in none of them, and in the next.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
#[expect(clippy::disallowed_methods, reason = "the test holds a transaction open")]
async fn never_skips_what_commits_late(pool: PgPool) {
    run(&pool, HISTORY).await;
    let store = store(&pool);
    let mut late = pool.begin().await.unwrap();
    sqlx::raw_sql(CAPTURE).execute(&mut *late).await.unwrap();
    run(
        &pool,
        "SELECT ledger.post('topup:stripe:9', 'TOPUP_CREDIT', '{gateway_clearing}', '{1}', \
                '{available}', '{2}', '{11}', '{IDR}')",
    )
    .await;
    store.roll_up().await.unwrap();
    let (_, horizon) = store.audit_recent().await.unwrap();
    store.mark_audited(horizon).await.unwrap();
    assert_eq!(number(&pool, "SELECT sum(balance)::bigint FROM ledger.balances").await, 0);
    late.commit().await.unwrap();
    settle(&pool).await;
    let revenue = "SELECT balance FROM ledger.balances WHERE class = 'revenue'";
    assert_eq!(number(&pool, revenue).await, 30);
    let (report, _) = store.audit_recent().await.unwrap();
    assert!(report.transfers >= 2, "what committed late is audited: {}", report.transfers);
    store.roll_up().await.unwrap();
    assert_eq!(number(&pool, revenue).await, 30);
    assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
}

/// L12: payouts cover the oldest payments first. What is unsettled is as old as the first payment
/// that no payout covers.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn tells_since_when_a_gateway_owes_us(pool: PgPool) {
    run(&pool, "SELECT ledger.open_wallet(1)").await;
    for day in 1..=3 {
        let pay = format!(
            "SELECT ledger.post('topup:stripe:{day}', 'TOPUP_CREDIT', '{{gateway_clearing}}', \
             '{{1}}', '{{available}}', '{{1}}', '{{100}}', '{{IDR}}')"
        );
        run(&pool, &pay).await;
    }
    run(
        &pool,
        "SET session_replication_role = replica;
                UPDATE ledger.transfer SET created_at = timestamptz '2030-01-01'
                    + split_part(journal_key, ':', 3)::int * interval '1 day';
                SET session_replication_role = origin;",
    )
    .await;
    let store = store(&pool);
    for (paid, unsettled, since) in [
        (0, 300, Some(2)),
        (99, 201, Some(2)),
        (1, 200, Some(3)),
        (150, 50, Some(4)),
        (50, 0, None),
        (10, -10, None),
    ] {
        if paid > 0 {
            let settle = format!(
                "BEGIN; SELECT ledger.post('settlement:stripe:{unsettled}', 'GATEWAY_SETTLEMENT', \
                 '{{bank}}', '{{0}}', '{{gateway_clearing}}', '{{1}}', '{{{paid}}}', '{{IDR}}'); \
                 SELECT ledger.note_decision('settlement:stripe:{unsettled}', 'me', 'paid'); COMMIT"
            );
            run(&pool, &settle).await;
        }
        let vitals = store.vitals(start_of_time(), Duration::from_mins(1)).await.unwrap();
        let clearing = vitals.clearing.first().unwrap();
        let day = clearing.since.map(|at| at.format("%-d").to_string().parse::<i64>().unwrap());
        assert_eq!((clearing.unsettled, day), (unsettled, since), "{paid} paid out");
    }
}

/// L9: the audit of what changed holds credits and claw-backs against what was booked of their
/// payments, as the full one does.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn compares_payments_with_what_moved(pool: PgPool) {
    let payment = "INSERT INTO users (id, email, created_at) OVERRIDING SYSTEM VALUE
             VALUES (1, 'a@example.com', now()), (2, 'b@example.com', now());
         INSERT INTO topups (id, user_id, gateway, amount, state, payment_id, created_at,
                             changed_at, charge_currency, charge_amount)
         SELECT md5(n::text)::uuid, n, 'stripe', 100, 'PAID', 'cs_' || n, now(), now(), 'IDR', 100
         FROM generate_series(1, 2) AS n;
         INSERT INTO payments (gateway, payment_id, topup_id, received, credited, returned, reversed)
         SELECT 'stripe', n::text, md5(n::text)::uuid, 100, 100, 0, 0
         FROM generate_series(1, 2) AS n";
    let credit = "SELECT ledger.post('topup:stripe:2:130', 'TOPUP_CREDIT', '{gateway_clearing}',
                                     '{1}', '{available}', '{2}', '{30}', '{IDR}')";
    let claw = "SELECT ledger.post('clawback:stripe:dispute:dp_1', 'CLAWBACK', '{debt}', '{1}',
                                   '{gateway_clearing}', '{1}', '{40}', '{IDR}')";
    let cause = "INSERT INTO payment_reversals (gateway, kind, id, topup_id, payment_id, currency,
                                                amount, taken, state)
                 VALUES ('stripe', 'DISPUTE', 'dp_1', md5('1')::uuid, '1', 'IDR', 40, 40, 'BOOKED')";
    let back = |part: &str, amount| {
        format!(
            "SELECT ledger.post('clawback:stripe:dispute:dp_1{part}:reversal',
                 'CLAWBACK_REVERSAL', '{{gateway_clearing}}', '{{1}}', '{{available}}', '{{1}}',
                 '{{{amount}}}', '{{IDR}}')"
        )
    };
    let book = |user, what| format!("UPDATE payments SET {what} WHERE payment_id = '{user}'");
    let store = store(&pool);
    for (step, expected) in [
        (HISTORY.to_owned(), &[1, 2][..]),
        (payment.to_owned(), &[]),
        (credit.to_owned(), &[2]),
        (book(2, "credited = 130"), &[]),
        (claw.to_owned(), &[1]),
        (cause.to_owned(), &[1]),
        (book(1, "reversed = 40"), &[]),
        (back("", 15), &[1]),
        (book(1, "reversed = 25"), &[]),
        (back(":15", 25), &[1]),
        (book(1, "reversed = 0"), &[]),
        (book(1, "topup_id = md5('2')::uuid"), &[2]),
    ] {
        run(&pool, &step).await;
        settle(&pool).await;
        let recent = about(&store.audit_recent().await.unwrap().0, &["L9"]);
        let mut users: Vec<_> = recent.iter().filter_map(|(_, user)| *user).collect();
        users.sort_unstable();
        users.dedup();
        assert_eq!(users, expected, "{step}");
        let full = about(&store.audit().await.unwrap(), &["L9"]);
        assert_eq!(full.is_empty(), expected.is_empty(), "{step}: {full:?}");
    }
}

/// A payment of which its gateway did not tell is noticed when it should have told.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn counts_payments_that_nobody_announced(pool: PgPool) {
    run(
        &pool,
        "INSERT INTO users (id, email, created_at) OVERRIDING SYSTEM VALUE
             VALUES (1, 'a@example.com', now());
         INSERT INTO topups (id, user_id, gateway, amount, state, payment_id, created_at,
                             changed_at, charge_currency, charge_amount)
         SELECT md5(n::text)::uuid, 1, 'stripe', 10, 'PAID', 'cs_' || n, now(), now(), 'IDR', 10
         FROM generate_series(1, 5) AS n;
         INSERT INTO payments (gateway, payment_id, topup_id, received, credited, returned,
                               reversed, booked_at)
         SELECT 'stripe', 'pi_' || n, md5(n::text)::uuid, 10, 10, 0, 0,
                timestamptz '2026-01-01' - CASE n WHEN 5 THEN interval '1 minute'
                                                  ELSE interval '1 hour' END
         FROM generate_series(1, 5) AS n;
         INSERT INTO payment_notices
         SELECT 'stripe', 'evt_' || n, 'paid', of, '', now()
         FROM unnest(ARRAY['payment:cs_1', 'topup:' || md5('2')::uuid, 'alias:pi_3'])
             WITH ORDINALITY AS told (of, n)",
    )
    .await;
    let at: domain::time::Timestamp =
        sqlx::query_scalar("SELECT timestamptz '2026-01-01'").fetch_one(&pool).await.unwrap();
    let vitals = store(&pool).vitals(at, Duration::from_mins(1)).await.unwrap();
    assert_eq!(vitals.unannounced.iter().find(|it| it.1 > 0), Some(&(Gateway::Stripe, 1)));
}

/// A ledger of the first version goes on: its movements count, its wallets begin their chains with
/// the next movement, and what codes cost changes its sign.
#[sqlx::test(migrations = false)]
async fn goes_on_from_the_first_version(pool: PgPool) {
    const SECOND_VERSION: i64 = 20_261_121_000_000;
    let apply = async |of: fn(i64) -> bool| {
        for migration in MIGRATOR.iter().filter(|it| of(it.version)) {
            run(&pool, migration.sql.as_str()).await;
        }
    };
    apply(|version| version < SECOND_VERSION).await;
    run(&pool, HISTORY).await;
    let capture = "SELECT ledger.post('order:1:1:resolve', 'ORDER_CAPTURE',
        '{held,provider_prepaid}', '{1,5}', '{revenue,provider_expense}', '{0,5}', '{30,7}',
        '{IDR,USD}')";
    run(&pool, capture).await;
    apply(|version| version >= SECOND_VERSION).await;
    settle(&pool).await;
    let store = store(&pool);
    for adds_up in [false, true] {
        if adds_up {
            store.roll_up().await.unwrap();
        }
        let expense = "SELECT balance FROM ledger.balances WHERE class = 'provider_expense'";
        assert_eq!(number(&pool, expense).await, -7);
        assert_eq!(number(&pool, "SELECT sum(balance)::bigint FROM ledger.balances").await, 0);
        assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
        assert_eq!(about(&store.audit_recent().await.unwrap().0, &BOOKS), []);
    }
    run(
        &pool,
        "SELECT ledger.post('order:2:1:hold', 'ORDER_DEBIT', '{available}', '{1}', \
                '{held}', '{1}', '{5}', '{IDR}')",
    )
    .await;
    assert_eq!(
        number(&pool, "SELECT count(*) FROM ledger.transfers WHERE chain IS NOT NULL").await,
        1
    );
    assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
    assert_eq!(about(&store.audit_recent().await.unwrap().0, &BOOKS), []);
}

/// Where transactions are numbered anew, as after restoring a dump, sums refuse to go on until the
/// owner says so; then they are right again.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn starts_anew_after_a_restore(pool: PgPool) {
    run(&pool, HISTORY).await;
    run(&pool, CAPTURE).await;
    let store = store(&pool);
    store.roll_up().await.unwrap();
    run(&pool, "UPDATE ledger.horizon SET xact = xact + 1000000000").await;
    store.roll_up().await.unwrap_err();
    run(&pool, "SELECT ledger.rebase()").await;
    store.roll_up().await.unwrap();
    assert_eq!(number(&pool, "SELECT sum(balance)::bigint FROM ledger.balances").await, 0);
    assert_eq!(about(&store.audit().await.unwrap(), &BOOKS), []);
    let again = sqlx::query("UPDATE ledger.transfer SET amount = 2").execute(&pool).await;
    assert!(again.is_err(), "history is final again");
}
