//! How bills of the four gateways are found and paid, well and badly.

use serde_json::{Value, json};

use crate::{
    random::Random,
    stack::{GATEWAYS, Sandbox},
};

/// More bills of one gateway than are made between two looks.
const NEWEST: u32 = 30;

/// Something to pay.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    pub(super) gateway: &'static str,
    pub(super) id: String,
    /// Our reference, where it is needed later.
    pub(super) topup: String,
    /// In the least units of its currency, where somebody can pay another amount.
    pub(super) asked: u64,
}

/// Something a payer does, so many milliseconds after the step before.
pub(super) struct Step {
    pub(super) after_ms: u64,
    pub(super) path: String,
    pub(super) body: Value,
}

/// How somebody pays.
#[derive(Clone, Copy)]
enum Manner {
    Plain,
    /// The notification comes several times.
    Repeated,
    /// It never comes: we have to ask.
    Silent,
    /// Only forged ones come.
    Forged,
    /// The money comes later than the promise of it.
    Delayed,
    /// Another amount than was asked for, or too late.
    Odd,
    /// And once more.
    Twice,
    Never,
}

const MANNERS: [(u64, Manner); 8] = [
    (52, Manner::Plain),
    (10, Manner::Repeated),
    (9, Manner::Silent),
    (7, Manner::Forged),
    (7, Manner::Delayed),
    (6, Manner::Odd),
    (5, Manner::Twice),
    (4, Manner::Never),
];

/// Everything that is there to be paid, and some that was paid already.
pub(super) async fn bills(sandbox: &Sandbox) -> anyhow::Result<Vec<Bill>> {
    let state = sandbox.state(Some(NEWEST)).await?;
    let mut bills = Vec::new();
    for session in state["stripe"]["sessions"].as_array().into_iter().flatten() {
        let asked = session["amount_total"].as_u64().unwrap_or(0);
        let found = bill("stripe", &session["id"], asked);
        let topup = session["client_reference_id"].as_str().unwrap_or_default();
        bills.extend(found.map(|bill| Bill { topup: topup.to_owned(), ..bill }));
    }
    for (gateway, name) in [("heleket", "uuid"), ("duitku", "reference")] {
        for order in sandbox.truth(gateway).await?["orders"].as_array().into_iter().flatten() {
            let topup = order["order_id"].as_str().unwrap_or_default();
            let found = bill(gateway, &order[name], 0);
            bills.extend(found.map(|bill| Bill { topup: topup.to_owned(), ..bill }));
        }
    }
    for order in sandbox.truth("btcpay").await?["orders"].as_array().into_iter().flatten() {
        let topup = order["order_id"].as_str().unwrap_or_default();
        for invoice in order["payments"].as_array().into_iter().flatten() {
            let found = bill("btcpay", &invoice["id"], 0);
            bills.extend(found.map(|bill| Bill { topup: topup.to_owned(), ..bill }));
        }
    }
    Ok(bills)
}

fn bill(gateway: &'static str, id: &Value, asked: u64) -> Option<Bill> {
    Some(Bill { gateway, id: id.as_str()?.to_owned(), topup: String::new(), asked })
}

/// One of the gateways.
pub(super) fn gateway(random: &mut Random) -> &'static str {
    random.pick(&GATEWAYS).copied().unwrap_or("stripe")
}

/// What the payer of a bill will do.
pub(super) fn script(bill: &Bill, random: &mut Random) -> Vec<Step> {
    let manner = random.weighted(&MANNERS).unwrap_or(Manner::Plain);
    let mut steps = match bill.gateway {
        "stripe" => stripe(bill, manner, random),
        gateway => others(gateway, manner, random),
    };
    let name = match bill.gateway {
        "stripe" => "session_id",
        "heleket" => "uuid",
        "duitku" => "reference",
        _ => "invoice_id",
    };
    for step in &mut steps {
        step.body[name] = json!(bill.id);
    }
    steps
}

fn stripe(bill: &Bill, manner: Manner, random: &mut Random) -> Vec<Step> {
    let forgeries = ["stale", "tampered", "wrong_secret", "v0_only", "bad_header"];
    let how = match manner {
        Manner::Never => return Vec::new(),
        // A session can be paid once.
        Manner::Plain | Manner::Twice => json!({}),
        Manner::Repeated => json!({ "deliver": "duplicate", "times": random.between(2, 6) }),
        Manner::Silent => json!({ "deliver": "none" }),
        Manner::Forged => json!({ "deliver": random.pick(&forgeries), "times": 2 }),
        Manner::Delayed => json!({ "payment_status": "unpaid" }),
        Manner::Odd => json!({ "amount": bill.asked + 100 * random.between(1, 9) }),
    };
    let mut steps = vec![step(random, 1500, "stripe/pay", how)];
    if let Manner::Delayed = manner {
        steps.push(step(random, 3000, "stripe/pay", json!({})));
    }
    steps
}

fn others(gateway: &str, manner: Manner, random: &mut Random) -> Vec<Step> {
    let path = |act: &str| format!("{gateway}/{act}");
    let is_coins = gateway != "duitku";
    let pay = |how: Value| (path("pay"), how);
    let acts = match manner {
        Manner::Never => Vec::new(),
        Manner::Delayed if is_coins => {
            vec![pay(json!({ "unconfirmed": true })), (path("confirm"), json!({}))]
        }
        Manner::Plain | Manner::Delayed => vec![pay(json!({}))],
        Manner::Repeated => vec![pay(json!({ "deliver": "duplicate" }))],
        Manner::Silent => vec![pay(json!({ "deliver": "none" }))],
        Manner::Forged => {
            let forgeries = ["tampered", "wrong_secret", "unsigned"];
            vec![pay(json!({ "deliver": random.pick(&forgeries) }))]
        }
        Manner::Odd if is_coins && random.chance(50) => vec![pay(json!({ "kind": "over" }))],
        Manner::Odd if is_coins => {
            vec![pay(json!({ "kind": "under" })), (path("expire"), json!({}))]
        }
        Manner::Odd => vec![(path("expire"), json!({})), pay(json!({ "kind": "late" }))],
        Manner::Twice => vec![pay(json!({})), pay(json!({ "kind": "second" }))],
    };
    acts.into_iter().map(|(path, how)| step(random, 2000, &path, how)).collect()
}

fn step(random: &mut Random, most_ms: u64, path: &str, body: Value) -> Step {
    Step { after_ms: random.between(0, most_ms), path: path.to_owned(), body }
}
