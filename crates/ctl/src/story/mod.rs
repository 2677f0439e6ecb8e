//! The demo: plays a customer, a payer and a sender of SMS against the running local stack, and
//! tells what happens.
//!
//! It sees what a customer sees, the public API and its event stream; the sandbox's control API
//! plays the outside world. Every wait has a limit, so that a broken stack ends in an error.

mod api;
mod delivery;
mod events;
mod failover;
mod money;
mod refund;
mod stage;

use std::{io::Write as _, process::ExitCode, time::Duration};

use anyhow::{Context as _, ensure};
use clap::Parser;
use runtime::config::{self, Keys, Orders, Section, Source};

use self::{events::Events, stage::Stage};
use crate::{Config, Exit, Failure, wiring::Backends};

/// Plays the demo against the running local stack.
#[derive(Debug, Parser)]
#[command(name = "story", version)]
struct Arguments {
    /// Where the API answers
    #[arg(long)]
    api_url: String,
    /// Where the sandbox answers
    #[arg(long)]
    sandbox_url: String,
}

/// The longest life of an order that an audience waits for.
const LONGEST_LIFE: Duration = Duration::from_mins(2);

struct StoryConfig {
    tools: Config,
    orders: Orders,
}

impl Section for StoryConfig {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self { tools: Config::read(keys), orders: keys.section("orders") }
    }
}

/// The whole `main`.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let played = match threads {
        Ok(threads) => threads.block_on(prepare_and_play(&arguments)),
        Err(error) => Err(error.into()),
    };
    match played {
        Ok(()) => Exit::Ok.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "\nthe story broke off: {error:#}");
            Exit::Failed.into()
        }
    }
}

async fn prepare_and_play(arguments: &Arguments) -> anyhow::Result<()> {
    let source = Source::from_process(None).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let loaded = config::load::<StoryConfig>(&source);
    let config = loaded.map_err(|faults| anyhow::anyhow!("{faults}"))?.config;
    ensure!(
        config.orders.lifetime <= LONGEST_LIFE,
        "an order lives {} s here, which nobody watches; start the story by `make demo`, which \
         sets short times",
        config.orders.lifetime.as_secs()
    );
    let backends = Backends::connect(config.tools).map_err(unwrapped)?;
    let stage = Stage::new(backends.desk, arguments, config.orders)?;
    play(stage).await
}

async fn play(mut stage: Stage) -> anyhow::Result<()> {
    stage.set().await.context("the sandbox does not answer")?;
    let customer = money::register(&mut stage).await.context("registering")?;
    money::top_up(&stage, customer).await.context("topping up")?;
    let product = api::browse(&stage).await.context("browsing")?;
    let mut events = Events::open(&stage).await.context("opening the event stream")?;

    let silent = refund::buy_in_vain(&stage, &product).await.context("buying in vain")?;
    let spent = delivery::buy_and_receive(&stage, &mut events, &product).await;
    let spent = spent.context("receiving")?;
    let spare = failover::buy_elsewhere(&stage, &product).await.context("failing over")?;
    refund::cancel(&stage, &mut events, &spare).await.context("canceling")?;
    refund::expire(&stage, &mut events, &silent).await.context("waiting for the refund")?;
    money::audit(&stage, spent).await.context("auditing the books")?;
    stage.close()
}

fn unwrapped(failure: Failure) -> anyhow::Error {
    failure.error
}
