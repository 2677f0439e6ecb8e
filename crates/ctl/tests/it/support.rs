//! The commands with fakes behind their ports.

use std::sync::Arc;

use clap::Parser as _;
use ctl::{
    Answer, Desk, Exit, Failure,
    cli::{Cli, Command},
    commands,
};
use domain::catalog::Pricing;
use testkit::{FakeGateways, Market};

/// An operator at the desk of a market.
pub(crate) struct Operator {
    pub(crate) market: Market,
    pub(crate) desk: Desk,
}

impl Operator {
    pub(crate) async fn new() -> Self {
        let market = Market::new().await.unwrap();
        let storage = Arc::new(market.store.clone());
        let desk = Desk {
            store: storage.clone(),
            identity: storage.clone(),
            tokens: storage.clone(),
            token_news: market.token_news.clone(),
            conduct: storage.clone(),
            ledger: storage.clone(),
            upkeep: storage.clone(),
            vault: Arc::new(market.store.clone()),
            orders: storage.clone(),
            topups: storage.clone(),
            directory: storage.clone(),
            catalog: storage.clone(),
            queue: storage.clone(),
            letters: storage.clone(),
            hooks: storage.clone(),
            registry: market.registry.clone(),
            hasher: market.hasher.clone(),
            mint: market.mint.clone(),
            gateways: Arc::new(FakeGateways::new(vec![market.gateway.clone()])),
            rate: Arc::new(market.current_rate()),
            rates: storage.clone(),
            clock: market.clock.clone(),
            ids: market.ids.clone(),
            pricing: Pricing { ..Market::PRICING },
            public_url: Some("https://hooks.example.com".to_owned()),
        };
        Self { market, desk }
    }

    /// Types a command; arguments are separated by blanks.
    pub(crate) async fn types(&self, line: &str) -> Result<Answer, Failure> {
        let cli = Cli::try_parse_from(["ctl"].into_iter().chain(line.split(' '))).unwrap();
        match &cli.command {
            Command::Customer(command) => commands::customer(&self.desk, command).await,
            Command::Token(command) => commands::token(&self.desk, command).await,
            Command::Provider(command) => commands::provider(&self.desk, command).await,
            Command::Catalog(command) => commands::catalog(&self.desk, command).await,
            Command::Topup(command) => commands::topup(&self.desk, command).await,
            Command::Rate(command) => commands::rate(&self.desk, command).await,
            Command::Ledger(command) => commands::ledger(&self.desk, command).await,
            Command::Privacy(command) => commands::privacy(&self.desk, command).await,
            Command::Task(command) => commands::task(&self.desk, command).await,
            Command::Webhook(command) => commands::webhook(&self.desk, command).await,
            Command::Migrate(_) | Command::Doctor => unreachable!("needs a real database"),
        }
    }

    pub(crate) async fn does(&self, line: &str) -> Answer {
        self.types(line).await.unwrap()
    }

    /// The exit code of a command that fails, and what it says.
    pub(crate) async fn fails(&self, line: &str) -> (Exit, String) {
        let failure = self.types(line).await.unwrap_err();
        (failure.exit, failure.to_string())
    }
}
