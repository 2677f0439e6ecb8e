//! A small run that is right in every respect, and what the check says when one thing is not.

use serde_json::{Value, json};

use super::{Facts, Grade, contradictions};
use crate::evidence::Evidence;

mod returns;

const TEXT: &str = "12345678 is your code. Message 1.";

/// One customer buys three numbers: one gets a message, one is cancelled, one purchase is refused.
/// Another tops up.
struct Run {
    history: Vec<Value>,
    books: Vec<(&'static str, Vec<Value>)>,
    world: Value,
}

impl Run {
    fn fine() -> Self {
        Self { history: history(), books: books(), world: world() }
    }

    fn rows(&mut self, section: &str) -> &mut Vec<Value> {
        let found = self.books.iter_mut().find(|(name, _)| *name == section);
        &mut found.unwrap().1
    }

    fn findings(&self) -> Vec<(Grade, String)> {
        let lines = |rows: &[Value]| {
            rows.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n"
        };
        let books = self.books.iter().map(|(name, rows)| format!("#{name}\n{}", lines(rows)));
        let evidence = Evidence::of(&lines(&self.history), &books.collect::<String>(), &self.world);
        let findings = contradictions(&Facts::of(&evidence.unwrap()));
        findings.into_iter().map(|finding| (finding.grade, finding.text)).collect()
    }
}

fn history() -> Vec<Value> {
    let seen = |id: i64, status: &str, text: Option<&str>| {
        json!({ "id": id, "status": status, "amount": 100, "phone": format!("+{id}"),
            "text": text, "revision": i64::from(text.is_some()) })
    };
    let mut lines = vec![
        json!({ "at_ms": 0, "kind": "begin", "seed": 1, "profile": "short", "minutes": 1.0,
            "connections": 8, "unix_ms": 1000, "arguments": [] }),
        json!({ "at_ms": 1, "kind": "customer", "id": 1, "email": "a@b", "granted": 1000 }),
        json!({ "at_ms": 1, "kind": "customer", "id": 2, "email": "c@d", "granted": 1000 }),
    ];
    let mut call = |customer: i64, mut what: Value, answers: Vec<Value>| {
        for mut answer in answers {
            let (number, at) = (lines.len(), lines.len() * 10);
            what["kind"] = json!("invoke");
            what["at_ms"] = json!(at);
            what["call"] = json!(number);
            what["customer"] = json!(customer);
            what["via"] = json!("api-server-0");
            lines.push(what.clone());
            answer["kind"] = json!("return");
            answer["at_ms"] = json!(at + 5);
            answer["call"] = json!(number);
            lines.push(answer);
        }
    };
    let buy = |key: &str| json!({ "op": "buy", "key": key, "body": { "product_id": 1 } });
    let bought = |id| json!({ "outcome": "ok", "status": 200, "orders": [seen(id, "ACTIVE", None)], "hash": 7 });
    let unknown = json!({ "outcome": "unknown" });
    call(1, buy("first"), vec![unknown, bought(1), bought(1)]);
    call(1, buy("second"), vec![bought(2)]);
    call(
        1,
        buy("third"),
        vec![json!({ "outcome": "fail", "status": 422, "code": "PROVIDER_ERROR" })],
    );
    let read = |status, text| json!({ "outcome": "ok", "orders": [seen(1, status, text)] });
    let answers = vec![read("ACTIVE", None), read("OTP_RECEIVED", Some(TEXT))];
    call(1, json!({ "op": "read", "order": 1 }), answers);
    let canceled = json!({ "outcome": "ok", "orders": [seen(2, "CANCELED", None)] });
    call(1, json!({ "op": "cancel", "order": 2 }), vec![canceled]);
    let started = json!({ "outcome": "ok", "topup": "t1" });
    call(2, json!({ "op": "topup", "amount": 5000, "gateway": "stripe" }), vec![started]);
    let drill = json!({ "op": "drill", "subjects": ["drill-1:0"] });
    call(0, drill, vec![json!({ "outcome": "ok" })]);
    lines.push(json!({ "at_ms": 2, "kind": "listens", "customer": 1, "after": 1 }));
    for (seq, event) in [(2, "order.active"), (3, "order.completed")] {
        lines.push(json!({ "at_ms": 900, "kind": "heard", "customer": 1, "seq": seq,
            "event": event, "order": 1 }));
    }
    lines
}

fn books() -> Vec<(&'static str, Vec<Value>)> {
    let order = |id: i64, state: &str, external: Option<&str>, text: Option<&str>| {
        json!({ "id": id, "user_id": 1, "attempt": 1, "price": 100, "cost_micros": 5, "state": state,
            "provider": "alpha", "external_id": external, "phone": external.map(|_| id.to_string()),
            "upstream_open": false, "sms_revision": i64::from(text.is_some()), "otp_message": text })
    };
    let key = |key: &str, order: i64| {
        json!({ "user_id": 1, "operation": "create", "key": key, "order_ids": [order],
            "created_ms": 1001 })
    };
    let told = |order: i64, kind: &str| json!({ "order_id": order, "kind": kind, "times": 1, "unstamped": 0 });
    let wallet = |user: i64, available: i64, seq: i64| json!({ "user_id": user, "available": available, "held": 0, "seq": seq, "debt": 0 });
    let orders = vec![
        order(1, "COMPLETED", Some("11"), Some(TEXT)),
        order(2, "CANCELED", Some("12"), None),
        order(3, "FAILED", None, None),
    ];
    let events =
        [(1, "active"), (1, "otp_received"), (1, "completed"), (2, "active"), (2, "canceled")];
    let events = events.map(|(order, kind)| told(order, &format!("order.{kind}")));
    vec![
        ("orders", orders),
        ("keys", vec![key("first", 1), key("second", 2), key("third", 3)]),
        ("wallets", vec![wallet(1, 900, 7), wallet(2, 6000, 2)]),
        ("transfers", transfers()),
        ("messages", vec![json!({ "user_id": 1, "order_id": 1, "revision": 1, "text": TEXT })]),
        (
            "letters",
            vec![json!({ "id": 1, "provider": "alpha", "external_id": "11", "state": "APPLIED" })],
        ),
        (
            "topups",
            vec![json!({ "id": "t1", "user_id": 2, "amount": 5000, "gateway": "stripe",
            "charge_amount": 5000, "charge_currency": "IDR", "state": "PAID" })],
        ),
        ("told", events.to_vec()),
        ("events", placed()),
        ("canaries", vec![json!({ "task_id": 1, "subject": "drill-1:0", "times": 1 })]),
        ("dead_tasks", Vec::new()),
    ]
}

fn placed() -> Vec<Value> {
    let event = |user: i64, order: i64, event: &str, seq: u64| json!({ "user_id": user, "order_id": order, "event": event, "seq": seq });
    vec![
        event(1, 9, "order.active", 1),
        event(1, 1, "order.active", 2),
        event(1, 1, "order.completed", 3),
    ]
}

fn transfers() -> Vec<Value> {
    let row = |key: &str, from: &str, to: &str, amount: i64, wallet: Option<[i64; 4]>| {
        let [user, seq, available, held] = wallet.map_or([None; 4], |it| it.map(Some));
        let currency = if wallet.is_some() { "IDR" } else { "USD" };
        json!({ "journal_key": key, "from_class": from, "from_owner": user.unwrap_or(0),
            "to_class": to, "to_owner": user.unwrap_or(0), "amount": amount, "currency": currency,
            "wallet_user": user, "wallet_seq": seq, "available_after": available,
            "held_after": held, "debt_after": user.map(|_| 0) })
    };
    let hold = |order: i64, seq, available| {
        row(
            &format!("order:{order}:1:hold"),
            "available",
            "held",
            100,
            Some([1, seq, available, 100]),
        )
    };
    let release = |order: i64, seq, available| {
        row(
            &format!("order:{order}:1:resolve"),
            "held",
            "available",
            100,
            Some([1, seq, available, 0]),
        )
    };
    vec![
        row("adjustment:1", "adjustment", "available", 1000, Some([1, 1, 1000, 0])),
        hold(1, 2, 900),
        row("order:1:1:resolve", "held", "revenue", 100, Some([1, 3, 900, 0])),
        row("order:1:1:resolve", "provider_expense", "provider_prepaid", 5, None),
        hold(2, 4, 800),
        release(2, 5, 900),
        hold(3, 6, 800),
        release(3, 7, 900),
        row("adjustment:2", "adjustment", "available", 1000, Some([2, 1, 1000, 0])),
        row("topup:stripe:cs_1", "gateway_clearing", "available", 5000, Some([2, 2, 6000, 0])),
    ]
}

fn world() -> Value {
    let sold = |id: u64, phone: &str, status: &str, sms: Value| json!({ "id": id, "phone": phone, "cost_usd": "0.000005", "status": status, "sms": sms });
    let sms = json!([{ "text": TEXT, "code": "12345678" }]);
    let provider = |sold: Vec<Value>, charged: &str, refunded: &str| json!({ "activations": sold, "charged_usd": charged, "refunded_usd": refunded });
    let alpha = vec![sold(11, "1", "FINISHED", sms), sold(12, "2", "CANCELLED", json!([]))];
    json!({
        "providers": {
            "alpha": provider(alpha, "0.00001", "0.000005"),
            "beta": provider(Vec::new(), "0", "0"), "gamma": provider(Vec::new(), "0", "0"),
        },
        "truth": {
            "stripe": { "orders": [{ "order_id": "t1", "currency": "idr", "paid": 500_000,
                "payments": [{ "id": "cs_1", "paid": 500_000, "refunded": 0, "disputed": 0 }] }] },
            "heleket": { "orders": [] }, "duitku": { "orders": [] }, "btcpay": { "orders": [] },
        },
    })
}

#[test]
fn finds_nothing_where_nothing_is_wrong() {
    assert_eq!(Run::fine().findings(), []);
}

/// What is spoilt, and a part of what has to be said about it.
type Spoilt = (fn(&mut Run), Grade, &'static str);

const SPOILT: [Spoilt; 32] = [
    (|run| drop(run.rows("orders").remove(0)), Grade::Lost, "order 1 of purchase first is gone"),
    (|run| run.rows("orders")[0]["user_id"] = json!(2), Grade::Lost, "is somebody else's"),
    (|run| run.rows("orders")[1]["state"] = json!("EXPIRED"), Grade::Lost, "confirmed as CANCELED"),
    (
        |run| run.rows("orders")[2]["state"] = json!("RESERVING"),
        Grade::Stuck,
        "order 3 is RESERVING",
    ),
    (|run| run.rows("orders")[0]["upstream_open"] = json!(true), Grade::Stuck, "does not know"),
    (|run| run.rows("orders")[0]["cost_micros"] = json!(6), Grade::Wrong, "another cost"),
    (|run| run.rows("orders")[0]["phone"] = json!("9"), Grade::Wrong, "another number"),
    (|run| run.rows("orders")[1]["external_id"] = json!("11"), Grade::Double, "belongs to orders"),
    (|run| drop(run.rows("keys").remove(1)), Grade::Double, "nobody asked for order 2"),
    (|run| run.rows("keys")[1]["order_ids"] = json!([2, 1]), Grade::Double, "order 1 has 2 keys"),
    (|run| run.rows("keys")[2]["key"] = json!("x"), Grade::Double, "nobody asked for purchase x"),
    (
        |run| run.rows("wallets")[0]["available"] = json!(800),
        Grade::Lost,
        "customer 1 can spend 800",
    ),
    (|run| run.rows("wallets")[1]["available"] = json!(6001), Grade::Double, "can spend 6001"),
    (|run| drop(run.rows("transfers").remove(5)), Grade::Lost, "order:2:1:resolve"),
    (
        |run| drop(run.rows("transfers").remove(9)),
        Grade::Lost,
        "payment cs_1 at stripe not credited",
    ),
    (|run| run.rows("transfers")[9]["amount"] = json!(5001), Grade::Double, "credited: 5001"),
    (
        |run| {
            let mut other = run.rows("transfers")[9].clone();
            other["journal_key"] = json!("topup:stripe:cs_1:500");
            other["to_owner"] = json!(1);
            run.rows("transfers").insert(0, other);
        },
        Grade::Double,
        "user: -1, credited: 10000",
    ),
    (|run| run.rows("transfers")[9]["journal_key"] = json!("gift:1"), Grade::Double, "no reason"),
    (|run| run.rows("messages")[0]["text"] = json!("another"), Grade::Wrong, "of somebody else"),
    (|run| drop(run.rows("messages").remove(0)), Grade::Lost, "1 messages of order 1"),
    (|run| run.rows("told")[2]["times"] = json!(2), Grade::Double, "2 order.completed"),
    (|run| drop(run.rows("told").remove(4)), Grade::Lost, "0 order.canceled"),
    (|run| run.rows("letters")[0]["state"] = json!("PENDING"), Grade::Stuck, "is PENDING"),
    (|run| run.rows("canaries")[0]["times"] = json!(2), Grade::Double, "took effect 2 times"),
    (|run| drop(run.rows("canaries").remove(0)), Grade::Lost, "never took effect"),
    (|run| drop(run.history.pop()), Grade::Lost, "never heard of 1 events, 3 the first"),
    (|run| run.history.push(run.history[run.history.len() - 1].clone()), Grade::Double, "3 twice"),
    (|run| run.rows("events")[2]["order_id"] = json!(2), Grade::Wrong, "which is not 3"),
    (|run| drop(run.rows("events").remove(2)), Grade::Wrong, "which is not 3"),
    (
        |run| run.world["providers"]["alpha"]["activations"][1]["status"] = json!("WAITING"),
        Grade::Wrong,
        "is WAITING, the order CANCELED",
    ),
    (
        |run| run.world["truth"]["stripe"]["orders"][0]["payments"][0]["paid"] = json!(500_100),
        Grade::Double,
        "credited unpaid",
    ),
    (
        |run| run.world["providers"]["alpha"]["charged_usd"] = json!("0.000020"),
        Grade::Wrong,
        "alpha kept",
    ),
];

#[test]
fn finds_what_is_spoilt_in_the_books_and_in_the_world() {
    for (spoil, grade, words) in SPOILT {
        let mut run = Run::fine();
        spoil(&mut run);
        expect(&run, grade, words);
    }
}

/// Changes the answer to the call that `find` describes.
fn answer(run: &mut Run, find: fn(&Value) -> bool, change: fn(&mut Value)) {
    let call = run.history.iter().rev().find(|line| find(line)).unwrap()["call"].clone();
    let is_answer = |line: &&mut Value| line["kind"] == "return" && line["call"] == call;
    change(run.history.iter_mut().find(is_answer).unwrap());
}

/// Which call, what of its answer is changed, and what has to be said about it.
type Misreported = (fn(&Value) -> bool, fn(&mut Value), Grade, &'static str);

#[test]
fn finds_what_is_spoilt_in_the_history() {
    let first = |line: &Value| line["key"] == "first";
    let third = |line: &Value| line["key"] == "third";
    let read = |line: &Value| line["op"] == "read";
    let spoilt: [Misreported; 7] = [
        (first, |it| it["hash"] = json!(8), Grade::Wrong, "answered in two ways"),
        (first, |it| *it = refused(it, "PROVIDER_ERROR"), Grade::Wrong, "granted and refused"),
        (third, |it| it["outcome"] = json!("unknown"), Grade::Stuck, "nobody knows"),
        (third, |it| it["code"] = json!("UNAUTHORIZED"), Grade::Wrong, "UNAUTHORIZED for"),
        (read, |it| it["orders"][0]["status"] = json!("EXPIRED"), Grade::Wrong, "and is COMPLETED"),
        (read, |it| it["orders"][0]["id"] = json!(9), Grade::Lost, "order 9 was seen and is gone"),
        (read, |it| it["orders"][0]["text"] = json!("other"), Grade::Wrong, "read a foreign"),
    ];
    for (find, change, grade, words) in spoilt {
        let mut run = Run::fine();
        answer(&mut run, find, change);
        expect(&run, grade, words);
    }
}

#[test]
fn sees_an_order_go_back_in_time() {
    let mut run = Run::fine();
    let reads: Vec<usize> = (0..run.history.len())
        .filter(|at| run.history[*at]["op"] == "read")
        .map(|at| at + 1)
        .collect();
    let [first, second] = reads[..] else { panic!() };
    let (earlier, later) =
        (run.history[first]["orders"].clone(), run.history[second]["orders"].clone());
    run.history[first]["orders"] = later;
    run.history[second]["orders"] = earlier;
    expect(&run, Grade::Wrong, "order 1 was OTP_RECEIVED before it was ACTIVE");
}

#[test]
fn sees_a_refused_purchase_that_was_made() {
    let mut run = Run::fine();
    let second = |line: &Value| line["key"] == "second";
    answer(&mut run, second, |it| *it = refused(it, "PROVIDER_ERROR"));
    expect(&run, Grade::Double, "purchase second was refused and made orders {2}");
}

fn refused(answer: &Value, code: &str) -> Value {
    json!({ "at_ms": answer["at_ms"], "kind": "return", "call": answer["call"],
        "outcome": "fail", "status": 422, "code": code })
}

#[track_caller]
fn expect(run: &Run, grade: Grade, words: &str) {
    let findings = run.findings();
    let is_there = findings.iter().any(|(found, text)| *found == grade && text.contains(words));
    assert!(is_there, "nobody says {grade:?} {words:?}: {findings:#?}");
}
