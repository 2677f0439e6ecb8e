//! Every use case, disturbed at each of its calls in every way; then time heals all.

use testkit::{Blow, Moment, Outcome, until_crash};

use crate::scenes::Scene;

const BLOWS: [(Moment, Blow); 5] = [
    (Moment::Before, Blow::Fail),
    (Moment::After, Blow::Fail),
    (Moment::Before, Blow::Contend),
    (Moment::Before, Blow::Crash),
    (Moment::After, Blow::Crash),
];

/// Disturbs one call of a scene, and lets time heal it.
async fn run(scene: Scene, call: usize, moment: Moment, blow: Blow) -> Outcome {
    let stage = scene.prepare().await?;
    let chaos = &stage.market.chaos;
    chaos.strike(call, moment, blow);
    let _ = until_crash(chaos, scene.act(&stage)).await;
    assert!(!chaos.is_pending(), "the call did not happen");
    chaos.calm();
    stage.market.check_books().await?;
    if scene.is_repeated() {
        scene.act(&stage).await?;
    }
    stage.market.settle_down().await?;
    scene.judge(&stage).await?;
    scene.replay(&stage).await
}

/// Runs a scene undisturbed, then with every blow at every call.
async fn survives(scene: Scene) -> Outcome {
    let stage = scene.prepare().await?;
    let _ = scene.act(&stage).await;
    let calls = stage.market.chaos.calls();
    assert!(calls.len() > 1, "{scene:?} does nothing");
    stage.market.settle_down().await?;
    scene.judge(&stage).await?;
    let mut survived = 0;
    for (call, method) in calls.iter().enumerate() {
        for (moment, blow) in BLOWS {
            let outcome = run(scene, call, moment, blow).await;
            let place = format!("{scene:?}, call {call} ({method}), {blow:?} {moment:?}");
            outcome.map_err(|error| format!("{place}: {error}"))?;
        }
        survived += 1;
    }
    println!(
        "{scene:?}: disturbed at {survived} of {} calls, in {} ways each",
        calls.len(),
        BLOWS.len()
    );
    Ok(())
}

macro_rules! scenes {
    ($($name:ident => $($scene:ident)+;)+) => {
        $(
            #[tokio::test]
            async fn $name() -> Outcome {
                for scene in [$(Scene::$scene),+] {
                    survives(scene).await?;
                }
                Ok(())
            }
        )+
    };
}

scenes! {
    buying => Buy BuyUnheard BuyGarbled;
    buying_many => BuyMany;
    failing_over => BuyAfterRefusal BuyNothing;
    canceling => Cancel CancelDelivered;
    finishing_and_asking_again => Finish Resend;
    receiving => Receive Drain;
    polling => Poll PollEnded;
    expiring => Expire ExpireDelivered;
    settling => Settle SettleUnsold SettleOrphan;
    closing => Close CloseFinished CloseLate;
    paying_in => StartTopup StartCoins RecordNotice ConfirmPayment ConfirmPart ConfirmTask;
    looking_for_payments => PollTopups CatchUp;
    disputing => ConfirmDispute ConfirmWon ConfirmIntoDebt;
    paying_back => OrderRefund SendRefund SendRefundSlowly SendRefundInVain ConfirmRefundBack;
    operating => Resolve Adjust AddCustomer IssueToken SyncCatalog Canary;
}
