//! Texts and codes of SMS at rest: sealed, forgotten, and taken over from versions that did not
//! seal them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use domain::{
    ids::{ExternalId, OrderId, ProviderId},
    inbox::{Callback, CallbackStore, MessageSource, StoredMessage},
    orders::Status,
    privacy::SmsVault,
    providers::SmsText,
    store::Store,
    time::{Day, Timestamp},
};
use infra::{crypto::Sealer, postgres::Postgres};
use sqlx::{AssertSqlSafe, PgPool};
use testkit::contract::inbox;

const TEXT: &str = "Your code is 1234";
/// What is readable of messages, wherever it stands.
const READABLE: &str = "SELECT (SELECT count(*) FROM orders
         WHERE otp_message IS NOT NULL OR otp_code IS NOT NULL OR strpos(orders::text, $1) > 0
            OR position(convert_to($1, 'UTF8') IN otp_message_sealed) > 0)
    + (SELECT count(*) FROM sms_messages
       WHERE text IS NOT NULL OR code IS NOT NULL
          OR position(convert_to($1, 'UTF8') IN text_sealed) > 0)
    + (SELECT count(*) FROM sms_inbox
       WHERE text IS NOT NULL OR code IS NOT NULL
          OR position(convert_to($1, 'UTF8') IN text_sealed) > 0)";
/// What is sealed.
const SEALED: &str = "SELECT (SELECT count(*) FROM orders WHERE otp_message_sealed IS NOT NULL)
    + (SELECT count(*) FROM sms_messages WHERE text_sealed IS NOT NULL)
    + (SELECT count(*) FROM sms_inbox WHERE text_sealed IS NOT NULL AND digest IS NOT NULL)";

fn backend(pool: &PgPool) -> Postgres {
    Postgres::with_pool(pool.clone(), Sealer::from_hex(&"5a".repeat(32).into()).unwrap())
}

async fn run(pool: &PgPool, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(pool).await.unwrap();
}

/// Days that are over, whenever this runs.
fn day(number: u32) -> Day {
    Day::from_ymd_opt(2026, 11, number).unwrap()
}

fn noon(number: u32) -> Timestamp {
    day(number).and_hms_opt(12, 0, 0).unwrap().and_utc()
}

async fn provider(pool: &PgPool) -> ProviderId {
    let id = sqlx::query_scalar(
        "INSERT INTO providers (code, protocol, base_url, api_key_sealed, callback_secret_sealed,
             callback_secret_hash, priority)
         VALUES ('alpha', 'sms_activate', 'http://alpha.example', '', '', '', 1) RETURNING id",
    );
    ProviderId::new(id.fetch_one(pool).await.unwrap())
}

fn callback(provider: ProviderId, activation: &str) -> Callback {
    Callback {
        provider,
        external_id: ExternalId::parse(activation).unwrap(),
        code: Some("1234".into()),
        text: SmsText::new(TEXT),
        received_at: "2026-11-01 12:00:00".to_owned(),
    }
}

