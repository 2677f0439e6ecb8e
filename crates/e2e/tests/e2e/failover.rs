//! Providers that refuse, break, lie or lose answers.

use serde_json::{Value, json};

use crate::support::{Customer, Options, Product, SOON, Stack, eventually, until};

/// A definite no: the next provider serves, at its own price.
#[tokio::test]
async fn asks_the_next_provider_after_a_definite_no() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let purchases = json!(["getNumber", "getNumberV2"]);
    let refusals = [
        json!({ "no_numbers": true }),
        json!({ "wrong_price": 9.5 }),
        // It answered, and its list shows that nothing was sold.
        json!({ "http_500": true, "actions": purchases }),
        json!({ "html_body": true, "actions": purchases }),
        json!({ "empty_body": true, "actions": purchases }),
        json!({ "garbage_body": true, "actions": purchases }),
    ];
    let mut spent = 0;
    for (n, fault) in refusals.into_iter().enumerate() {
        let asked = stack.sandbox.purchases("alpha").await;
        stack.sandbox.faults("alpha", fault.clone()).await;
        let order = customer.buy(&product.any()).await;
        assert_eq!(stack.sandbox.purchases("alpha").await, asked + 1, "{fault}");
        let at_beta = stack.sandbox.activations("beta").await;
        assert_eq!(at_beta.len(), n + 1, "{fault}");
        assert_eq!(at_beta[n]["phone"], order.phone.trim_start_matches('+'));
        assert_eq!(json!(order.amount), product.tiers[1]["price"], "{fault}");
        spent += order.amount;
        assert_eq!(customer.balance().await, 1_000_000 - spent, "{fault}");
    }
    assert!(stack.sandbox.activations("alpha").await.is_empty());

    for provider in ["alpha", "beta", "gamma"] {
        stack.sandbox.faults(provider, json!({ "no_numbers": true })).await;
    }
    customer.create(None, &product.any()).await.refused(422, "NO_OFFER_AVAILABLE");

    // Without money at a provider nobody need ask it again for a while; that is no lack of numbers.
    stack.sandbox.faults("beta", json!({ "no_balance": true })).await;
    let asked = stack.sandbox.purchases("beta").await;
    for _ in 0..2 {
        customer.create(None, &product.any()).await.refused(422, "PROVIDER_ERROR");
    }
    assert_eq!(stack.sandbox.purchases("beta").await, asked + 1);
    assert_eq!(customer.balance().await, 1_000_000 - spent);
    stack.finish().await;
}

/// I-2: nobody knows. Nobody else is asked, and the outcome is looked up.
#[tokio::test]
async fn settles_what_nobody_knows_instead_of_buying_twice() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let purchases = json!(["getNumber", "getNumberV2"]);
    let sold = [
        ("cut", json!({ "drop_after_commit": true, "actions": purchases })),
        ("silence", json!({ "timeout_after_commit": true, "actions": purchases })),
        ("broken", json!({ "http_500": true, "after_commit": true, "actions": purchases })),
        ("page", json!({ "html_body": true, "after_commit": true, "actions": purchases })),
    ];
    for (name, fault) in sold {
        let order = lose_the_answer(&stack, &customer, &product, (name, fault)).await;
        assert_eq!(order["status"], "ACTIVE", "{name}: {order}");
        assert_eq!(order["amount"], product.price, "{name}");
    }
    assert_eq!(stack.sandbox.activations("alpha").await.len(), 4);
    assert_eq!(customer.balance().await, 1_000_000 - 4 * product.price);

    // Nothing was sold, and for a while not even that could be found out.
    let reply = {
        stack.sandbox.faults("alpha", json!({ "http_500": true })).await;
        customer.create(Some("dark"), &product.any()).await
    };
    reply.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(customer.balance().await, 1_000_000 - 5 * product.price);
    stack.sandbox.faults("alpha", json!({})).await;
    until("the money is back", SOON, async || {
        customer.balance().await == 1_000_000 - 4 * product.price
    })
    .await;
    customer.create(Some("dark"), &product.any()).await.refused(422, "PROVIDER_ERROR");
    for dearer in ["beta", "gamma"] {
        assert!(stack.sandbox.activations(dearer).await.is_empty(), "{dearer} was asked as well");
    }
    stack.finish().await;
}

/// Buys while the answer gets lost and returns the order that comes of it.
async fn lose_the_answer(
    stack: &Stack,
    customer: &Customer,
    product: &Product,
    (key, fault): (&str, Value),
) -> Value {
    let before = stack.sandbox.activations("alpha").await.len();
    stack.sandbox.faults("alpha", fault).await;
    customer.create(Some(key), &product.any()).await.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(stack.sandbox.activations("alpha").await.len(), before + 1, "{key}");
    stack.sandbox.faults("alpha", json!({})).await;
    eventually("the number is found", SOON, async || {
        let reply = customer.create(Some(key), &product.any()).await;
        if reply.status == 200 { Ok(reply.data()["orders"][0].take()) } else { Err(reply.text) }
    })
    .await
}

/// A provider that sells dearer than it listed gets what it charges; the customer pays the quote.
#[tokio::test]
async fn keeps_its_price_when_a_provider_charges_more() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    stack.sandbox.faults("alpha", json!({ "price_multiplier": 1.5 })).await;
    let order = customer.buy(&product.exactly()).await;
    assert_eq!(order.amount, product.price);
    let code = stack.sandbox.sms(&order.phone).await;
    customer.order_with_code(order.id, &code).await;
    let charged = stack.sandbox.activation_of(&order.phone).await["cost_usd"].as_f64().unwrap();
    let expense = "SELECT -balance::float8 / 1e6 FROM ledger.balances
        WHERE class = 'provider_expense' AND currency = 'USD'";
    let booked: f64 = stack.database.one(expense).await;
    assert!((booked - charged).abs() < 1e-6, "{booked} booked, {charged} charged");
    stack.finish().await;
}

/// A provider that keeps failing is left alone until one careful call finds it healthy.
#[tokio::test]
async fn leaves_a_broken_provider_alone_until_it_is_well() {
    let options = Options::default()
        .with("providers.breaker_failures", 3)
        .with("providers.breaker_open_seconds", 2);
    let stack = Stack::start(options).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let breaker = async || {
        stack.apis[0].find_metric("provider_breaker_state", &[("provider", "alpha")]).await
    };
    let broken = json!({ "http_500": true, "actions": ["getNumber", "getNumberV2"] });
    stack.sandbox.faults("alpha", broken).await;
    eventually("the breaker opens", SOON, async || {
        customer.buy(&product.any()).await;
        if breaker().await == Some(2.0) { Ok(()) } else { Err("it is closed") }
    })
    .await;
    let asked = stack.sandbox.purchases("alpha").await;
    customer.buy(&product.any()).await;
    assert_eq!(stack.sandbox.purchases("alpha").await, asked, "asked although the breaker is open");
    assert!(stack.sandbox.activations("alpha").await.is_empty());

    stack.sandbox.faults("alpha", json!({})).await;
    eventually("the breaker closes again", SOON, async || {
        customer.buy(&product.any()).await;
        match breaker().await {
            Some(0.0) => Ok(()),
            state => Err(format!("its state is {state:?}")),
        }
    })
    .await;
    assert!(!stack.sandbox.activations("alpha").await.is_empty());
    stack.finish().await;
}
