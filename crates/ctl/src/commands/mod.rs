//! The commands, each group in a file of its own.

mod catalog;
mod customer;
pub(crate) mod doctor;
mod ledger;
mod measure;
mod migrate;
mod privacy;
mod provider;
mod rate;
mod task;
mod token;
mod topup;
mod topup_history;
mod webhook;
mod word;

use std::{env, fs, io::Read as _, path::Path, sync::Arc};

use anyhow::Context as _;
use domain::{
    abuse::ConductQueries,
    catalog::{CatalogRepo, Pricing},
    gateways::GatewayDirectory,
    hooks::HookQueries,
    identity::{Customer, IdentityQueries, PasswordHasher, TokenMint, TokenNews, TokenQueries},
    ids::UserId,
    ledger::{LedgerQueries, LedgerUpkeep, treasury::Treasury},
    orders::OrderQueries,
    privacy::SmsVault,
    providers::{ProviderDirectory, ProviderRegistry},
    rates::{ExchangeRate, RateBook},
    store::Store,
    tasks::{DeadLetters, TaskQueue},
    time::{Clock, IdGen},
    topups::TopupQueries,
};

pub use catalog::catalog;
pub use customer::customer;
pub use ledger::ledger;
pub(crate) use migrate::migrate;
pub use privacy::privacy;
pub use provider::provider;
pub use rate::rate;
pub use task::task;
pub use token::token;
pub use topup::{start_topup, topup};
pub use webhook::webhook;

use crate::{Failure, cli::ByEmailOrId};

/// The ports the commands use.
#[derive(Clone)]
pub struct Desk {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Customers.
    pub identity: Arc<dyn IdentityQueries>,
    /// Tokens, to be looked up.
    pub tokens: Arc<dyn TokenQueries>,
    /// Tells the servers of tokens that end.
    pub token_news: Arc<dyn TokenNews>,
    /// How customers stand.
    pub conduct: Arc<dyn ConductQueries>,
    /// Wallets and the books.
    pub ledger: Arc<dyn LedgerQueries>,
    /// Sums, audits and what should come to an end.
    pub upkeep: Arc<dyn LedgerUpkeep>,
    /// Orders, to be looked up.
    pub orders: Arc<dyn OrderQueries>,
    /// The keys of messages.
    pub vault: Arc<dyn SmsVault>,
    /// Payments.
    pub topups: Arc<dyn TopupQueries>,
    /// Providers.
    pub directory: Arc<dyn ProviderDirectory>,
    /// What is on sale.
    pub catalog: Arc<dyn CatalogRepo>,
    /// Durable work.
    pub queue: Arc<dyn TaskQueue>,
    /// Work that was given up.
    pub letters: Arc<dyn DeadLetters>,
    /// What customers' servers are told.
    pub hooks: Arc<dyn HookQueries>,
    /// Calls providers.
    pub registry: Arc<dyn ProviderRegistry>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Makes tokens.
    pub mint: Arc<dyn TokenMint>,
    /// Those who take payments.
    pub gateways: Arc<dyn GatewayDirectory>,
    /// What a dollar costs.
    pub rate: Arc<dyn ExchangeRate>,
    /// What a dollar cost, as published.
    pub rates: Arc<dyn RateBook>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdGen>,
    /// How costs become prices.
    pub pricing: Pricing,
    /// Where callbacks reach us, where it is set up.
    pub public_url: Option<String>,
}

impl Desk {
    /// Bookings by hand.
    fn treasury(&self) -> Treasury {
        Treasury::new(self.store.clone(), self.orders.clone())
    }

    /// The customer that a command names; a number is taken as it is.
    async fn customer(&self, by: &ByEmailOrId) -> Result<UserId, Failure> {
        match (by.id, &by.email) {
            (Some(id), _) => Ok(UserId::new(id)),
            (None, Some(email)) => self.by_email(email).await,
            (None, None) => Err(Failure::usage(anyhow::anyhow!("give --email or --id"))),
        }
    }

    async fn by_email(&self, email: &str) -> Result<UserId, Failure> {
        Ok(self.look_up(email).await?.id)
    }

    async fn look_up(&self, email: &str) -> Result<Customer, Failure> {
        let found = self.identity.by_email(&email.trim().to_lowercase()).await?;
        found.ok_or_else(|| Failure::conflict(format_args!("there is no customer {email}")))
    }
}

/// Who decides: the one who was named, or whoever is logged in.
fn operator(named: Option<&str>) -> Result<String, Failure> {
    let login = || env::var_os("USER").or_else(|| env::var_os("LOGNAME"))?.into_string().ok();
    let name = named.map(str::to_owned).or_else(login).filter(|name| !name.trim().is_empty());
    name.ok_or_else(|| {
        Failure::usage(anyhow::anyhow!("who decides? the login name is not known, give --operator"))
    })
}

/// The text in a file, `-` for standard input, without the line end that editors leave.
fn read_secret(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("cannot read {}", path.display()));
    let text = text.map_err(Failure::usage)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
