use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

use super::{
    bills::{self, Step},
    pool::Scene,
    returns::{self, Payer},
};
use crate::{
    history::{Answer, Call, Outcome},
    random::Random,
};

/// Between two payments that are started.
const PAUSE_MS: (u64, u64) = (100, 500);
/// Between two looks for bills.
const LOOK: Duration = Duration::from_millis(700);
/// How many of a hundred top-ups are started by those who complain.
const COMPLAINTS: u64 = 20;
/// Longer than a command takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Customers who top up through the payment pages.
pub(super) struct Payers {
    scene: Arc<Scene>,
    random: Random,
    seen: HashSet<String>,
    /// Who started a top-up, by its id.
    owners: HashMap<String, Payer>,
    paying: JoinSet<anyhow::Result<()>>,
    looked: Instant,
}

impl Payers {
    pub(super) fn new(scene: Arc<Scene>) -> Self {
        let random = Random::of(scene.seed, "payers");
        let (seen, owners, paying) = (HashSet::new(), HashMap::new(), JoinSet::new());
        Self { scene, random, seen, owners, paying, looked: Instant::now() }
    }

    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let pause = Duration::from_millis(self.random.between(PAUSE_MS.0, PAUSE_MS.1));
            if !self.scene.pause(pause).await {
                break;
            }
            self.start().await?;
            if self.looked.elapsed() >= LOOK {
                self.looked = Instant::now();
                self.pay_what_is_open().await?;
            }
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
        let scene = &*self.scene;
        let (system, history) = (&scene.system, &scene.history);
        let complains = self.random.chance(COMPLAINTS);
        let able: Vec<_> = system.customers.iter().filter(|it| it.complains == complains).collect();
        let Some(customer) = self.random.pick(&able).copied() else { return Ok(()) };
        let amount = i64::try_from(self.random.between(1, 20) * 10_000)?;
        // Cards only can be charged back.
        let drawn = bills::gateway(&mut self.random);
        let gateway = if complains { "stripe" } else { drawn };
        let dies = self.random.chance(8);
        let limit =
            if dies { Duration::from_millis(self.random.between(20, 400)) } else { PATIENCE };
        let call = Call::Topup { amount, gateway: gateway.to_owned() };
        let number = history.invoke(customer.id, "ctl", call)?;
        let amount = amount.to_string();
        let words = ["topup", "start", "--email", &customer.email, "--amount", &amount];
        let words = [&words[..], &["--gateway", gateway]].concat();
        let done = system.ctl.try_run(&words, limit).await?;
        let shown: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        let mut answer = Answer::unknown();
        if let Some(topup) = shown["id"].as_str().filter(|_| done.code == Some(0)) {
            answer.outcome = Outcome::Ok;
            topup.clone_into(&mut answer.topup);
            let payer = Payer { id: customer.id, complains };
            self.owners.insert(topup.to_owned(), payer);
        } else {
            answer.code = done.code.map_or_else(String::new, |code| format!("exit {code}"));
        }
        history.answer(number, answer)
    }

    /// The payment page shows a bill whether or not we heard of its making.
    async fn pay_what_is_open(&mut self) -> anyhow::Result<()> {
        for bill in bills::bills(&self.scene.system.sandbox).await? {
            if self.seen.insert(bill.id.clone()) {
                let purpose = format!("payment of {}", bill.id);
                let mut random = Random::of(self.scene.seed, &purpose);
                let script = bills::script(&bill, &mut random);
                let scene = Arc::clone(&self.scene);
                let payer = self.owners.get(&bill.topup).copied();
                self.paying.spawn(async move {
                    pay(&scene, script).await?;
                    match payer {
                        Some(payer) => returns::after(&scene, &bill, payer, random).await,
                        None => Ok(()),
                    }
                });
            }
        }
        Ok(())
    }
}

/// Does one step after the other; once begun, a payment is brought to its end.
async fn pay(scene: &Scene, script: Vec<Step>) -> anyhow::Result<()> {
    for Step { after_ms, path, body } in script {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        // Refused when the bill is over.
        scene.system.sandbox.try_control(&path, body).await?;
    }
    Ok(())
}
