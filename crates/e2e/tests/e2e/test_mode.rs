//! A token of test mode works like any other, and nothing real is touched.

use serde_json::{Value, json};

use crate::support::{Customer, Options, SOON, Stack, eventually};

/// Products of test mode have the same numbers everywhere, for ever.
const CODE: i64 = 900_000_001;
const NEVER: i64 = 900_000_003;
const TWICE: i64 = 900_000_004;
const NO_STOCK: i64 = 900_000_005;
const FAULT: i64 = 900_000_006;

/// What a new test account holds, and what everything costs there.
const GRANT: i64 = 100_000_000;
const PRICE: i64 = 1_000;

fn product(id: i64) -> Value {
    json!({ "product_id": id })
}

async fn products(customer: &Customer) -> Vec<Value> {
    let listed = customer.get("/v1/catalog/products?limit=1000").await.data();
    listed.as_array().unwrap().iter().map(|product| product["id"].clone()).collect()
}

#[tokio::test]
async fn customers_can_write_their_tests_against_us() {
    let stack = Stack::start(Options::default()).await;
    let live = stack.customer(100_000).await;
    let tester = stack.tester(&live).await;
    assert!(tester.token.starts_with("vn_test_") && live.token.starts_with("vn_live_"));
    let shown = products(&tester).await;
    assert_eq!(shown, (900_000_001..=900_000_006).map(Value::from).collect::<Vec<_>>());
    assert!(products(&live).await.iter().all(|id| !shown.contains(id)));
    let countries = live.get("/v1/catalog/countries").await.data().to_string();
    assert!(!countries.contains("Testland"), "{countries}");

    let order = tester.buy(&product(CODE)).await;
    assert_eq!((order.amount, tester.balance().await), (PRICE, GRANT - PRICE));
    tester.order_with_code(order.id, "111111").await;
    let finished = tester.finish(order.id).await.data();
    assert_eq!(finished["status"], "COMPLETED", "{finished}");

    let order = tester.buy(&product(NEVER)).await;
    assert_eq!(tester.cancel(order.id).await.data()["status"], "CANCELED");
    assert_eq!(tester.balance().await, GRANT - PRICE);

    let order = tester.buy(&product(TWICE)).await;
    tester.order_with_code(order.id, "111111").await;
    let twice = tester.order_with_code(order.id, "222222").await;
    assert_eq!(twice["sms_revision"], 2);

    tester.create(None, &product(NO_STOCK)).await.refused(422, "NO_OFFER_AVAILABLE");
    tester.create(None, &product(FAULT)).await.refused(422, "PROVIDER_ERROR");
    assert_eq!(tester.balance().await, GRANT - 2 * PRICE);
    tester.finish(order.id).await;

    // Neither buys in the other market.
    let real = live.cheapest("wa", "ID").await;
    tester.create(None, &real.exactly()).await.refused(422, "NO_OFFER_AVAILABLE");
    live.create(None, &product(CODE)).await.refused(422, "NO_OFFER_AVAILABLE");
    live.get(&format!("/v1/orders/{}", order.id)).await.refused(404, "NOT_FOUND");
    assert_eq!(live.balance().await, 100_000);
    nothing_real_moved(&stack).await;
    operators_see_test_money(&stack, &tester).await;
    stack.finish().await;
}

/// What an operator is shown is counted in what it is counted in.
async fn operators_see_test_money(stack: &Stack, tester: &Customer) {
    let id = tester.id.to_string();
    let statement = stack.ctl.run(&["ledger", "statement", "--id", &id]).await;
    let lines = statement.as_array().unwrap();
    assert!(lines.len() > 3 && lines.iter().all(|line| line["currency"] == "XTS"), "{statement}");
    assert_eq!(lines[0]["available"], tester.balance().await);
    let shown = stack.ctl.try_run(&["ledger", "statement", "--id", &id]).await.stdout;
    assert!(shown.contains("XTS") && !shown.contains("IDR"), "{shown}");
}

/// No number was rented anywhere, and real books know only of the customer's own money.
async fn nothing_real_moved(stack: &Stack) {
    for provider in ["alpha", "beta", "gamma"] {
        assert!(stack.sandbox.activations(provider).await.is_empty());
    }
    let earned = "SELECT coalesce(sum(balance), 0)::bigint FROM ledger.balances
        WHERE class = 'revenue' AND currency = 'IDR'";
    assert_eq!(stack.database.one::<i64>(earned).await, 0);
    let sum = "SELECT sum(balance)::bigint FROM ledger.balances WHERE currency = 'XTS'";
    eventually("test money adds up to zero", SOON, async || {
        let sum = stack.database.one::<i64>(sum).await;
        if sum == 0 { Ok(()) } else { Err(sum) }
    })
    .await;
    let spent = "SELECT balance FROM ledger.balances
        WHERE class = 'revenue' AND currency = 'XTS'";
    assert_eq!(stack.database.one::<i64>(spent).await, 2 * PRICE);
}
