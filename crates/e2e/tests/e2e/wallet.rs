//! Money under pressure.

use serde_json::json;
use sqlx::postgres::PgPool;
use tokio::task::JoinSet;

use crate::support::{Options, Stack};

/// L4: two hundred want what the wallet pays for fifty times.
#[tokio::test]
async fn sells_exactly_what_the_wallet_can_pay() {
    let patient = Options::default()
        .replicas(2, 1)
        .with("providers.timeout_ms", 20_000)
        .with("tasks.settle_patience_seconds", 30);
    let stack = Stack::start(patient).await;
    let look = stack.customer(0).await;
    let product = look.cheapest("wa", "ID").await;
    let customer = stack.customer(50 * product.price).await;

    let mut buyers = JoinSet::new();
    for n in 0..200 {
        let customer = customer.at(&stack.apis[n % 2].url);
        let body = product.exactly();
        buyers.spawn(async move { customer.create(None, &body).await });
    }
    let (mut sold, mut refused) = (0, 0);
    while let Some(reply) = buyers.join_next().await {
        let reply = reply.unwrap();
        if reply.status == 200 {
            sold += reply.data()["orders"].as_array().unwrap().len();
        } else {
            reply.refused(409, "INSUFFICIENT_BALANCE");
            refused += 1;
        }
    }
    assert_eq!((sold, refused), (50, 150));
    assert_eq!(customer.balance().await, 0);
    assert_eq!(customer.orders().await.len(), 50);
    assert_eq!(stack.sandbox.activations("alpha").await.len(), 50);
    let lowest = "SELECT min(available_after) FROM ledger.transfers WHERE wallet_user IS NOT NULL";
    assert_eq!(stack.database.one::<i64>(lowest).await, 0);
    stack.finish().await;
}

/// I-8: one key, twenty times at once, at two replicas.
#[tokio::test]
async fn charges_once_for_a_key_that_is_used_twenty_times_at_once() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let slow = json!({ "latency_after_commit_ms": 300 });
    stack.sandbox.faults("alpha", slow).await;
    let mut buyers = JoinSet::new();
    for n in 0..20 {
        let customer = customer.at(&stack.apis[n % 2].url);
        let body = json!({ "product_id": product.id, "quantity": 2 });
        buyers.spawn(async move { customer.create(Some("same"), &body).await });
    }
    let mut answers = Vec::new();
    while let Some(reply) = buyers.join_next().await {
        let reply = reply.unwrap();
        if reply.status == 200 {
            answers.push(reply.text);
        } else {
            reply.refused(409, "REQUEST_IN_PROGRESS");
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(stack.sandbox.activations("alpha").await.len(), 2);
    assert_eq!(customer.balance().await, 1_000_000 - 2 * product.price);
    let other = customer.create(Some("same"), &product.exactly()).await;
    other.refused(422, "IDEMPOTENCY_KEY_REUSED");
    stack.finish().await;
}

/// L3, L4, L19: whoever takes over a server holds its login, and still cannot make money.
#[tokio::test]
async fn lets_no_server_write_into_the_ledger() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(1000).await;
    for binary in ["api-server", "webhook-ingest", "task-worker"] {
        let login = PgPool::connect(&stack.database.url(binary)).await.unwrap();
        for statement in [
            "UPDATE ledger.wallet SET available = 1000000000",
            "UPDATE ledger.wallets SET available = 1000000000",
            "DELETE FROM ledger.transfer",
            "TRUNCATE ledger.transfer",
            "INSERT INTO ledger.wallet (user_id, available) VALUES (999, 1)",
            "ALTER TABLE ledger.transfer DISABLE TRIGGER ALL",
            "SET ROLE switchboard_ledger",
            "SELECT ledger.post('adjustment:x', 'ADJUSTMENT', ARRAY['adjustment'],
                ARRAY[0::bigint], ARRAY['available'], ARRAY[1::bigint], ARRAY[1000000::bigint],
                ARRAY['IDR'])",
        ] {
            let refused = sqlx::raw_sql(statement).execute(&login).await.unwrap_err();
            let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("42501"), "{binary}: {statement}");
        }
        login.close().await;
    }
    let credit = "SELECT ledger.post('topup:stripe:x', 'TOPUP_CREDIT', ARRAY['gateway_clearing'],
        ARRAY[1::bigint], ARRAY['available'], ARRAY[1::bigint], ARRAY[1000000::bigint],
        ARRAY['IDR'])";
    for binary in ["api-server", "webhook-ingest"] {
        let login = PgPool::connect(&stack.database.url(binary)).await.unwrap();
        assert!(sqlx::raw_sql(credit).execute(&login).await.is_err(), "{binary}");
        login.close().await;
    }
    assert_eq!(customer.balance().await, 1000);
    stack.finish().await;
}

/// L16: money given by hand names who and why, and a reference makes a repeat harmless.
#[tokio::test]
async fn gives_money_once_per_reference() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let words = ["customer", "credit", "--email", &customer.email, "--amount", "7000"];
    let noted = ["--reason", "an apology", "--operator", "e2e", "--reference", "case-7"];
    let approved = ["--approver", "another"];
    for _ in 0..2 {
        stack.ctl.run(&[&words[..], &noted[..], &approved[..]].concat()).await;
    }
    assert_eq!(customer.balance().await, 7000);
    let explained = "SELECT operator || ' and ' || approver || ': ' || reason
        FROM ledger.adjustments";
    assert_eq!(stack.database.one::<String>(explained).await, "e2e and another: an apology");
    for lacking in [&words[..], &[&words[..], &noted[..]].concat()] {
        let refused = stack.ctl.try_run(lacking).await;
        assert_eq!(refused.code, 2, "{}", refused.stderr);
    }
    let alone = [&words[..], &noted[..4], &["--approver", "E2E"]].concat();
    let refused = stack.ctl.try_run(&alone).await;
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert_eq!(customer.balance().await, 7000);
    stack.finish().await;
}
