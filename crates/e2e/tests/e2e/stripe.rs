//! Money coming in through Stripe.

use serde_json::{Value, json};

use crate::support::{Customer, Options, SOON, Stack, eventually, python, until};

const AMOUNT: i64 = 50_000;

/// A top-up that the customer has not paid yet.
struct Topup {
    id: String,
    session: String,
}

/// L9, I-12: what is signed as agreed credits once, however often it comes.
#[tokio::test]
async fn credits_a_payment_once_however_often_it_is_told() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let mut balance = 0;
    for (deliver, times) in [("fresh", 1), ("duplicate", 1), ("two_secrets", 1), ("fresh", 10)] {
        let topup = start(&stack, &customer).await;
        let (event, statuses) =
            pay(&stack, &topup, json!({ "deliver": deliver, "times": times })).await;
        assert!(statuses.iter().all(|status| *status == 200), "{deliver}: {statuses:?}");
        balance += AMOUNT;
        becomes(&stack, &customer, &topup, "PAID").await;
        let again = json!({ "event_id": event, "deliver": "fresh", "times": 3 });
        stack.sandbox.control("stripe/redeliver", again).await;
        settled(&stack).await;
        assert_eq!(customer.balance().await, balance, "{deliver}");
    }
    stack.finish().await;
}

/// I-12: everything that is not signed as agreed is refused, and refusing spoils nothing.
#[tokio::test]
async fn refuses_what_is_not_signed_as_agreed() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let bad = ["stale", "future", "v0_only", "tampered", "wrong_secret", "bad_header"];
    let mut balance = 0;
    for deliver in bad {
        let topup = start(&stack, &customer).await;
        let (event, statuses) = pay(&stack, &topup, json!({ "deliver": deliver })).await;
        assert_eq!(statuses, [400], "{deliver}");
        assert_eq!(state(&stack, &topup).await, "PENDING", "{deliver}");
        assert_eq!(customer.balance().await, balance, "{deliver}");
        // The same event, signed as it should be.
        let fresh = json!({ "event_id": event, "deliver": "fresh" });
        stack.sandbox.control("stripe/redeliver", fresh).await;
        balance += AMOUNT;
        becomes(&stack, &customer, &topup, "PAID").await;
        assert_eq!(customer.balance().await, balance, "{deliver}");
    }
    let unsigned = stack.http.post(format!("{}/stripe", stack.ingest.url)).body("{}").send().await;
    assert_eq!(unsigned.unwrap().status(), 400);
    stack.finish().await;
}

/// I-12: signed, but not what was agreed upon. A person has to look at it.
#[tokio::test]
async fn credits_nothing_when_amount_currency_or_mode_differ() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    for wrong in
        [json!({ "amount": 100 }), json!({ "amount": AMOUNT * 1000 }), json!({ "currency": "usd" })]
    {
        let topup = start(&stack, &customer).await;
        let (_, statuses) = pay(&stack, &topup, wrong.clone()).await;
        assert_eq!(statuses, [200], "{wrong}");
        becomes(&stack, &customer, &topup, "REVIEW").await;
        let told = format!("payment for top-up {} not credited", topup.id);
        until("the operator is told", SOON, async || stack.workers[0].has_logged(&told)).await;
    }
    assert_eq!(customer.balance().await, 0);

    let topup = start(&stack, &customer).await;
    let (_, statuses) = pay(&stack, &topup, json!({ "deliver": "none" })).await;
    assert_eq!(statuses, [0_u16; 0]);
    let object = session(&stack, &topup.id).await;
    let live = json!({ "type": "checkout.session.completed", "object": object, "livemode": true });
    let sent = stack.sandbox.control("stripe/event", live).await;
    assert_eq!(sent["deliveries"][0]["status"], 400, "live money of a test");
    settled(&stack).await;
    assert_eq!(state(&stack, &topup).await, "PENDING");
    assert_eq!(customer.balance().await, 0);
    stack.finish().await;
}

/// I-12: payments that settle later, never, or before we know of them.
#[tokio::test]
async fn follows_a_payment_in_whatever_order_it_happens() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let slow = start(&stack, &customer).await;
    pay(&stack, &slow, json!({ "payment_status": "unpaid" })).await;
    becomes(&stack, &customer, &slow, "PROCESSING").await;
    assert_eq!(customer.balance().await, 0);
    pay(&stack, &slow, json!({})).await;
    becomes(&stack, &customer, &slow, "PAID").await;
    assert_eq!(customer.balance().await, AMOUNT);

    let forgotten = start(&stack, &customer).await;
    let expire = json!({ "session_id": forgotten.session });
    stack.sandbox.control("stripe/expire", expire).await;
    becomes(&stack, &customer, &forgotten, "EXPIRED").await;
    assert_eq!(customer.balance().await, AMOUNT);

    // The event is there before the answer that tells us the session's id.
    let eager = json!({ "faults": { "before_reply_event": true, "remaining": 1 } });
    stack.sandbox.control("stripe", eager).await;
    let early = start(&stack, &customer).await;
    becomes(&stack, &customer, &early, "PAID").await;
    assert_eq!(customer.balance().await, 2 * AMOUNT);

    // The answer to the creation is lost; the payment still finds its top-up.
    let lossy = json!({ "faults": { "drop_after_commit": true, "remaining": 1 } });
    stack.sandbox.control("stripe", lossy).await;
    let amount = AMOUNT.to_string();
    let words = ["topup", "start", "--email", &customer.email, "--amount", &amount, "--json"];
    let lost = stack.ctl.try_run(&words).await;
    let sql = "SELECT id::text FROM topups WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1";
    let id = stack.database.all::<String>(sql, customer.id).await.remove(0);
    let session = session(&stack, &id).await["id"].as_str().unwrap().to_owned();
    let lost_one = Topup { id, session };
    pay(&stack, &lost_one, json!({})).await;
    becomes(&stack, &customer, &lost_one, "PAID").await;
    assert_eq!(customer.balance().await, 3 * AMOUNT, "{}", lost.stderr);
    stack.finish().await;
}

