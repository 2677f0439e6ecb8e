//! Random markets in which purchases get lost: whoever was sold a number keeps it, and nobody waits
//! for ever.

use std::{future::Future, pin::Pin, time::Duration};

use domain::{
    orders::{
        Status,
        place::{PlaceError, Placed},
        settle::SettleReserving,
    },
    time::{Clock, Timestamp},
};
use testkit::{Dice, Market, Outcome, Sale};

use crate::support::stop_after;

const MARKETS: u64 = 60;
const MOMENTS: u32 = 80;
/// Below the patience of settling, as the deadline of a call to a provider is.
const SLOWEST_SECONDS: u64 = 25;

type Purchase<'a> = Pin<Box<dyn Future<Output = Result<Placed, PlaceError>> + Send + 'a>>;

/// A purchase whose number is sold and not stored yet, and until when it is.
type UnderWay<'a> = (Timestamp, Purchase<'a>);

/// Two workers, of which each may be replaced by one that remembers nothing.
struct Workers([SettleReserving; 2]);

impl Workers {
    async fn settle(&mut self, market: &Market, dice: &mut Dice) -> Outcome {
        let [one, other] = &mut self.0;
        let worker = if dice.happens(700) { one } else { other };
        if dice.happens(50) {
            *worker = market.settle_elsewhere();
        }
        worker.run_once().await?;
        Ok(())
    }
}

async fn lose(market: &Market, sale: Sale) -> Outcome {
    market.cheap.adapter.then_sale(sale);
    match market.buy().await {
        Err(_) => Ok(()),
        Ok(order) => Err(format!("order {} was not lost", order.id).into()),
    }
}

async fn finish(purchase: Purchase<'_>) -> Outcome {
    match purchase.await {
        Ok(placed) if placed.orders.len() == 1 => Ok(()),
        other => Err(format!("a number was taken from a purchase under way: {other:?}").into()),
    }
}

/// One purchase more, or the end of one.
async fn trade<'a>(
    market: &'a Market,
    dice: &mut Dice,
    under_way: &mut Vec<UnderWay<'a>>,
) -> Outcome {
    match dice.below(10) {
        0 | 1 => lose(market, Sale::AnswerLost).await,
        2 | 3 => lose(market, Sale::RequestLost).await,
        4..8 => {
            let place = market.place_orders();
            let command = market.command(1, None);
            let purchase = async move { place.execute(command).await };
            let rest = stop_after(market, "acquire", purchase).await?;
            let slow = u64::from(dice.below(u32::try_from(SLOWEST_SECONDS)?));
            let until = market.clock.now() + Duration::from_secs(slow);
            under_way.push((until, rest));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Each number has an owner, or may still get one; orders without a number wait for a while only.
async fn judge(market: &Market) -> Outcome {
    let now = market.clock.now();
    let patience = Market::PATIENCE.settle_after;
    for order in market.store.all_orders().await {
        // Stuck, until somebody looks, and then until the numbers of others are accounted for.
        let longest = patience * 2 + Duration::from_mins(2);
        let waits = order.attempted_at().is_some_and(|asked| asked + longest < now);
        if waits {
            return Err(format!("order {} still waits", order.id).into());
        }
    }
    Ok(())
}

async fn live(seed: u64) -> Outcome<usize> {
    let market = Market::new().await?.funded(1_000_000).await?;
    let mut dice = Dice::new(seed);
    let mut workers = Workers([market.settle_elsewhere(), market.settle_elsewhere()]);
    let mut under_way: Vec<UnderWay<'_>> = Vec::new();
    for _ in 0..MOMENTS {
        for _ in 0..dice.below(3) {
            trade(&market, &mut dice, &mut under_way).await?;
        }
        market.clock.advance_seconds(u64::from(dice.below(8)));
        let now = market.clock.now();
        let (over, rest): (Vec<_>, Vec<_>) =
            under_way.into_iter().partition(|(until, _)| *until <= now);
        under_way = rest;
        for (_, purchase) in over {
            finish(purchase).await?;
        }
        if dice.happens(400) {
            workers.settle(&market, &mut dice).await?;
        }
        judge(&market).await?;
    }
    for (_, purchase) in under_way {
        finish(purchase).await?;
    }
    for _ in 0..8 {
        market.clock.advance_seconds(10);
        workers.settle(&market, &mut dice).await?;
    }
    let orders = market.store.all_orders().await;
    let bought = orders.iter().filter(|order| order.lease().is_some()).count();
    let sold = market.cheap.adapter.sold();
    if bought != sold.len() || sold.iter().any(|sold| sold.canceled) {
        return Err(format!("{} numbers were sold, {bought} are owned", sold.len()).into());
    }
    match orders.iter().find(|order| order.status() == Status::Reserving) {
        Some(order) => Err(format!("order {} still waits", order.id).into()),
        None => Ok(bought),
    }
}

#[tokio::test]
async fn every_number_sold_is_owned_in_the_end() -> Outcome {
    let mut owned = 0;
    for seed in 0..MARKETS {
        owned += live(seed).await.map_err(|error| format!("seed {seed}: {error}"))?;
    }
    eprintln!("{owned} numbers of {MARKETS} markets");
    Ok(())
}
