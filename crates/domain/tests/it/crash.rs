//! Every use case, disturbed at each of its calls in every way; then time heals all.

use std::time::Duration;

use testkit::{Blow, Moment, Outcome, until_crash};

use crate::scenes::{Scene, every_scene};

/// Longer than any lease and any patience, shorter than the life of an order.
const LONG: Duration = Duration::from_secs(65);

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

/// Kills whoever acts after one call, and then whoever finds what is left after another one. False
/// when the second one made fewer calls.
async fn kill_twice(scene: Scene, first: usize, second: usize) -> Outcome<bool> {
    let stage = scene.prepare().await?;
    let market = &stage.market;
    market.chaos.strike(first, Moment::After, Blow::Crash);
    let _ = until_crash(&market.chaos, scene.act(&stage)).await;
    market.chaos.calm();
    market.clock.advance(LONG);
    market.chaos.strike(second, Moment::After, Blow::Crash);
    let _ = until_crash(&market.chaos, market.reconcile()).await;
    let struck = !market.chaos.is_pending();
    market.chaos.calm();
    market.check_books().await?;
    if scene.is_repeated() {
        scene.act(&stage).await?;
    }
    market.settle_down().await?;
    scene.judge(&stage).await?;
    Ok(struck)
}

async fn survives_twice(scene: Scene) -> Outcome {
    let stage = scene.prepare().await?;
    let _ = scene.act(&stage).await;
    let calls = stage.market.chaos.calls().len();
    let mut pairs = 0;
    for first in 0..calls {
        for second in 0.. {
            let struck = kill_twice(scene, first, second).await;
            let place = format!("{scene:?}, killed after call {first} and call {second}");
            if !struck.map_err(|error| format!("{place}: {error}"))? {
                break;
            }
            pairs += 1;
        }
    }
    eprintln!("{scene:?}: killed twice in {pairs} ways");
    Ok(())
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
    eprintln!(
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

        mod twice {
            use super::{Outcome, Scene, survives_twice};

            $(
                #[tokio::test]
                #[ignore = "takes minutes; for runs by hand"]
                async fn $name() -> Outcome {
                    for scene in [$(Scene::$scene),+] {
                        survives_twice(scene).await?;
                    }
                    Ok(())
                }
            )+
        }
    };
}

every_scene!(scenes);
