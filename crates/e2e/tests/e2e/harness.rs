//! What ends every test: it must not let a wrong book pass.

use std::{
    fs::OpenOptions,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt as _;
use sqlx::AssertSqlSafe;

use crate::support::{Options, Stack};

/// Changes the ledger as only the owner of the database can: past all rules.
async fn cook(stack: &Stack, change: &str) {
    let sql = format!("BEGIN; SET LOCAL session_replication_role = replica; {change}; COMMIT");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(stack.database.pool()).await.unwrap();
}

fn add(amount: i64, customer: i64) -> String {
    format!("UPDATE ledger.wallet SET available = available + {amount} WHERE user_id = {customer}")
}

/// L5, L13: whatever was done to the books.
#[tokio::test]
async fn fails_when_somebody_has_cooked_the_books() {
    let stack = Stack::start(Options::default()).await;
    let (one, other) = (stack.customer(10_000).await.id, stack.customer(10_000).await.id);
    assert_eq!(stack.doubts().await, [""; 0]);

    cook(&stack, &add(1, one)).await;
    let [balance, audit] = &stack.doubts().await[..] else { panic!("both have to tell") };
    assert!(balance.starts_with("trial-balance") && balance.contains("20001"), "{balance}");
    assert!(audit.starts_with("audit") && audit.contains("L5"), "{audit}");

    cook(&stack, &add(-1, other)).await;
    let [audit] = &stack.doubts().await[..] else { panic!("it adds up again") };
    assert!(audit.contains("L5"), "{audit}");

    cook(&stack, &[add(-1, one), add(1, other)].join(";")).await;
    assert_eq!(stack.doubts().await, [""; 0]);

    // What nobody else would notice: no customer, no order and no provider is concerned.
    cook(&stack, "INSERT INTO ledger.rollup VALUES ('revenue', 4711, 'IDR', 5)").await;
    let ended = AssertUnwindSafe(stack.finish()).catch_unwind().await;
    let told = ended.expect_err("it has to fail");
    let told = told.downcast::<String>().expect("a panic tells why");
    assert!(told.contains("trial-balance") && told.contains("L13"), "{told}");
}

/// I-11: a code that can be read in a table, or in the log of one of many processes.
#[tokio::test]
async fn fails_when_a_code_can_be_read_somewhere() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let order = customer.buy(&customer.cheapest("wa", "ID").await.any()).await;
    let code = stack.sandbox.sms(&order.phone).await;
    customer.order_with_code(order.id, &code).await;
    customer.finish(order.id).await;

    let leak = format!(
        "INSERT INTO tasks (kind, subject, run_at, dead_at, dead_reason)
                        VALUES ('canary', '{code}', now(), now(), 'exhausted')"
    );
    cook(&stack, &leak).await;
    let looked = AssertUnwindSafe(stack.check_tables()).catch_unwind().await;
    let told = looked.expect_err("it has to fail").downcast::<String>().unwrap();
    assert!(told.contains("can be read in the database"), "{told}");
    cook(&stack, "DELETE FROM tasks WHERE kind = 'canary'").await;
    stack.check_tables().await;

    let log = stack.logs().nth(1).unwrap();
    let mut log = OpenOptions::new().append(true).open(log).unwrap();
    writeln!(log, "the code is {code}").unwrap();
    let ended = AssertUnwindSafe(stack.finish()).catch_unwind().await;
    let told = ended.expect_err("it has to fail").downcast::<String>().unwrap();
    assert!(told.contains(&code) && told.contains("webhook-ingest"), "{told}");
}

/// A test that does not look at its books fails.
#[tokio::test]
async fn fails_when_a_test_forgets_to_look() {
    let stack = Stack::start(Options::default()).await;
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(stack)));
    let told = dropped.expect_err("it has to fail").downcast::<&str>().expect("a panic tells why");
    assert!(told.contains("Stack::finish"), "{told}");
}
