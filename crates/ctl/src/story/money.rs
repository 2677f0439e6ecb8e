use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::{
    identity::register::{AddCustomer, IssueToken},
    ids::UserId,
    ledger::Gateway,
    money::Amount,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::stage::{Stage, rupiah};
use crate::{commands::start_topup, story::unwrapped};

const PAID: i64 = 100_000;
/// A signed notification takes milliseconds; a machine that is busy building takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Balances have no events, so they are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Adds the customer and lets them in.
pub(super) async fn register(stage: &mut Stage) -> anyhow::Result<UserId> {
    let desk = &stage.desk;
    let email = format!("story-{}@example.com", desk.ids.uuid().simple());
    let add = AddCustomer::new(desk.store.clone(), desk.hasher.clone(), desk.clock.clone());
    let id = add.execute(&email, None).await?;
    let issue = IssueToken::new(desk.store.clone(), desk.mint.clone(), desk.clock.clone());
    let token = issue.execute(id, "story").await?;
    stage.enter(token.secret);
    stage.tell(&format!("customer {id} registers and gets an API token")).await?;
    Ok(id)
}

/// Pays in, which the gateway reports by a signed webhook.
pub(super) async fn top_up(stage: &Stage, user: UserId) -> anyhow::Result<()> {
    let amount = Amount::new(PAID).context("not an amount")?;
    let topup =
        start_topup(&stage.desk, user, amount, Some(Gateway::Stripe)).await.map_err(unwrapped)?;
    let session = topup.payment_id.context("the gateway opened no page")?;
    stage.tell(&format!("starts to pay in {} and gets a page to pay on", rupiah(PAID))).await?;
    let paid = stage.sandbox.post("/control/stripe/pay", &json!({ "session_id": session })).await?;
    let answered = paid.pointer("/deliveries/0/status").and_then(Value::as_i64);
    ensure!(answered == Some(200), "our webhook answered {paid}");
    let deadline = Instant::now() + PATIENCE;
    while stage.balance().await? != PAID {
        ensure!(Instant::now() < deadline, "the payment was not credited in {PATIENCE:?}");
        sleep(LOOK_EVERY).await;
    }
    stage.tell("pays; the gateway's signed webhook arrives and the money is credited").await
}

/// Proves the books: only what was delivered cost money.
pub(super) async fn audit(stage: &Stage, spent: i64) -> anyhow::Result<()> {
    let left = stage.balance().await?;
    ensure!(left == PAID - spent, "{left} IDR are left of {PAID}, of which {spent} were spent");
    let report = stage.desk.ledger.audit().await?;
    ensure!(report.is_clean(), "the books do not hold: {:?}", report.findings);
    let size = report.transfers;
    stage.tell(&format!("the books are audited: {size} movements, every account adds up")).await
}
