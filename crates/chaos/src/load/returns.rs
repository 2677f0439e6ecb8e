//! What becomes of payments afterwards: operators send them back, or somebody at the gateway does,
//! or the bank of the payer takes them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{bills::Bill, payers::PATIENCE, pool::Scene};
use crate::{
    history::{Answer, Call, Outcome},
    random::Random,
};

/// How often an operator tries to send back what is not there yet.
const TRIES: u32 = 6;

/// Who started a top-up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payer {
    pub(super) id: i64,
    pub(super) complains: bool,
}

#[derive(Clone, Copy)]
enum Way {
    Kept,
    /// Ordered by an operator of ours.
    Here,
    /// By somebody at the gateway.
    There,
    Disputed,
}

const USUAL: [(u64, Way); 3] = [(60, Way::Kept), (25, Way::Here), (15, Way::There)];
/// Where operators cannot give back what they do not give back at the gateway.
const MANUAL: [(u64, Way); 2] = [(60, Way::Kept), (40, Way::There)];
const COMPLAINING: [(u64, Way); 4] =
    [(15, Way::Kept), (15, Way::Here), (10, Way::There), (60, Way::Disputed)];

/// Where the payer fetches what operators give back; that tells nobody.
const CLAIMED: [(u64, Way); 2] = [(60, Way::Kept), (40, Way::Here)];

/// Lets one thing happen to a paid bill, or nothing. Refused where nothing was paid.
pub(super) async fn after(
    scene: &Scene,
    bill: &Bill,
    payer: Payer,
    random: Random,
) -> anyhow::Result<()> {
    let ways: &[(u64, Way)] = match bill.gateway {
        "stripe" if payer.complains => &COMPLAINING,
        "stripe" => &USUAL,
        "heleket" => &MANUAL,
        "btcpay" => &CLAIMED,
        _ => return Ok(()),
    };
    let mut matter = Matter { scene, bill, payer, random };
    match matter.random.weighted(ways).unwrap_or(Way::Kept) {
        Way::Kept => Ok(()),
        Way::Here => matter.refund_here().await,
        Way::There if bill.gateway == "heleket" => matter.refund_coins().await,
        Way::There => matter.refund_there().await,
        Way::Disputed => matter.dispute().await,
    }
}

struct Matter<'a> {
    scene: &'a Scene,
    bill: &'a Bill,
    payer: Payer,
    random: Random,
}

