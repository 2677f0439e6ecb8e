//! What the roles of the binaries may not do (L3, L16, L19 and the promise that only the ledger's
//! own functions write the ledger). Each statement is tried for real.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

/// No privilege.
const DENIED: &str = "42501";

/// Every role that a server or a tool logs in with.
const ROLES: [&str; 5] = [
    "switchboard_app",
    "switchboard_api",
    "switchboard_webhook",
    "switchboard_worker",
    "switchboard_operator",
];

/// Statements that a compromised or careless binary could try.
const FORBIDDEN: &[&str] = &[
    "INSERT INTO ledger.wallet (user_id, available) VALUES (99, 1000000)",
    "UPDATE ledger.wallet SET available = available + 1",
    "UPDATE ledger.wallet SET frozen = false, debt = 0",
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
    "INSERT INTO ledger.decision (journal_key, operator, reason) VALUES ('x', 'me', 'because')",
    "INSERT INTO ledger.proposal (reference) VALUES ('x')",
    "UPDATE ledger.rollup SET balance = 0",
    "UPDATE ledger.horizon SET xact = 0",
    "SELECT ledger.rebase()",
    "INSERT INTO ledger.permission VALUES ('ADJUSTMENT', 'switchboard_webhook')",
    "INSERT INTO ledger.wallet_freeze (user_id, cause, reference) VALUES (1, 'operator', 'x')",
    "UPDATE ledger.wallet_freeze SET lifted_at = now(), lifted_by = 'me'",
    "UPDATE ledger.wallets SET available = 1",
    "UPDATE ledger.freezes SET lifted_at = now()",
    "INSERT INTO ledger.transfers (journal_key) VALUES ('x')",
    "SELECT ledger.check_hold('order:1:1:resolve', 1, 1)",
    "SELECT ledger.refuse('x', 'ADJUSTMENT')",
    "ALTER TABLE ledger.wallet DISABLE TRIGGER ALL",
    "ALTER TABLE ledger.wallet DROP CONSTRAINT wallet_available_floor",
    "DROP SCHEMA ledger CASCADE",
    "CREATE FUNCTION ledger.post2() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION ledger.post OWNER TO switchboard_app",
    "SET ROLE switchboard_ledger",
    "DELETE FROM orders",
    "DELETE FROM users",
    "DELETE FROM events",
    "DELETE FROM topups",
    "DELETE FROM payments",
    "DELETE FROM payment_reversals",
    "DELETE FROM topup_refunds",
    "DELETE FROM topup_resolutions",
    "UPDATE topup_resolutions SET operator = 'somebody else'",
    "UPDATE payment_notices SET payment = 'payment:mine'",
    "UPDATE exchange_rates SET idr_per_usd = 1000",
    "DELETE FROM sms_inbox",
    "DELETE FROM payment_notices",
    "DELETE FROM orphan_activations",
    "DELETE FROM task_audit",
    "DELETE FROM sms_keys",
    "UPDATE sms_keys SET day = day - 1",
    "DROP TABLE orders",
    "DELETE FROM customer_bans",
    "DELETE FROM customer_audit",
    "UPDATE customer_audit SET operator = 'somebody else'",
];

