//! Power failures: `kill -9` in the worst moments.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Customer, Options, Reply, SOON, Stack, eventually, until};

const KEY: &str = "bought-once";
/// I-4, I-8: sold while we died. The order gets its number, and the customer the answer.
#[tokio::test]
async fn adopts_a_number_that_was_sold_while_we_died() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let slow = json!({ "latency_after_commit_ms": 5000, "remaining": 1 });
    stack.sandbox.faults("alpha", slow).await;

    let sold = async || !stack.sandbox.activations("alpha").await.is_empty();
    die_while_buying(&stack, &customer, &product.exactly(), sold).await;
    let first = truth(&customer, &product.exactly()).await;
    let order = first.data()["orders"][0].clone();
    let activations = stack.sandbox.activations("alpha").await;
    assert_eq!(activations.len(), 1, "bought twice");
    let phone = order["phone_number"].as_str().unwrap();
    assert_eq!(activations[0]["phone"], phone.trim_start_matches('+'));
    assert_eq!(customer.balance().await, 100_000 - product.price);

    // From here on it is an order like any other.
    let id = order["id"].as_i64().unwrap();
    let code = stack.sandbox.sms(phone).await;
    customer.order_with_code(id, &code).await;
    let again = customer.create(Some(KEY), &product.exactly()).await;
    assert_eq!(again.text, first.text, "the first answer has to come again");
    assert_eq!(customer.balance().await, 100_000 - product.price);
    stack.finish().await;
}

/// I-4, I-8: refused while we died. The money comes back, once, and the customer hears the truth.
#[tokio::test]
async fn refunds_when_nothing_was_sold_while_we_died() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let refusing = json!({ "latency_ms": 5000, "no_numbers": true, "remaining": 1 });
    stack.sandbox.faults("alpha", refusing).await;

    let asked = async || stack.sandbox.purchases("alpha").await > 0;
    die_while_buying(&stack, &customer, &product.exactly(), asked).await;
    let held = stack.database.one::<i64>("SELECT sum(held)::bigint FROM ledger.wallets").await;
    assert_eq!(held, product.price, "the money is set aside until the outcome is known");
    truth(&customer, &product.exactly()).await.refused(422, "PROVIDER_ERROR");
    assert_eq!(customer.balance().await, 100_000);
    assert_eq!(customer.orders().await, Vec::<Value>::new());
    truth(&customer, &product.exactly()).await.refused(422, "PROVIDER_ERROR");
    assert_eq!(customer.balance().await, 100_000);
    assert_eq!(stack.sandbox.purchases("alpha").await, 1, "a repeat asked again");
    stack.finish().await;
}

/// I-2, I-4: sold long after everybody gave up. Nobody pays for it: it is given back.
#[tokio::test]
async fn gives_back_a_number_that_was_sold_too_late() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    // Longer than the settler's patience, which is longer than the deadline of the call.
    stack.sandbox.faults("alpha", json!({ "latency_ms": 7000, "remaining": 1 })).await;

    let asked = async || stack.sandbox.purchases("alpha").await > 0;
    die_while_buying(&stack, &customer, &product.exactly(), asked).await;
    truth(&customer, &product.exactly()).await.refused(422, "PROVIDER_ERROR");
    assert_eq!(customer.balance().await, 100_000);
    eventually("the number is given back", SOON, async || {
        let activations = stack.sandbox.activations("alpha").await;
        let is_back = activations.first().is_some_and(|it| it["status"] == "CANCELLED");
        if is_back { Ok(()) } else { Err(json!(activations)) }
    })
    .await;
    assert_eq!(customer.balance().await, 100_000);
    stack.finish().await;
}

/// I-4: the process that heals crashes crashes itself.
#[tokio::test]
async fn settles_although_the_settler_dies_as_well() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let lost = json!({ "drop_after_commit": true, "actions": ["getNumber", "getNumberV2"] });
    stack.sandbox.faults("alpha", lost).await;
    for key in ["a", "b", "c"] {
        let reply = customer.create(Some(key), &product.exactly()).await;
        reply.refused(503, "SERVICE_UNAVAILABLE");
        assert!(reply.header("retry-after").is_some(), "nobody told when to try again");
    }
    // The settler reads the provider's list; each time it waits for the answer it dies.
    let slow = json!({ "latency_ms": 1500, "actions": ["getActiveActivations"] });
    stack.sandbox.faults("alpha", slow).await;
    for _ in 0..2 {
        let before = stack.sandbox.calls("alpha", "getActiveActivations").await;
        until("the settler asks", SOON, async || {
            stack.sandbox.calls("alpha", "getActiveActivations").await > before
        })
        .await;
        stack.workers[0].process.kill();
        stack.workers[0].start_again().await;
    }
    stack.sandbox.faults("alpha", json!({})).await;
    eventually("all three have their number", SOON, async || {
        let orders = customer.orders().await;
        let active = orders.iter().filter(|order| order["status"] == "ACTIVE").count();
        if active == 3 { Ok(()) } else { Err(json!(orders)) }
    })
    .await;
    assert_eq!(customer.balance().await, 100_000 - 3 * product.price);
    stack.finish().await;
}