impl Matter<'_> {
    /// All of it, or where that is exact a part and then the rest.
    async fn refund_here(&mut self) -> anyhow::Result<()> {
        self.pass(500, 3000).await;
        // Parts of dollars are sent in whole cents, which is less than was taken for them.
        if self.bill.gateway == "stripe" && self.random.chance(50) {
            let part = self.part();
            self.order(Some(part)).await?;
            self.pass(0, 1500).await;
        }
        self.order(None).await
    }

    /// Tries until it is not refused: the payment may not have been heard of yet.
    async fn order(&mut self, amount: Option<i64>) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            if self.order_once(amount).await? != Outcome::Fail {
                break;
            }
            self.pass(300, 900).await;
        }
        Ok(())
    }

    async fn order_once(&mut self, amount: Option<i64>) -> anyhow::Result<Outcome> {
        let (system, history) = (&self.scene.system, &self.scene.history);
        let topup = self.bill.topup.clone();
        // Some commands die in the middle.
        let dies = self.random.chance(10);
        let limit =
            if dies { Duration::from_millis(self.random.between(20, 300)) } else { PATIENCE };
        let call = Call::Refund { topup: topup.clone(), amount };
        let number = history.invoke(self.payer.id, "ctl", call)?;
        let amount = amount.map(|amount| amount.to_string());
        let mut words = vec!["topup", "refund", &topup, "--operator", "chaos"];
        words.extend(["--approver", "somebody else", "--reason", "asked for"]);
        words.extend(amount.iter().flat_map(|amount| ["--amount", amount]));
        let done = system.ctl.try_run(&words, limit).await?;
        let shown: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        let mut answer = Answer::unknown();
        if let Some(refund) = shown["id"].as_str().filter(|_| done.code == Some(0)) {
            answer.outcome = Outcome::Ok;
            refund.clone_into(&mut answer.refund);
            answer.taken = shown["amount"].as_i64();
        } else {
            // Refused, as the commands say by these.
            if matches!(done.code, Some(2 | 3)) {
                answer.outcome = Outcome::Fail;
            }
            answer.code = done.code.map_or_else(String::new, |code| format!("exit {code}"));
        }
        let outcome = answer.outcome;
        history.answer(number, answer)?;
        Ok(outcome)
    }

    /// Some of these come back: the payer's bank does not take them.
    async fn refund_there(&mut self) -> anyhow::Result<()> {
        self.pass(300, 3000).await;
        let mut how = json!({ "session_id": self.bill.id });
        if self.random.chance(50) {
            how["amount"] = json!(self.part() * 100);
        }
        let told = self.control("refund", how).await?;
        let Some(refund) = told["refund_id"].as_str().filter(|_| self.random.chance(30)) else {
            return Ok(());
        };
        self.pass(300, 3000).await;
        let how = json!({ "refund_id": refund, "status": "failed" });
        self.control("refund/settle", how).await.map(drop)
    }

    /// All of it, to an address the payer has named; some of these fail.
    async fn refund_coins(&mut self) -> anyhow::Result<()> {
        let ends: &[&str] =
            if self.random.chance(30) { &["refund_fail"] } else { &["refund_paid"] };
        for act in [&["refund"], ends].concat() {
            self.pass(300, 3000).await;
            // What this gateway does not tell, it tells nobody who does not ask: it keeps no list.
            let deliver = self.random.weighted(&[(15, "fresh"), (5, "duplicate")]);
            let how = json!({ "uuid": self.bill.id, "deliver": deliver });
            let path = format!("heleket/{act}");
            self.scene.system.sandbox.try_control(&path, how).await?;
        }
        Ok(())
    }

    async fn dispute(&mut self) -> anyhow::Result<()> {
        self.pass(300, 4000).await;
        let call = Call::Dispute { topup: self.bill.topup.clone() };
        let number = self.scene.history.invoke(self.payer.id, "bank", call)?;
        let told = self.control("dispute", json!({ "session_id": self.bill.id })).await?;
        let dispute = told["dispute_id"].as_str();
        let mut answer = Answer::unknown();
        answer.outcome = if dispute.is_some() { Outcome::Ok } else { Outcome::Fail };
        self.scene.history.answer(number, answer)?;
        let Some(dispute) = dispute else { return Ok(()) };
        let ends: &[&str] = match self.random.below(10) {
            0..=6 => &["won"],
            7..=8 => &["lost"],
            _ => &["lost", "won"],
        };
        for end in ends {
            self.pass(300, 4000).await;
            let how = json!({ "dispute_id": dispute, "status": end });
            self.control("dispute/decide", how).await?;
        }
        Ok(())
    }

    /// Tells the gateway; it may refuse. What it tells us then, it tells well or badly.
    async fn control(&mut self, path: &str, mut how: Value) -> anyhow::Result<Value> {
        let manners =
            [(14, "fresh"), (2, "duplicate"), (2, "none"), (1, "tampered"), (1, "wrong_secret")];
        how["deliver"] = json!(self.random.weighted(&manners));
        let path = format!("stripe/{path}");
        let (_, told) = self.scene.system.sandbox.try_control(&path, how).await?;
        Ok(told)
    }

    /// Some of the bill, in whole rupiah.
    fn part(&mut self) -> i64 {
        let whole = self.bill.asked / 100;
        i64::try_from(self.random.between(1000, whole.saturating_sub(1000).max(1000))).unwrap_or(0)
    }

    async fn pass(&mut self, least_ms: u64, most_ms: u64) {
        let ms = self.random.between(least_ms, most_ms);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