/// What is another binary's business.
const FOREIGN: &[(&str, &[&str])] = &[
    ("switchboard_app", &["SELECT ledger.open_wallet(1)", NOTE, PROPOSE, APPROVE]),
    (
        "switchboard_api",
        &[
            "SELECT ledger.open_wallet(1)",
            NOTE,
            PROPOSE,
            APPROVE,
            REPAY,
            FREEZE,
            UNFREEZE,
            "SELECT * FROM topups",
            "SELECT * FROM payments",
            "SELECT * FROM payment_notices",
            "INSERT INTO exchange_rates VALUES (now(), 16000)",
            "SELECT * FROM sms_inbox",
            "UPDATE sms_keys SET key_sealed = NULL",
            "UPDATE users SET suspended_at = NULL",
            "UPDATE customer_bans SET until = since",
            "INSERT INTO customer_audit (operator) VALUES ('somebody')",
            "INSERT INTO api_tokens SELECT * FROM api_tokens",
            "UPDATE providers SET base_url = 'http://attacker'",
            "UPDATE offers SET price = 1",
            "UPDATE events SET seq = 1",
            "SELECT * FROM tasks",
            "INSERT INTO tasks (kind, subject, run_at) VALUES ('canary', 'x', now())",
            "SELECT task_withdraw('order.close_upstream', '1')",
            "DELETE FROM webhook_messages",
            "DELETE FROM webhook_attempts",
            "UPDATE webhook_attempts SET outcome = 'delivered'",
            PURGE,
            TELL,
            "SELECT task_intervene(1, 'retry', 'me', 'because')",
        ],
    ),
    (
        "switchboard_webhook",
        &[
            "SELECT ledger.open_wallet(1)",
            "SELECT ledger.affordable(1, 1)",
            NOTE,
            PROPOSE,
            APPROVE,
            REPAY,
            FREEZE,
            UNFREEZE,
            "SELECT * FROM users",
            "SELECT * FROM customer_bans",
            "SELECT guard_ban(1, 'SOFT', now(), now(), 'x')",
            "SELECT * FROM api_tokens",
            "SELECT * FROM topups",
            "SELECT * FROM payments",
            "SELECT * FROM topup_refunds",
            "SELECT raw_body FROM payment_notices",
            "UPDATE sms_keys SET key_sealed = NULL",
            "INSERT INTO orders SELECT * FROM orders",
            "SELECT * FROM idempotency_keys",
            "UPDATE providers SET base_url = 'http://attacker'",
            "UPDATE orphan_activations SET written_off_at = NULL",
            "SELECT * FROM tasks",
            "UPDATE tasks SET run_at = now()",
            "DELETE FROM tasks",
            "SELECT task_withdraw('refund.send', '1')",
            "SELECT * FROM webhook_endpoints",
            "SELECT * FROM webhook_messages",
            "SELECT * FROM webhook_attempts",
            PURGE,
            TELL,
            "SELECT task_intervene(1, 'discard', 'me', 'because')",
        ],
    ),
    (
        "switchboard_worker",
        &[
            "SELECT ledger.open_wallet(1)",
            NOTE,
            PROPOSE,
            APPROVE,
            "INSERT INTO orders SELECT * FROM orders",
            "INSERT INTO topups SELECT * FROM topups",
            "INSERT INTO topup_refunds (id) VALUES (gen_random_uuid())",
            "INSERT INTO topup_resolutions (flag) VALUES ('OVER')",
            "INSERT INTO users (email, created_at) VALUES ('a@b', now())",
            "UPDATE users SET suspended_at = NULL",
            "UPDATE customer_bans SET until = since",
            "INSERT INTO customer_audit (operator) VALUES ('somebody')",
            "INSERT INTO api_tokens SELECT * FROM api_tokens",
            "INSERT INTO task_audit (task_id) VALUES (1)",
            "INSERT INTO webhook_endpoints (user_id) VALUES (1)",
            "SELECT task_intervene(1, 'retry', 'me', 'because')",
        ],
    ),
    (
        "switchboard_operator",
        &[
            "SELECT ledger.affordable(1, 1)",
            "SELECT ledger.roll_up()",
            "SELECT ledger.mark_audited(1)",
            "INSERT INTO orders SELECT * FROM orders",
            "UPDATE orders SET price = 1",
            "SELECT * FROM sms_messages",
            "INSERT INTO sms_keys (day) VALUES (now())",
            "INSERT INTO payment_notices (gateway) VALUES ('stripe')",
            "INSERT INTO payments (gateway) VALUES ('stripe')",
            "UPDATE payment_reversals SET state = 'RESTORED'",
            "UPDATE topup_refunds SET state = 'FAILED'",
            "INSERT INTO exchange_rates VALUES (now(), 16000)",
            "UPDATE task_audit SET operator = 'somebody else'",
            "INSERT INTO webhook_messages (id) VALUES (gen_random_uuid())",
            "DELETE FROM webhook_messages",
            "INSERT INTO webhook_attempts (host) VALUES ('x')",
            PURGE,
            TELL,
            "DELETE FROM task_audit",
        ],
    ),
];

const PURGE: &str = "SELECT retention_purge('payment_notices', interval '900 days', 10)";
const TELL: &str = "SELECT webhook_enqueue('{}')";
const NOTE: &str = "SELECT ledger.note_decision('x', 'me', 'because')";
const PROPOSE: &str = "SELECT ledger.propose_adjustment('x', 1, 'give', 1, 'me', 'because')";
const APPROVE: &str = "SELECT ledger.approve_adjustment('x', 'you')";
const REPAY: &str = "SELECT ledger.repay_debt(1)";
const FREEZE: &str = "SELECT ledger.freeze(1, 'operator', 'x')";
const UNFREEZE: &str = "SELECT ledger.unfreeze(1, 'operator', 'x', 'me')";

/// Which kinds each role may post; all others are denied to it.
const KINDS: &[(&str, &[&str])] = &[
    ("switchboard_api", &["ORDER_DEBIT", "ORDER_REFUND", "ORDER_CAPTURE", "LATE_SMS"]),
    ("switchboard_webhook", &["ORDER_CAPTURE", "LATE_SMS"]),
    (
        "switchboard_worker",
        &[
            "ORDER_DEBIT",
            "ORDER_REFUND",
            "ORDER_CAPTURE",
            "LATE_SMS",
            "ORPHAN_SMS",
            "TOPUP_CREDIT",
            "TOPUP_REFUND",
            "TOPUP_REFUND_REVERSAL",
            "CLAWBACK",
            "CLAWBACK_REVERSAL",
            "DEBT_REPAYMENT",
        ],
    ),
    (
        "switchboard_operator",
        &[
            "ORDER_COMPENSATION",
            "TOPUP_REFUND",
            "DEBT_REPAYMENT",
            "GATEWAY_SETTLEMENT",
            "PROVIDER_FUNDING",
            "ADJUSTMENT",
            "TEST_CREDIT",
        ],
    ),
];