/// The messages and the text of the only order that has some.
async fn told(pool: &PgPool) -> (Vec<StoredMessage>, Option<String>, Status) {
    let store = backend(pool);
    let id = "SELECT order_id FROM sms_messages LIMIT 1";
    let id = OrderId::new(sqlx::query_scalar(id).fetch_one(pool).await.unwrap());
    let mut unit = store.begin().await.unwrap();
    let order = unit.orders().lock(id).await.unwrap().unwrap();
    let shown = order.delivery().unwrap().shown_text();
    (store.history(id).await.unwrap(), shown, order.status())
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn nothing_is_stored_in_plain_text(pool: PgPool) {
    let store = backend(&pool);
    inbox::replaces_text_and_source_of_a_message(&store).await.unwrap();
    store.store(&callback(provider_of(&pool).await, "9"), noon(1)).await.unwrap();
    assert_eq!(readable(&pool).await, 0);
    assert!(sealed(&pool).await >= 4);
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn what_lost_its_key_is_forgotten_and_the_order_stays(pool: PgPool) {
    inbox::replaces_text_and_source_of_a_message(&backend(&pool)).await.unwrap();
    let (before, shown, status) = told(&pool).await;
    assert!(shown.is_some() && before.iter().all(|message| message.text.is_some()));
    // The day lies in the future, where keys are kept from being dropped.
    run(&pool, "ALTER TABLE sms_keys DISABLE TRIGGER ALL").await;
    run(&pool, "UPDATE sms_keys SET key_sealed = NULL, dropped_at = now()").await;
    for _ in 0..2 {
        let (after, shown, same) = told(&pool).await;
        assert_eq!((shown, same), (None, status));
        assert_eq!(after.len(), before.len());
        for (after, before) in after.iter().zip(&before) {
            assert_eq!(
                (after.revision, after.at, after.source),
                (before.revision, before.at, before.source)
            );
            assert_eq!((&after.code, &after.text), (&None, &None));
        }
        while backend(&pool).clear(1).await.unwrap() > 0 {}
    }
    assert_eq!(sealed(&pool).await, 0);
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn drops_the_keys_of_days_that_are_over(pool: PgPool) {
    let (store, provider) = (backend(&pool), provider(&pool).await);
    let mut stored = Vec::new();
    for number in [1, 2, 3] {
        let callback = callback(provider, &number.to_string());
        stored.push(store.store(&callback, noon(number)).await.unwrap());
    }
    assert_eq!(store.drop_keys(day(3)).await.unwrap().len(), 2);
    assert_eq!(store.drop_keys(day(3)).await.unwrap(), []);
    for (stored, is_kept) in stored.iter().zip([false, false, true]) {
        let found = store.callback(stored.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(stored).filter(|_| is_kept));
    }
    assert_eq!(store.clear(10).await.unwrap(), 2);
    // Nobody waits for them any more.
    assert_eq!(store.backlog().await.unwrap(), 1);
    let keys: Vec<_> = store.list(10).await.unwrap();
    let seen: Vec<_> = keys.iter().map(|key| (key.day, key.dropped_at.is_some())).collect();
    assert_eq!(seen, [(day(3), false), (day(2), true), (day(1), true)]);
    // A day does not get a second key.
    store.store(&callback(provider, "4"), noon(1)).await.unwrap_err();
}

/// Whatever the clock of a process says, and whoever asks.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn no_key_is_dropped_before_its_day_is_over_or_brought_back(pool: PgPool) {
    let (store, provider) = (backend(&pool), provider(&pool).await);
    let today: Timestamp = sqlx::query_scalar("SELECT now()").fetch_one(&pool).await.unwrap();
    store.store(&callback(provider, "1"), today).await.unwrap();
    assert_eq!(store.drop_keys(Day::MAX).await.unwrap(), []);
    let drop = "UPDATE sms_keys SET key_sealed = NULL, dropped_at = now()";
    sqlx::query(drop).execute(&pool).await.unwrap_err();
    let other = "UPDATE sms_keys SET key_sealed = '\\x00'";
    sqlx::query(other).execute(&pool).await.unwrap_err();
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn what_earlier_versions_stored_is_read_and_then_sealed(pool: PgPool) {
    let store = backend(&pool);
    inbox::replaces_text_and_source_of_a_message(&store).await.unwrap();
    let provider = provider_of(&pool).await;
    let activation = callback(provider, "7");
    let before = told(&pool).await;
    run(
        &pool,
        &format!(
            "
        UPDATE orders SET otp_message = '{TEXT}', otp_code = '1234', otp_day = NULL,
            otp_message_sealed = NULL, otp_code_sealed = NULL WHERE sms_revision > 0;
        UPDATE sms_messages SET text = '{TEXT}', code = '1234', day = NULL, text_sealed = NULL,
            code_sealed = NULL;
        INSERT INTO sms_inbox (provider_id, external_id, code, text, upstream_at, created_at)
        VALUES ({provider}, '7', '1234', '{TEXT}', '2026-11-01 12:00:00', '2026-11-01 12:00Z');
    "
        ),
    )
    .await;
    let plain = told(&pool).await;
    assert_eq!(plain.1.as_deref(), Some(TEXT));
    let total = readable(&pool).await;
    assert!(total >= 3);
    // A repeat finds the callback although it has no digest yet.
    let repeated = store.store(&activation, noon(5)).await.unwrap();
    assert_eq!(count_of(&pool, "SELECT count(*) FROM sms_inbox").await, 1);
    assert_eq!(repeated.callback, activation);
    let mut rows = 1;
    loop {
        match store.seal_plain(1).await.unwrap() {
            0 => break,
            sealed => rows += sealed,
        }
    }
    assert_eq!(i64::try_from(rows).unwrap(), total);
    assert_eq!(readable(&pool).await, 0);
    assert_eq!(told(&pool).await, plain);
    assert_eq!(before.0.len(), plain.0.len());
}

/// What is older than the keys that are left is not sealed but forgotten.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn plain_rows_of_a_forgotten_day_are_forgotten(pool: PgPool) {
    let (store, provider) = (backend(&pool), provider(&pool).await);
    store.store(&callback(provider, "1"), noon(1)).await.unwrap();
    store.drop_keys(day(2)).await.unwrap();
    run(
        &pool,
        &format!(
            "
        INSERT INTO sms_inbox (provider_id, external_id, code, text, upstream_at, created_at)
        VALUES ({provider}, '7', '1234', '{TEXT}', 'x', '2026-11-01 12:00Z')"
        ),
    )
    .await;
    assert_eq!(backend(&pool).seal_plain(10).await.unwrap(), 1);
    assert_eq!(readable(&pool).await, 0);
    assert_eq!(sealed(&pool).await, 1);
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn all_processes_share_one_key_of_a_day(pool: PgPool) {
    let provider = provider(&pool).await;
    let mut running = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let store = Arc::new(backend(&pool));
        let callback = callback(provider, &number.to_string());
        running.spawn(async move { store.store(&callback, noon(1)).await.unwrap() });
    }
    let stored = running.join_all().await;
    assert_eq!(count_of(&pool, "SELECT count(*) FROM sms_keys").await, 1);
    let reader = backend(&pool);
    for stored in stored {
        assert_eq!(reader.callback(stored.id).await.unwrap(), Some(stored));
    }
}

/// A sealed text opens in its own row only.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_text_moved_to_another_row_does_not_open(pool: PgPool) {
    let (store, provider) = (backend(&pool), provider(&pool).await);
    let [one, two] = ["1", "2"].map(|activation| callback(provider, activation));
    let one = store.store(&one, noon(1)).await.unwrap();
    store.store(&two, noon(1)).await.unwrap();
    run(
        &pool,
        "UPDATE sms_inbox i SET text_sealed = other.text_sealed FROM sms_inbox other
                WHERE i.external_id = '1' AND other.external_id = '2'",
    )
    .await;
    let error = store.callback(one.id).await.unwrap_err().to_string();
    assert!(error.contains("sms_inbox") && !error.contains("1234"), "{error}");
}

/// The key of a unit of work that came to nothing is nobody's, not even its process'.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn a_dropped_unit_leaves_no_key_behind(pool: PgPool) {
    let store = backend(&pool);
    inbox::replaces_text_and_source_of_a_message(&store).await.unwrap();
    let id = "SELECT order_id FROM sms_messages LIMIT 1";
    let id = OrderId::new(sqlx::query_scalar(id).fetch_one(&pool).await.unwrap());
    let message = |revision| StoredMessage {
        revision,
        code: None,
        text: Some(SmsText::new(TEXT)),
        source: MessageSource::Poll,
        at: noon(2),
    };
    for (revision, keys) in [(8, 1), (9, 2)] {
        let mut unit = store.begin().await.unwrap();
        let order = unit.orders().lock(id).await.unwrap().unwrap();
        unit.inbox().add_message(&order, &message(revision)).await.unwrap();
        if revision == 9 {
            unit.commit().await.unwrap();
        } else {
            drop(unit);
        }
        assert_eq!(count_of(&pool, "SELECT count(*) FROM sms_keys").await, keys);
    }
    let messages = backend(&pool).history(id).await.unwrap();
    assert_eq!(messages.last(), Some(&message(9)));
}

async fn provider_of(pool: &PgPool) -> ProviderId {
    ProviderId::new(count_of(pool, "SELECT min(id) FROM providers").await)
}

async fn readable(pool: &PgPool) -> i64 {
    sqlx::query_scalar(READABLE).bind(TEXT).fetch_one(pool).await.unwrap()
}

async fn sealed(pool: &PgPool) -> i64 {
    count_of(pool, SEALED).await
}

async fn count_of(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}
