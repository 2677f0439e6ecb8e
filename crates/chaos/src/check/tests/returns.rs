//! Money that goes back.

use serde_json::json;

use super::{Grade, Run, Spoilt, expect};

/// Of the top-up of the second customer an operator has sent a part back. The first has topped up,
/// too, and their bank has taken that back for good.
fn returned() -> Run {
    let mut run = Run::fine();
    let row = |key: &str, legs: [&str; 2], amount: i64, [user, seq, available, debt]: [i64; 4]| {
        json!({ "journal_key": key, "from_class": legs[0], "from_owner": user, "to_class": legs[1],
            "to_owner": user, "amount": amount, "currency": "IDR", "wallet_user": user,
            "wallet_seq": seq, "available_after": available, "held_after": 0,
            "debt_after": debt })
    };
    let (out, own) = ("gateway_clearing", "available");
    run.rows("transfers").extend([
        row("refund:stripe:r1", [own, out], 1000, [2, 3, 5000, 0]),
        row("topup:stripe:cs_2", [out, own], 2000, [1, 8, 2900, 0]),
        row("clawback:stripe:dispute:du_1", ["debt", out], 2000, [1, 9, 2900, 2000]),
        row("debt:1:10", [own, "debt"], 2000, [1, 10, 900, 0]),
    ]);
    run.rows("topups")[0]["state"] = json!("PARTIALLY_REFUNDED");
    run.rows("topups").push(json!({ "id": "t2", "user_id": 1, "amount": 2000, "gateway": "stripe",
        "charge_amount": 2000, "charge_currency": "IDR", "state": "LOST" }));
    run.rows("wallets")[0]["seq"] = json!(10);
    run.rows("wallets")[0]["frozen"] = json!(true);
    run.rows("wallets")[1]["seq"] = json!(3);
    run.rows("wallets")[1]["available"] = json!(5000);
    let refund = json!({ "id": "r1", "topup_id": "t1", "gateway": "stripe", "payment_id": "cs_1",
        "amount": 1000, "state": "DONE", "user_id": 2 });
    let dispute = json!({ "gateway": "stripe", "kind": "DISPUTE", "id": "du_1",
        "payment_id": "cs_2", "taken": 2000, "state": "FINAL", "user_id": 1 });
    run.books.push(("refunds", vec![refund]));
    run.books.push(("reversals", vec![dispute]));
    let payment = |id: &str, paid: u64, refunded: u64, disputed: u64| json!([{ "id": id, "paid": paid, "refunded": refunded, "disputed": disputed }]);
    run.world["truth"]["stripe"]["orders"] = json!([
        { "order_id": "t1", "currency": "idr", "payments": payment("cs_1", 500_000, 100_000, 0) },
        { "order_id": "t2", "currency": "idr", "payments": payment("cs_2", 200_000, 0, 200_000) },
    ]);
    for (customer, mut call, mut answer) in [
        (
            1,
            json!({ "op": "topup", "amount": 2000, "gateway": "stripe" }),
            json!({ "topup": "t2" }),
        ),
        (1, json!({ "op": "dispute", "topup": "t2" }), json!({})),
        (
            2,
            json!({ "op": "refund", "topup": "t1", "amount": 1000 }),
            json!({ "refund": "r1", "taken": 1000 }),
        ),
    ] {
        let number = 1000 + run.history.len();
        call["kind"] = json!("invoke");
        answer["kind"] = json!("return");
        answer["outcome"] = json!("ok");
        (call["customer"], call["via"]) = (json!(customer), json!("ctl"));
        for mut line in [call, answer] {
            (line["at_ms"], line["call"]) = (json!(800), json!(number));
            run.history.push(line);
        }
    }
    run
}

