//! Every use case, held up at each of its calls while others go on: its lease runs out, reconcilers
//! and other workers finish what it began, and then it continues with what it believed before.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use testkit::{Market, Outcome};

use crate::scenes::{Scene, every_scene};

/// How long it is held up: less than a lease, longer than one and than the patience of all
/// reconcilers, and longer than the life of an order.
const NAPS: [u64; 3] = [10, 70, 300];

/// Where a use case was when it was to be held up.
enum Held {
    /// Between two transactions.
    Up,
    /// Inside of one.
    InTransaction,
    /// At its end.
    Ended,
}

/// Lets `future` make `calls` calls and then sleep, while `others` do their work, which tell
/// whether they could.
async fn held_up<T>(
    calls: usize,
    future: impl Future<Output = T> + Send,
    others: impl Future<Output = Outcome<bool>> + Send,
) -> Outcome<Held> {
    let mut future = pin!(future);
    // The first poll goes up to the door of the first call, each further one does one call.
    let ended = poll_fn(|context| {
        for _ in 0..=calls {
            if future.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
        }
        Poll::Ready(false)
    })
    .await;
    if ended {
        return Ok(Held::Ended);
    }
    let up = others.await?;
    future.await;
    Ok(if up { Held::Up } else { Held::InTransaction })
}

async fn go_on(market: &Market, nap: u64) -> Outcome {
    market.clock.advance_seconds(nap);
    for _ in 0..3 {
        market.reconcile().await?;
    }
    market.check_books().await
}

/// Holds a scene up at every call that is outside of any transaction, for as long as `nap`: a
/// transaction that sleeps is ended by the database.
async fn survives(scene: Scene, nap: u64) -> Outcome<usize> {
    let mut points = 0;
    for calls in 0.. {
        let stage = scene.prepare().await?;
        let market = &stage.market;
        market.chaos.interleave();
        let others = async {
            if market.store.is_locked() {
                return Ok(false);
            }
            go_on(market, nap).await?;
            Ok(true)
        };
        let place = format!("{scene:?}, held up for {nap} s after {calls} calls");
        let told = |error| format!("{place}: {error}");
        match held_up(calls, scene.act(&stage), others).await.map_err(told)? {
            Held::Up => points += 1,
            Held::InTransaction => {}
            Held::Ended => break,
        }
        market.check_books().await.map_err(told)?;
        if scene.is_repeated() {
            scene.act(&stage).await.map_err(told)?;
        }
        market.settle_down().await.map_err(told)?;
        scene.judge(&stage).await.map_err(told)?;
    }
    Ok(points)
}

macro_rules! scenes {
    ($($name:ident => $($scene:ident)+;)+) => {
        $(
            #[tokio::test]
            async fn $name() -> Outcome {
                for scene in [$(Scene::$scene),+] {
                    for nap in NAPS {
                        let points = survives(scene, nap).await?;
                        eprintln!("{scene:?}: held up for {nap} s at {points} points");
                    }
                }
                Ok(())
            }
        )+
    };
}

every_scene!(scenes);
