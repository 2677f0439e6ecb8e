//! What the application's role may not do (L3, L16 and the promise that only the ledger's own
//! functions write the ledger). Each statement is tried for real.

use sqlx::{Connection, PgConnection, PgPool};

/// No privilege.
const DENIED: &str = "42501";

/// Statements that a compromised or careless binary could try.
const FORBIDDEN: &[&str] = &[
    "INSERT INTO ledger.wallet (user_id, available) VALUES (99, 1000000)",
    "UPDATE ledger.wallet SET available = available + 1",
    "DELETE FROM ledger.wallet",
    "TRUNCATE ledger.wallet",
    "SELECT * FROM ledger.wallet FOR UPDATE",
    "INSERT INTO ledger.transfer (journal_key, leg, kind, from_class, from_owner, to_class, \
     to_owner, amount, currency) VALUES ('x', 1, 'ADJUSTMENT', 'adjustment', 0, 'available', 1, \
     1, 'IDR')",
    "UPDATE ledger.transfer SET amount = 1",
    "DELETE FROM ledger.transfer",
    "TRUNCATE ledger.transfer",
    "INSERT INTO ledger.adjustment VALUES ('x', 'me', 'because')",
    "DELETE FROM ledger.adjustment",
    "INSERT INTO ledger.rule VALUES ('FREE', 'revenue', 'available', 'IDR', '.*')",
    "UPDATE ledger.rule SET key_pattern = '.*'",
    "UPDATE ledger.wallets SET available = 1",
    "INSERT INTO ledger.transfers (journal_key) VALUES ('x')",
    "SELECT ledger.check_hold('order:1:1:resolve', 1, 1)",
    "ALTER TABLE ledger.wallet DISABLE TRIGGER ALL",
    "ALTER TABLE ledger.wallet DROP CONSTRAINT wallet_available_floor",
    "DROP SCHEMA ledger CASCADE",
    "CREATE FUNCTION ledger.post2() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION ledger.post OWNER TO switchboard_app",
    "SET ROLE switchboard_ledger",
    "DELETE FROM orders",
    "DELETE FROM users",
    "DELETE FROM events",
    "DROP TABLE orders",
];

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn refuses_every_forbidden_statement(pool: PgPool) {
    let mut allowed = Vec::new();
    for statement in FORBIDDEN {
        // SET SESSION AUTHORIZATION drops the superuser for good, as a login would.
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
        sqlx::query("SET SESSION AUTHORIZATION switchboard_app")
            .execute(&mut connection)
            .await
            .unwrap();
        let outcome = sqlx::query(*statement).execute(&mut connection).await;
        let code = outcome.err().and_then(|error| {
            error.as_database_error().and_then(|e| e.code().map(std::borrow::Cow::into_owned))
        });
        if code.as_deref() != Some(DENIED) {
            allowed.push((statement, code));
        }
    }
    assert!(allowed.is_empty(), "not denied: {allowed:#?}");
}

/// L3: not even the owner changes history, short of removing the trigger.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn history_is_final_for_the_owner_too(pool: PgPool) {
    for statement in [
        "UPDATE ledger.transfer SET amount = 2",
        "DELETE FROM ledger.transfer",
        "TRUNCATE ledger.transfer",
        "UPDATE ledger.adjustment SET reason = 'other'",
        "DELETE FROM ledger.adjustment",
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("LG003"), "{statement}");
    }
}
