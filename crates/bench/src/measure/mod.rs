//! The measurements, in the order in which they are taken.

mod books;
mod counting;
mod footprint;
mod live;
mod machine;
mod pairs;
mod reads;
mod shop;
mod start;

use std::time::Duration;

pub(crate) use self::{
    books::Books,
    counting::Counted,
    footprint::Footprint,
    live::{Heard, Series},
    machine::{Machine, commit, date},
    pairs::{Measured, Pairs},
    reads::{Read, Reads},
    start::Starts,
};
use self::{footprint::Sizes, shop::Shop};
use crate::{
    cli::Cli,
    load::Rate,
    stack::{Ground, Servers},
};

/// Everything that came out.
pub(crate) struct Findings {
    pub(crate) machine: Machine,
    pub(crate) starts: Starts,
    pub(crate) purchase: Pairs,
    pub(crate) hot: Pairs,
    /// What enforcement costs: pgbench on this release's schema beside that of the one before.
    pub(crate) enforced: Pairs,
    pub(crate) enforced_hot: Pairs,
    pub(crate) reads: Reads,
    /// How soon customers hear of a code.
    pub(crate) heard: Heard,
    /// Purchases at a fixed rate.
    pub(crate) paced: Rate,
    pub(crate) footprints: Vec<Footprint>,
    pub(crate) counted: Counted,
    pub(crate) books: Books,
}

/// How long everything runs once before anything counts.
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) async fn all(cli: &Cli, ground: &Ground<'_>) -> anyhow::Result<Findings> {
    let machine = Machine::look(ground).await?;
    say(&format!("starting api-server {} times ...", cli.starts));
    let starts = Starts::measure(ground, cli.starts).await?;
    let servers = Servers::start(ground).await?;
    let mut sizes = Sizes::idle(ground, &servers)?;
    let shop = Shop::open(cli, ground, &servers).await?;
    say("warming up ...");
    shop.warm_up(WARM_UP).await?;

    say(&format!("purchases beside pgbench, {} rounds ...", cli.rounds));
    let purchase = Pairs::measure(&shop, Customers::All, &mut sizes).await?;
    say("the same on one account ...");
    let hot = Pairs::measure(&shop, Customers::One, &mut sizes).await?;
    say("pgbench before and after enforcement ...");
    let enforced = Pairs::of_schemas(&shop, Customers::All).await?;
    let enforced_hot = Pairs::of_schemas(&shop, Customers::One).await?;
    say("reads ...");
    let reads = Reads::measure(&shop).await?;
    say(&format!("{} purchases a second ...", cli.rate));
    let paced = shop.paced(cli.rate).await?;
    let footprints = sizes.finish()?;
    say("from callbacks to customers ...");
    let heard = Heard::measure(&shop, &servers).await?;
    servers.stop().await?;

    say("counting what one purchase costs ...");
    let counted = Counted::measure(cli, ground, &shop).await?;
    say("checking the books ...");
    let books = Books::check(ground, shop.totals()).await?;
    Ok(Findings {
        machine,
        starts,
        purchase,
        hot,
        enforced,
        enforced_hot,
        reads,
        heard,
        paced,
        footprints,
        counted,
        books,
    })
}

/// Who buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Customers {
    All,
    /// Always the same one, as a reseller's server would.
    One,
}

pub(crate) fn say(message: &str) {
    eprintln!("bench: {message}");
}