/// L9: money that arrives while nobody is there to take or to credit it.
#[tokio::test]
async fn credits_what_was_paid_while_we_were_down() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let uncredited = start(&stack, &customer).await;
    stack.workers[0].process.kill();
    let (_, statuses) = pay(&stack, &uncredited, json!({})).await;
    assert_eq!(statuses, [200]);
    let untaken = start(&stack, &customer).await;
    stack.ingest.process.kill();
    stack.sandbox.control("stripe", json!({ "webhook_retry_ms": 2000 })).await;
    let (_, statuses) = pay(&stack, &untaken, json!({})).await;
    assert_eq!(statuses, [0], "nobody was there");
    stack.ingest.start_again().await;
    assert_eq!(customer.balance().await, 0);
    stack.workers[0].start_again().await;
    becomes(&stack, &customer, &uncredited, "PAID").await;
    becomes(&stack, &customer, &untaken, "PAID").await;
    assert_eq!(customer.balance().await, 2 * AMOUNT);
    stack.finish().await;
}

/// Stripe's own library creates sessions at the stand-in and signs for our receiver.
#[tokio::test]
async fn agrees_with_the_library_that_stripe_publishes() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(0).await;
    let topup = start(&stack, &customer).await;
    // The library tells of it; whether it is true is asked at the gateway.
    pay(&stack, &topup, json!({ "deliver": "none" })).await;
    let told = python(
        "stripe_client.py",
        &[
            ("STRIPE_URL", &stack.sandbox.url),
            ("STRIPE_KEY", &stack.keys.stripe),
            ("WEBHOOK_URL", &format!("{}/stripe", stack.ingest.url)),
            ("WEBHOOK_SECRET", &stack.keys.webhook),
            ("SESSION_ID", &topup.session),
        ],
    )
    .await;
    assert_eq!(told.trim(), "signed and taken");
    becomes(&stack, &customer, &topup, "PAID").await;
    assert_eq!(customer.balance().await, AMOUNT);
    stack.finish().await;
}

/// What our adapters read at the stand-in is what Stripe's own library reads there.
#[tokio::test]
async fn keeps_books_that_the_library_of_stripe_reads() {
    let stack = Stack::start(Options::default()).await;
    let told = python(
        "stripe_books.py",
        &[
            ("STRIPE_URL", &stack.sandbox.url),
            ("STRIPE_KEY", &stack.keys.stripe),
            ("CONTROL_URL", &format!("{}/control", stack.sandbox.url)),
        ],
    )
    .await;
    assert_eq!(told.trim(), "the books agree");
    stack.finish().await;
}

async fn start(stack: &Stack, customer: &Customer) -> Topup {
    let amount = AMOUNT.to_string();
    let words = ["topup", "start", "--email", &customer.email, "--amount", &amount];
    let started = stack.ctl.run(&words).await;
    let id = started["id"].as_str().unwrap_or_else(|| panic!("no id in {started}")).to_owned();
    let session = session(stack, &id).await;
    assert_eq!(
        (&session["amount_total"], &session["currency"]),
        (&json!(AMOUNT * 100), &json!("idr"))
    );
    Topup { id, session: session["id"].as_str().unwrap().to_owned() }
}

/// What Stripe knows about a top-up.
async fn session(stack: &Stack, topup: &str) -> Value {
    let state = stack.sandbox.state().await;
    let mut sessions = state["stripe"]["sessions"].as_array().unwrap().iter();
    let found = sessions.find(|session| session["client_reference_id"] == topup);
    found.cloned().unwrap_or_else(|| panic!("Stripe knows nothing of {topup}"))
}

/// Pays in the way that `how` tells; answers the event and how we took it.
async fn pay(stack: &Stack, topup: &Topup, mut how: Value) -> (String, Vec<u16>) {
    how["session_id"] = json!(topup.session);
    let paid = stack.sandbox.control("stripe/pay", how).await;
    let deliveries = paid["deliveries"].as_array().unwrap().iter();
    let statuses = deliveries.map(|it| u16::try_from(it["status"].as_u64().unwrap()).unwrap());
    (paid["event_id"].as_str().unwrap().to_owned(), statuses.collect())
}

async fn state(stack: &Stack, topup: &Topup) -> String {
    let sql = "SELECT state FROM topups WHERE id = $1::uuid";
    sqlx::query_scalar(sql).bind(&topup.id).fetch_one(stack.database.pool()).await.unwrap()
}

async fn becomes(stack: &Stack, customer: &Customer, topup: &Topup, wanted: &str) {
    let what = format!("the top-up of {} is {wanted}", customer.email);
    eventually(&what, SOON, async || {
        let state = state(stack, topup).await;
        if state == wanted { Ok(()) } else { Err(state) }
    })
    .await;
}

/// Waits until the gateway was asked about every notification.
async fn settled(stack: &Stack) {
    until("the gateway was asked about all notifications", SOON, async || {
        let pending = "SELECT count(*) FROM tasks \
                       WHERE kind = 'payment.confirm' AND dead_at IS NULL";
        stack.database.one::<i64>(pending).await == 0
    })
    .await;
}