/// A connection that has become `role` for good, as a login would be.
async fn login(pool: &PgPool, role: &str) -> PgConnection {
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
    let statement = format!("SET SESSION AUTHORIZATION {role}");
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection
}

/// The SQLSTATE with which a statement fails, if it does.
async fn outcome(connection: &mut PgConnection, statement: &str) -> Option<String> {
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await;
    let error = done.err()?;
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn refuses_every_forbidden_statement(pool: PgPool) {
    let mut allowed = Vec::new();
    for role in ROLES {
        let foreign = FOREIGN.iter().filter(|(of, _)| *of == role).flat_map(|(_, all)| *all);
        for statement in FORBIDDEN.iter().chain(foreign) {
            let mut connection = login(&pool, role).await;
            let code = outcome(&mut connection, statement).await;
            if code.as_deref() != Some(DENIED) {
                allowed.push((role, *statement, code));
            }
        }
    }
    assert!(allowed.is_empty(), "not denied: {allowed:#?}");
}

/// L19: each login posts the kinds of its binary. The journal itself is nonsense, so that what is
/// permitted fails for another reason.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn posts_only_the_kinds_of_its_binary(pool: PgPool) {
    let mut wrong = Vec::new();
    for (role, permitted) in KINDS {
        let mut connection = login(&pool, role).await;
        for kind in domain::ledger::JournalKind::ALL {
            let kind = kind.as_str();
            let statement = format!(
                "SELECT ledger.post('x', '{kind}', '{{nowhere}}', '{{0}}', '{{nowhere}}', \
                 '{{1}}', '{{1}}', '{{IDR}}')"
            );
            let code = outcome(&mut connection, &statement).await;
            let expected = if permitted.contains(&kind) { "LG004" } else { DENIED };
            if code.as_deref() != Some(expected) {
                wrong.push((*role, kind, code));
            }
        }
        let free = outcome(
            &mut connection,
            "SELECT ledger.post('sign_change:1', 'SIGN_CHANGE', \
            '{provider_expense}', '{1}', '{provider_prepaid}', '{1}', '{1}', '{USD}')",
        );
        assert_eq!(free.await.as_deref(), Some(DENIED), "{role}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What an operator decides commits under the operator's login, with everything that looks at it at
/// the end of the unit; and does not without its explanation (L16).
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn operators_decide_with_their_own_login(pool: PgPool) {
    let mut operator = login(&pool, "switchboard_operator").await;
    let settle = "SELECT ledger.post('settlement:stripe:1', 'GATEWAY_SETTLEMENT', '{bank}', '{0}',
                  '{gateway_clearing}', '{1}', '{5}', '{IDR}')";
    for (unit, expected) in [
        (
            "SELECT ledger.open_wallet(1);
          SELECT ledger.propose_adjustment('x', 1, 'give', 7, 'me', 'because');
          SELECT ledger.approve_adjustment('x', 'you')"
                .to_owned(),
            None,
        ),
        (settle.to_owned(), Some("LG004")),
        (
            format!("{settle}; SELECT ledger.note_decision('settlement:stripe:1', 'me', 'paid')"),
            None,
        ),
    ] {
        let unit = format!("BEGIN; {unit}; COMMIT");
        let done = sqlx::raw_sql(AssertSqlSafe(unit.clone())).execute(&mut operator).await;
        let code =
            done.err().and_then(|error| Some(error.as_database_error()?.code()?.into_owned()));
        assert_eq!(code.as_deref(), expected, "{unit}");
    }
}

/// The union of the servers' roles is for one login that runs all of them, and no operator.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn one_login_for_all_servers_is_no_operator(pool: PgPool) {
    let mut connection = login(&pool, "switchboard_app").await;
    let member = "SELECT array_agg(r::text ORDER BY r) FROM unnest($1::text[]) AS r
                  WHERE pg_has_role(session_user, r, 'USAGE')";
    let roles: Vec<String> =
        sqlx::query_scalar(member).bind(&ROLES[1..]).fetch_one(&mut connection).await.unwrap();
    assert_eq!(roles, ["switchboard_api", "switchboard_webhook", "switchboard_worker"]);
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
        "UPDATE ledger.proposal SET amount = 2",
        "DELETE FROM ledger.decision",
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("LG003"), "{statement}");
    }
}
