//! Money under pressure.

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

/// L16: money given by hand names who and why, and a reference makes a repeat harmless.
#[tokio::test]
async fn gives_money_once_per_reference() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let words = ["customer", "credit", "--email", &customer.email, "--amount", "7000"];
    let noted = ["--reason", "an apology", "--operator", "e2e", "--reference", "case-7"];
    for _ in 0..2 {
        stack.ctl.run(&[&words[..], &noted[..]].concat()).await;
    }
    assert_eq!(customer.balance().await, 7000);
    let explained = "SELECT operator || ': ' || reason FROM ledger.adjustments";
    assert_eq!(stack.database.one::<String>(explained).await, "e2e: an apology");
    let unexplained = stack.ctl.try_run(&words).await;
    assert_eq!(unexplained.code, 2, "{}", unexplained.stderr);
    assert_eq!(customer.balance().await, 7000);
    stack.finish().await;
}
