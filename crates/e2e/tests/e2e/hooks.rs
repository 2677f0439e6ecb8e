//! Customers' own servers are told: signed so that published libraries believe it, at least once
//! (I-25), and without one of them being held up by another.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Certificates, Customer, Options, Receiver, SOON, Stack, eventually, place, until,
};

/// How many deliveries are watched beside servers that do badly.
const BESIDE: usize = 100;

/// How many deliveries the workers are killed over.
const MANY: usize = 1_000;

fn options() -> Options {
    Options::default()
        .with("webhooks.allow_plain_http_to", "127.0.0.0/8")
        .with("webhooks.timeout_ms", 1_000)
        .with("webhooks.schedule_percent", 1)
}

fn events(came: &[Value]) -> Vec<&str> {
    came.iter().filter_map(|line| line["event"].as_str()).collect()
}

/// Buys a number, waits for its code and finishes.
async fn live(stack: &Stack, customer: &Customer) -> i64 {
    let product = customer.cheapest("wa", "ID").await;
    let order = customer.buy(&product.any()).await;
    let code = stack.sandbox.sms(&order.phone).await;
    customer.order_with_code(order.id, &code).await;
    customer.finish(order.id).await.data();
    order.id
}

#[tokio::test]
async fn tells_a_server_that_checks_with_published_libraries() {
    let stack = Stack::start(options()).await;
    let receiver = Receiver::start(&stack).await;
    let customer = stack.customer(100_000).await;
    let set = receiver.listen("/good", &customer).await;
    stack.secrets.plant(set["webhook_secret"].as_str().unwrap());
    assert_eq!(customer.post("/v2/webhook/test", json!({})).await.data()["status_code"], 200);
    let order = live(&stack, &customer).await;
    let came = eventually("all is told", SOON, async || {
        let came = receiver.came(&customer);
        if came.len() >= 3 { Ok(came) } else { Err(came.len()) }
    })
    .await;
    assert_eq!(events(&came), ["webhook.test", "order.otp_received", "order.completed"]);
    assert!(came.iter().all(|line| line["believed"] == true), "{came:?}");
    let shown = customer.order(order).await;
    let told = &came[1]["data"];
    for key in ["phone_number", "otp_code", "otp_message", "product_id", "catalog_product_id"] {
        assert_eq!(told[key], shown[key], "{key}");
    }
    assert_eq!((&told["order_id"], &told["sms_revision"]), (&json!(order), &json!(1)));
    assert_eq!((&told["country"], &told["platform"]), (&json!("Indonesia"), &json!("WhatsApp")));
    assert_eq!(
        (&told["can_finish"], &came[2]["data"]["can_finish"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(came[2]["data"]["sms_revision"], Value::Null);

    // Once more, under the same name and in the same words.
    customer.post("/v1/webhook/replay", json!({ "id": came[1]["id"] })).await.data();
    until("it came again", SOON, async || receiver.came(&customer).len() == 4).await;
    let again = receiver.came(&customer)[3].clone();
    for key in ["id", "event", "timestamp", "data"] {
        assert_eq!(again[key], came[1][key], "{key}");
    }
    let attempts = eventually("the attempt is listed", SOON, async || {
        let attempts = customer.get("/v1/webhook/attempts").await.data();
        if attempts[0]["trigger"] == "replay" { Ok(attempts) } else { Err("not yet") }
    })
    .await;
    assert_eq!(attempts.as_array().unwrap().len(), 4);
    let stored = "SELECT count(*) FROM webhook_endpoints WHERE position('whsec_'::bytea in \
                  secret_sealed) > 0";
    assert_eq!(stack.database.one::<i64>(stored).await, 0, "a secret is stored in the clear");
    stack.finish().await;
}

#[tokio::test]
async fn does_not_call_this_machine_unless_it_is_told_to() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    for url in [
        "http://127.0.0.1:9/",
        "https://127.0.0.1:8443/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/",
        "https://localhost:8443/",
        "https://user@example.com/",
    ] {
        let answer = customer.patch("/v1/webhook", json!({ "webhook_url": url })).await;
        answer.refused(422, "VALIDATION_ERROR");
    }
    stack.finish().await;
}

/// A server that is slow, one that fails and one that redirects harm nobody but their owners.
#[tokio::test]
async fn a_slow_server_delays_no_other() {
    let stack = Stack::start(options()).await;
    let receiver = Receiver::start(&stack).await;
    let mut customers = Vec::new();
    for path in ["/slow", "/bad", "/elsewhere", "/tardy", "/good"] {
        let customer = stack.customer(100_000).await;
        receiver.listen(path, &customer).await;
        customers.push(customer);
    }
    let [slow, bad, elsewhere, tardy, good] = &customers[..] else { panic!("five customers") };
    let backlog = [(slow, 200), (bad, 200), (elsewhere, 200), (tardy, 40)];
    for (customer, copies) in backlog {
        let order = live(&stack, customer).await;
        repeat(&stack, order, copies).await;
    }
    until("the slow one is busy", SOON, async || receiver.came(slow).len() >= 2).await;
    let started = Instant::now();
    let order = live(&stack, good).await;
    until("the good one is told", SOON, async || receiver.came(good).len() == 2).await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    // One now and then, so that each waits for others' servers alone.
    for _ in 2..BESIDE {
        repeat(&stack, order, 1).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let busy = receiver.came(tardy).len();
    until("the good one is told all", SOON, async || receiver.came(good).len() == BESIDE).await;
    let waited = waits(&receiver.came(good));
    let [p50, p99, max] = [50, 99, 100].map(|percent| at_percent(&waited, percent));
    eprintln!("beside bad servers, {BESIDE} messages waited {p50} s, {p99} s, {max} s at most");
    place().note(
        "webhooks-beside",
        &json!({
            "messages": BESIDE, "p50_ms": p50 * 1e3, "p99_ms": p99 * 1e3, "max_ms": max * 1e3,
            "backlog": backlog.map(|(_, copies)| copies + 2).iter().sum::<i32>(),
            "slow_answered_meanwhile": busy,
        }),
    );
    assert!(max < 10.0, "{max} s");
    let disabled = async |customer: &Customer| {
        customer.get("/v1/webhook").await.data()["webhook_disabled_reason"].clone()
    };
    for customer in [slow, bad, elsewhere] {
        until("ten failures disable it", SOON, async || {
            disabled(customer).await == "consecutive_failed_user_endpoint"
        })
        .await;
        assert!(receiver.came(customer).iter().all(|line| line["path"] != "/good"));
    }
    assert_eq!(disabled(good).await, Value::Null);
    until("the tardy one is told all", SOON, async || receiver.came(tardy).len() >= 42).await;
    assert_eq!(disabled(tardy).await, Value::Null);
    forget_copies(&stack).await;
    stack.finish().await;
}

/// How long messages had been due when they came, in seconds, the shortest first.
fn waits(came: &[Value]) -> Vec<f64> {
    let mut waits: Vec<_> = came.iter().map(|line| line["waited"].as_f64().unwrap()).collect();
    waits.sort_by(f64::total_cmp);
    waits
}

/// The least value that so many percent do not exceed.
fn at_percent(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

/// The same event that many times more, as if it had happened so often.
async fn repeat(stack: &Stack, order: i64, times: i32) {
    let copies = sqlx::query(
        "INSERT INTO events (user_id, order_id, kind, created_at, revision)
         SELECT user_id, order_id, kind, now(), revision FROM (
             SELECT * FROM events WHERE order_id = $1 AND kind = 'order.otp_received'
             ORDER BY id LIMIT 1) AS first, generate_series(1, $2)",
    );
    copies.bind(order).bind(times).execute(stack.database.pool()).await.unwrap();
}

/// Takes the copies away again: our books are compared with what really happened.
async fn forget_copies(stack: &Stack) {
    let copies = sqlx::query(
        "DELETE FROM events e WHERE kind = 'order.otp_received' AND EXISTS (
             SELECT FROM events f WHERE f.order_id = e.order_id AND f.kind = e.kind
                 AND f.id < e.id)",
    );
    copies.execute(stack.database.pool()).await.unwrap();
}

/// I-25: a thousand deliveries, with their workers killed again and again.
#[tokio::test]
async fn tells_everything_although_workers_are_killed() {
    let stack = Stack::start(options().replicas(1, 2)).await;
    let receiver = Receiver::start(&stack).await;
    let customer = stack.customer(100_000).await;
    receiver.listen("/good", &customer).await;
    let order = live(&stack, &customer).await;
    repeat(&stack, order, i32::try_from(MANY).unwrap() - 2).await;
    let ids = || -> BTreeSet<String> {
        let came = receiver.came(&customer);
        came.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut kills = 0;
    let started = Instant::now();
    while ids().len() < MANY {
        assert!(started.elapsed() < Duration::from_mins(4), "{} of {MANY}", ids().len());
        tokio::time::sleep(Duration::from_millis(1_200 + kills * 317 % 1_500)).await;
        let victim = &stack.workers[usize::try_from(kills % 2).unwrap()];
        if ids().len() < MANY {
            victim.process.kill();
            kills += 1;
            victim.start_again().await;
        }
    }
    let took = started.elapsed();
    until("all is put down", SOON, async || {
        let open = "SELECT count(*) FROM webhook_messages WHERE state <> 'delivered'";
        stack.database.one::<i64>(open).await == 0
    })
    .await;
    let stored = "SELECT count(*) FROM webhook_messages";
    assert_eq!(stack.database.one::<i64>(stored).await, i64::try_from(MANY).unwrap());
    let names = "SELECT 'msg_' || replace(id::text, '-', '') FROM webhook_messages
                 WHERE user_id = $1";
    let names = stack.database.all::<String>(names, customer.id).await;
    assert_eq!(ids(), names.into_iter().collect());
    let came = receiver.came(&customer);
    assert!(came.iter().all(|line| line["believed"] == true));
    let again = came.len() - MANY;
    eprintln!("{MANY} deliveries in {took:?}, {kills} kills, {again} came more than once");
    place().note(
        "webhooks-killed",
        &json!({
            "delivered": MANY, "repeats": again, "kills": kills, "seconds": took.as_secs_f64(),
            "per_second": f64::from(u32::try_from(MANY).unwrap()) / took.as_secs_f64(),
        }),
    );
    forget_copies(&stack).await;
    stack.finish().await;
}

/// A server of TLS is told only when its certificate is of an authority that is believed, and of
/// the name that was called.
#[tokio::test]
async fn tells_servers_whose_certificate_is_believed() {
    let certificates = Certificates::make("certificates");
    let authority = certificates.certificate("authority").display().to_string();
    let stack = Stack::start(options().with("webhooks.extra_ca_file", authority)).await;
    let secret = stack.secrets.make("whsec_");
    for (name, is_believed) in
        [("good", true), ("elsewhere", false), ("unknown", false), ("own", false)]
    {
        let receiver = Receiver::sealed(&stack, &certificates, (name, &secret)).await;
        let customer = stack.customer(100_000).await;
        let change =
            json!({ "webhook_url": receiver.at("/good", &customer), "webhook_secret": secret });
        customer.patch("/v1/webhook", change).await.data();
        let tried = customer.post("/v1/webhook/test", json!({})).await;
        live(&stack, &customer).await;
        let attempts = eventually("it was tried", SOON, async || {
            let attempts = customer.get("/v1/webhook/attempts").await.data();
            if attempts.as_array().unwrap().len() >= 3 { Ok(attempts) } else { Err(attempts) }
        })
        .await;
        let outcomes: BTreeSet<_> =
            attempts.as_array().unwrap().iter().map(|it| it["outcome"].as_str().unwrap()).collect();
        let came = receiver.came(&customer);
        if is_believed {
            assert_eq!(tried.data()["status_code"], 200);
            assert_eq!(events(&came), ["webhook.test", "order.otp_received", "order.completed"]);
            assert!(came.iter().all(|line| line["believed"] == true), "{came:?}");
            assert_eq!(outcomes, BTreeSet::from(["delivered"]));
        } else {
            assert_ne!(tried.status, 200, "{name}: {}", tried.text);
            assert_eq!(outcomes, BTreeSet::from(["untrusted"]), "{name}");
            assert_eq!(came, [Value::Null; 0], "{name}");
        }
    }
    stack.finish().await;
}