/// I-6: callbacks meet a receiver that dies in the middle of the burst.
#[tokio::test]
async fn loses_no_callback_when_the_receiver_dies() {
    // Nobody polls: what arrives arrives by callback.
    let quiet = Options::default().with("tasks.poll_order_ms", 60_000);
    let stack = Stack::start(quiet).await;
    let customer = stack.customer(500_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let body = json!({ "product_id": product.id, "quantity": 20 });
    let orders = customer.create(None, &body).await.data()["orders"].take();
    let orders = orders.as_array().unwrap();
    assert_eq!(orders.len(), 20);
    stack.sandbox.faults("alpha", json!({ "callback_duplicates": 2 })).await;

    let burst = async {
        for order in orders {
            stack.sandbox.sms(order["phone_number"].as_str().unwrap()).await;
        }
    };
    let death = async {
        until("the first callbacks are stored", SOON, async || {
            stack.database.one::<i64>("SELECT count(*) FROM sms_inbox").await > 2
        })
        .await;
        stack.ingest.process.kill();
        stack.ingest.start_again().await;
    };
    tokio::join!(burst, death);
    for order in orders {
        let order = customer.order_in(order["id"].as_i64().unwrap(), "OTP_RECEIVED").await;
        assert_eq!(order["sms_revision"], 1, "{order}");
    }
    stack.finish().await;
}

/// I-1 to I-8 at once: everything dies again and again while customers buy and codes arrive.
#[tokio::test]
async fn survives_deaths_at_any_moment() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let customer = stack.customer(2_000_000).await;
    let product = customer.cheapest("tg", "GB").await;
    for provider in ["alpha", "beta", "gamma"] {
        let slow = json!({ "latency_after_commit_ms": 120, "callback_duplicates": 1 });
        stack.sandbox.faults(provider, slow).await;
    }
    stack.sandbox.control("autopilot", json!({ "sms_after_ms": 400 })).await;
    let mut keys = Vec::new();
    for round in 0..4_u64 {
        let mut buying = JoinSet::new();
        let before = stack.sandbox.purchases("alpha").await;
        for n in 0..10 {
            let key = format!("round-{round}-{n}");
            let customer = customer.at(&stack.apis[n % 2].url);
            let (body, sent) = (product.any(), key.clone());
            buying.spawn(async move {
                // Whether an answer comes is what the deaths decide.
                let _ = customer.try_post("/v1/orders/create", Some(&sent), &body).await;
            });
            keys.push(key);
        }
        // A little later in every round.
        until("purchases are under way", SOON, async || {
            stack.sandbox.purchases("alpha").await >= before + 1 + 3 * round
        })
        .await;
        let victims = [&stack.apis[0], &stack.workers[0], &stack.ingest, &stack.apis[1]];
        let victim = victims[usize::try_from(round).unwrap()];
        victim.process.kill();
        victim.start_again().await;
        while buying.join_next().await.is_some() {}
    }
    let mut sold = 0;
    for key in &keys {
        let reply = answer(&customer, key, &product.any()).await;
        match reply.status {
            200 => sold += 1,
            _ => reply.refused(422, "PROVIDER_ERROR"),
        }
    }
    assert!(sold >= keys.len() / 2, "only {sold} of {} were sold", keys.len());
    let orders = customer.orders().await;
    assert_eq!(orders.len(), sold);
    for order in orders {
        let order = customer.order_in(order["id"].as_i64().unwrap(), "OTP_RECEIVED").await;
        assert_eq!(order["sms_revision"], 1, "{order}");
    }
    stack.finish().await;
}

/// Buys with [`KEY`]; the api-server dies as soon as the provider was `asked`, and comes back.
async fn die_while_buying(
    stack: &Stack,
    customer: &Customer,
    body: &Value,
    asked: impl AsyncFnMut() -> bool,
) {
    let request = customer.try_post("/v1/orders/create", Some(KEY), body);
    let death = async {
        until("the provider is asked", SOON, asked).await;
        stack.apis[0].process.kill();
    };
    let (answer, ()) = tokio::join!(request, death);
    assert!(answer.is_err(), "answered before its death: {answer:?}");
    stack.apis[0].start_again().await;
}

async fn truth(customer: &Customer, body: &Value) -> Reply {
    answer(customer, KEY, body).await
}

/// Repeats a request until it is not being worked on any more.
async fn answer(customer: &Customer, key: &str, body: &Value) -> Reply {
    eventually("the purchase comes to an end", SOON, async || {
        let reply = customer.create(Some(key), body).await;
        if reply.code() != "REQUEST_IN_PROGRESS" && reply.status != 503 {
            return Ok(reply);
        }
        assert!(reply.status == 409 || reply.status == 503, "{}", reply.text);
        assert!(reply.header("retry-after").is_some(), "nobody told when to try again");
        Err(reply.text)
    })
    .await
}
