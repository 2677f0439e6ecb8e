use std::{collections::HashSet, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::pool::Scene;
use crate::{
    history::{Answer, Call, Outcome},
    random::Random,
};

/// Between two payments that are started.
const PAUSE_MS: (u64, u64) = (150, 700);
/// More sessions than are made between two looks.
const NEWEST: u32 = 30;
/// Longer than a command takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How somebody pays.
#[derive(Clone, Copy)]
enum Manner {
    Plain,
    /// The notification comes several times at once.
    Repeated,
    /// It comes late.
    Late,
    /// Forged ones come first.
    Forged,
    /// The money comes later than the order.
    Delayed,
    /// Another amount than was asked for.
    Odd,
    Never,
}

const MANNERS: [(u64, Manner); 7] = [
    (62, Manner::Plain),
    (12, Manner::Repeated),
    (7, Manner::Late),
    (7, Manner::Forged),
    (5, Manner::Delayed),
    (3, Manner::Odd),
    (4, Manner::Never),
];

/// Customers who top up through the payment page.
pub(super) struct Payers {
    scene: Arc<Scene>,
    random: Random,
    seen: HashSet<String>,
    paying: JoinSet<anyhow::Result<()>>,
}

impl Payers {
    pub(super) fn new(scene: Arc<Scene>) -> Self {
        let random = Random::of(scene.seed, "payers");
        Self { scene, random, seen: HashSet::new(), paying: JoinSet::new() }
    }

    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let pause = Duration::from_millis(self.random.between(PAUSE_MS.0, PAUSE_MS.1));
            if !self.scene.pause(pause).await {
                break;
            }
            self.start().await?;
            self.pay_what_is_open().await?;
            while let Some(paid) = self.paying.try_join_next() {
                paid??;
            }
        }
        while let Some(paid) = self.paying.join_next().await {
            paid??;
        }
        Ok(())
    }

    /// Starts a payment. Some commands die in the middle.
    async fn start(&mut self) -> anyhow::Result<()> {
        let Scene { system, history, .. } = &*self.scene;
        let Some(customer) = self.random.pick(&system.customers) else { return Ok(()) };
        let amount = i64::try_from(self.random.between(1, 20) * 10_000)?;
        let dies = self.random.chance(8);
        let limit =
            if dies { Duration::from_millis(self.random.between(20, 400)) } else { PATIENCE };
        let number = history.invoke(customer.id, "ctl", Call::Topup { amount })?;
        let words = amount.to_string();
        let words = ["topup", "start", "--email", &customer.email, "--amount", &words];
        let done = system.ctl.try_run(&words, limit).await?;
        let shown: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        let mut answer = Answer::unknown();
        if let Some(topup) = shown["id"].as_str().filter(|_| done.code == Some(0)) {
            answer.outcome = Outcome::Ok;
            topup.clone_into(&mut answer.topup);
        } else {
            answer.code = done.code.map_or_else(String::new, |code| format!("exit {code}"));
        }
        history.answer(number, answer)
    }

    /// The payment page shows a session whether or not we heard of its making.
    async fn pay_what_is_open(&mut self) -> anyhow::Result<()> {
        let state = self.scene.system.sandbox.state(Some(NEWEST)).await?;
        let sessions = state["stripe"]["sessions"].as_array();
        for session in sessions.into_iter().flatten() {
            let Some(id) = session["id"].as_str().filter(|_| session["status"] == "open") else {
                continue;
            };
            if !self.seen.insert(id.to_owned()) {
                continue;
            }
            let mut random = Random::of(self.scene.seed, &format!("payment of {id}"));
            let manner = random.weighted(&MANNERS).unwrap_or(Manner::Plain);
            let asked = session["amount_total"].as_u64().unwrap_or(0);
            let (scene, id) = (Arc::clone(&self.scene), id.to_owned());
            self.paying.spawn(async move { pay(&scene, &id, (manner, asked), random).await });
        }
        Ok(())
    }
}

async fn pay(
    scene: &Scene,
    session: &str,
    (manner, asked): (Manner, u64),
    mut random: Random,
) -> anyhow::Result<()> {
    let sandbox = &scene.system.sandbox;
    scene.pause(Duration::from_millis(random.between(0, 1500))).await;
    let how = match manner {
        Manner::Never => return Ok(()),
        Manner::Plain => json!({}),
        Manner::Repeated => json!({ "deliver": "duplicate", "times": random.between(2, 6) }),
        Manner::Late => json!({ "deliver": "none" }),
        Manner::Forged => {
            let forgeries = ["stale", "tampered", "wrong_secret", "v0_only", "bad_header"];
            json!({ "deliver": random.pick(&forgeries), "times": 2 })
        }
        Manner::Delayed => json!({ "payment_status": "unpaid" }),
        Manner::Odd => json!({ "amount": asked + 100 * random.between(1, 9) }),
    };
    let Some(event) = control(scene, "stripe/pay", session, how).await? else { return Ok(()) };
    match manner {
        Manner::Late | Manner::Forged => {
            scene.pause(Duration::from_millis(random.between(200, 3000))).await;
            let again = json!({ "event_id": event, "deliver": "fresh", "times": 2 });
            sandbox.control("stripe/redeliver", again).await?;
        }
        Manner::Delayed => {
            scene.pause(Duration::from_millis(random.between(200, 3000))).await;
            control(scene, "stripe/pay", session, json!({})).await?;
        }
        _ => {}
    }
    Ok(())
}

/// The event that tells of a payment; nothing when the session is over.
async fn control(
    scene: &Scene,
    path: &str,
    session: &str,
    mut how: Value,
) -> anyhow::Result<Option<String>> {
    how["session_id"] = json!(session);
    let (_, answer) = scene.system.sandbox.try_control(path, how).await?;
    Ok(answer["event_id"].as_str().map(str::to_owned))
}