const RETURNED: [Spoilt; 12] = [
    (|run| drop(run.rows("transfers").remove(10)), Grade::Lost, "refund:stripe:r1 has 0"),
    (|run| drop(run.rows("transfers").remove(12)), Grade::Lost, "dispute:du_1 has 0"),
    (|run| run.rows("transfers")[12]["amount"] = json!(1), Grade::Double, "dispute:du_1 has 1"),
    (|run| run.rows("transfers")[13]["journal_key"] = json!("debt:1:9"), Grade::Wrong, "no debt"),
    (|run| drop(run.rows("refunds").pop()), Grade::Lost, "refund r1 is gone"),
    (|run| run.rows("refunds")[0]["state"] = json!("REQUESTED"), Grade::Stuck, "is REQUESTED"),
    (|run| run.rows("refunds")[0]["state"] = json!("FAILED"), Grade::Lost, "r1:reversal has 0"),
    (|run| run.rows("refunds")[0]["id"] = json!("r2"), Grade::Lost, "refund r1 is gone"),
    (
        |run| {
            let again = run.rows("refunds")[0].clone();
            run.rows("refunds").push(again);
        },
        Grade::Double,
        "nobody ordered refund r1",
    ),
    (|run| run.rows("wallets")[0]["frozen"] = json!(false), Grade::Wrong, "customer 1, stopped"),
    (|run| run.rows("topups")[1]["state"] = json!("PAID"), Grade::Wrong, "not Some(\"LOST\")"),
    (
        |run| {
            let payments = &mut run.world["truth"]["stripe"]["orders"][1]["payments"];
            payments[0]["disputed"] = json!(0);
        },
        Grade::Double,
        "payment cs_2 went back with 0, not 2000",
    ),
];

#[test]
fn follows_money_that_goes_back() {
    assert_eq!(returned().findings(), []);
    for (spoil, grade, words) in RETURNED {
        let mut run = returned();
        spoil(&mut run);
        expect(&run, grade, words);
    }
}

/// The same of a payment in dollars at a gateway that gives back all or nothing.
#[test]
fn follows_dollars_that_go_back() {
    let mut run = Run::fine();
    let row = |key: &str, [from, to]: [&str; 2], money: (i64, &str), place: Option<[i64; 4]>| {
        let at = |number: usize| place.map(|place| place[number]);
        json!({ "journal_key": key, "from_class": from, "from_owner": 2, "to_class": to,
            "to_owner": 2, "amount": money.0, "currency": money.1, "wallet_user": at(0),
            "wallet_seq": at(1), "available_after": at(2), "held_after": place.map(|_| 0),
            "debt_after": at(3) })
    };
    let (usd, idr) = ((2_000_000, "USD"), (20_000, "IDR"));
    let (out, exchange, own) = ("gateway_clearing", "liquidity", "available");
    let back = "clawback:heleket:refund:u1:refund";
    run.rows("transfers").extend([
        row("topup:heleket:u1", [out, exchange], usd, None),
        row("topup:heleket:u1", [exchange, own], idr, Some([2, 3, 26_000, 0])),
        row(back, ["debt", exchange], idr, Some([2, 4, 26_000, 20_000])),
        row(back, [exchange, out], usd, None),
        row("debt:2:5", [own, "debt"], idr, Some([2, 5, 6_000, 0])),
    ]);
    run.rows("topups").push(json!({ "id": "t3", "user_id": 2, "amount": 20_000,
        "gateway": "heleket", "charge_amount": 2_000_000, "charge_currency": "USD",
        "state": "REFUNDED" }));
    run.rows("wallets")[1]["seq"] = json!(5);
    let refund = json!({ "gateway": "heleket", "kind": "REFUND", "id": "u1:refund",
        "payment_id": "u1", "taken": 20_000, "state": "BOOKED", "user_id": 2 });
    run.books.push(("reversals", vec![refund]));
    run.books.push(("refunds", Vec::new()));
    run.world["truth"]["heleket"]["orders"] = json!([{ "order_id": "t3", "uuid": "u1",
        "is_final": true, "currency": "USD", "reported": "2.00", "refunded": "2.000000" }]);
    for (kind, more) in [
        (
            "invoke",
            json!({ "op": "topup", "amount": 20_000, "gateway": "heleket", "customer": 2,
            "via": "ctl" }),
        ),
        ("return", json!({ "outcome": "ok", "topup": "t3" })),
    ] {
        let mut line = more;
        (line["kind"], line["at_ms"], line["call"]) = (json!(kind), json!(800), json!(2000));
        run.history.push(line);
    }
    assert_eq!(run.findings(), []);
    run.rows("transfers")[12]["amount"] = json!(19_999);
    expect(&run, Grade::Double, "refund:u1:refund has 2");
    run.rows("transfers")[12]["amount"] = json!(20_000);
    run.rows("reversals")[0]["taken"] = json!(19_999);
    expect(&run, Grade::Wrong, "payment u1 went back with 20000, not 19999");
    run.rows("reversals")[0]["taken"] = json!(20_000);
    run.rows("transfers").remove(13);
    expect(&run, Grade::Double, "refund:u1:refund has 1");
}
