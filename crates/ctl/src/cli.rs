//! The words of the command line.

mod customer;
mod ledger;
mod token;
mod topup;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::{hooks::MessageId, money::Amount, providers::Protocol};
use infra::postgres::Role;
use runtime::config::{HttpUrl, Raw, Value};

pub use self::token::{IssueToken, RotateToken, Token};
pub use self::topup::{ListTopups, Rate, RefundTopup, ResolveTopup, Topup};
pub use self::{
    customer::{Ban, Compensate, Credit, Customer, Freeze, Measure, Unfreeze},
    ledger::{Adjust, Audit, Ledger, Propose, Settle, Statement, Way},
};
use crate::failure::Exit;

/// Where the settings come from, for `--help`.
const SETTINGS: &str = "Settings:
  They are those of the servers: a TOML file named by --config or SWITCHBOARD_CONFIG, overridden by
  variables such as SWITCHBOARD__DATABASE__URL. Needed are database.url (the owner of the database)
  and secrets.seal_key; ingest.public_url and the gateways' sections where callbacks and payments are
  concerned.";

/// Sets up, corrects and examines a Switchboard installation.
#[derive(Debug, Parser)]
#[command(name = "ctl", version, after_help = format!("{SETTINGS}\n\n{}", Exit::TABLE))]
pub struct Cli {
    /// Settings file; without it `SWITCHBOARD_CONFIG` names the file
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Print the answer as JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// Also log what is going on, to standard error
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the database schema up to date
    Migrate(Migrate),
    /// Customers and their money
    #[command(subcommand)]
    Customer(Customer),
    /// API tokens
    #[command(subcommand)]
    Token(Token),
    /// Those who sell numbers to us
    #[command(subcommand)]
    Provider(Provider),
    /// What is on sale
    #[command(subcommand)]
    Catalog(Catalog),
    /// Customers' payments
    #[command(subcommand)]
    Topup(Topup),
    /// The books
    #[command(subcommand)]
    Ledger(Ledger),
    /// The exchange rate
    #[command(subcommand)]
    Rate(Rate),
    /// The texts of SMS and for how long they can be read
    #[command(subcommand)]
    Privacy(Privacy),
    /// Durable work, and what was given up
    #[command(subcommand)]
    Task(Task),
    /// What customers' own servers are told
    #[command(subcommand)]
    Webhook(Webhook),
    /// Check settings, database, Redis and providers, and say what to do about what is wrong
    Doctor,
}

/// `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Let this database login run all servers, or one of them with =api, =webhook or =worker, or
    /// these tools with =operator (may be repeated)
    #[arg(long, value_name = "LOGIN[=WHAT]", value_parser = grant)]
    pub grant_to: Vec<Grant>,
}

/// A login of the database, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The login.
    pub login: String,
    /// For whom it is.
    pub role: Role,
}

/// Who gave their word for what is done by hand.
#[derive(Debug, Args)]
pub struct Word {
    /// Why; kept for ever
    #[arg(long)]
    pub reason: String,
    /// Who decides; the login name unless given
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
}

/// A customer by address or number.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ByEmailOrId {
    /// The customer's address
    #[arg(long)]
    pub email: Option<String>,
    /// The customer's number
    #[arg(long, alias = "customer", value_name = "N")]
    pub id: Option<i64>,
}

/// `privacy …`.
#[derive(Debug, Subcommand)]
pub enum Privacy {
    /// Show the days whose SMS can be read, and those whose key was dropped
    Keys,
    /// Make the SMS of earlier days unreadable now, and for ever
    Forget {
        /// The first day that stays readable; today at the latest
        #[arg(long, value_name = "YYYY-MM-DD")]
        before: String,
    },
}

/// `provider …`.
#[derive(Debug, Subcommand)]
pub enum Provider {
    /// Add a provider and show the callback address to enter in their settings
    Add(AddProvider),
    /// Show all providers by priority
    List,
    /// Buy numbers from a provider again
    Enable {
        /// Its short name
        #[arg(long)]
        code: String,
    },
    /// Stop buying from a provider; numbers that run with it go on
    Disable {
        /// Its short name
        #[arg(long)]
        code: String,
    },
    /// Book money that we sent to a provider in advance
    Fund {
        /// Its short name
        #[arg(long)]
        code: String,
        /// US dollars, such as 250 or 99.95
        #[arg(long, value_name = "USD", value_parser = dollars)]
        amount: Amount,
        /// Number of the transfer: the same one is booked once
        #[arg(long)]
        reference: String,
        /// Who and why
        #[command(flatten)]
        word: Word,
    },
    /// Call a provider at another address
    SetUrl {
        /// Its short name
        #[arg(long)]
        code: String,
        /// The new address
        #[arg(long, value_parser = address)]
        base_url: String,
    },
}

/// `provider add`.
#[derive(Debug, Args)]
pub struct AddProvider {
    /// Short name: letters, digits, - and _; shown to customers and in metrics
    #[arg(long, value_parser = short_name)]
    pub code: String,
    /// What it speaks
    #[arg(long, value_parser = protocol, value_name = "PROTOCOL", default_value = "sms_activate")]
    pub protocol: Protocol,
    /// Where it is called, such as <https://api.example.com>
    #[arg(long, value_parser = address)]
    pub base_url: String,
    /// Our key there
    #[command(flatten)]
    pub key: ApiKey,
    /// Lower is asked first among equal prices
    #[arg(long, default_value_t = 100)]
    pub priority: i32,
    /// Believe its callbacks without asking it back
    #[arg(long)]
    pub trust_callbacks: bool,
}

/// A key, by value or by file.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ApiKey {
    /// Our key there; other users of this machine may see it while the command runs
    #[arg(long)]
    pub api_key: Option<String>,
    /// File with our key there, - for standard input
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
}

/// `catalog …`.
#[derive(Debug, Subcommand)]
pub enum Catalog {
    /// Read the price lists of all enabled providers now
    Sync,
}

/// `task …`.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Count what waits, runs and lies dead, by kind
    Stats,
    /// Show what was given up, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show one task, dead or alive
    Show {
        /// Its number
        id: i64,
    },
    /// Try again what was given up
    Retry(Intervention),
    /// Delete what was given up: it will never be done
    Discard(Intervention),
}

/// `webhook …`.
#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Show the endpoint of a customer and the latest messages for it
    Show {
        /// Whose endpoint
        #[command(flatten)]
        customer: ByEmailOrId,
    },
    /// Show the latest attempts to reach a customer's server
    Attempts {
        /// Whose server
        #[command(flatten)]
        customer: ByEmailOrId,
        /// At most so many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Send messages again, under the ids they always had
    Replay {
        /// Ids, as `webhook show` shows them
        #[arg(required = true, num_args = 1.., value_parser = message)]
        ids: Vec<MessageId>,
    },
}

fn message(text: &str) -> Result<MessageId, String> {
    MessageId::parse(text).ok_or_else(|| "must be msg_ and 32 hexadecimal digits".to_owned())
}

/// `task retry` and `task discard`.
#[derive(Debug, Args)]
pub struct Intervention {
    /// Numbers of the tasks, as `task list` shows them
    #[arg(required = true, num_args = 1..)]
    pub ids: Vec<i64>,
    /// Why; kept with the decision
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Who decides; the login name unless given
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
}

fn amount(text: &str) -> Result<Amount, String> {
    let units = text.parse().map_err(|_| "must be a whole number of rupiah".to_owned())?;
    Amount::new(units).ok_or_else(|| format!("must be 1 to {}", Amount::MAX))
}

/// Dollars with up to six digits behind the point, in millionths.
fn dollars(text: &str) -> Result<Amount, String> {
    let wrong = || "must be US dollars, such as 99.95".to_owned();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return Err(wrong());
    }
    let micros = format!("{whole}{fraction:0<6}").parse().map_err(|_| wrong())?;
    Amount::new(micros).ok_or_else(wrong)
}

fn grant(text: &str) -> Result<Grant, String> {
    let (login, role) = text.split_once('=').unwrap_or((text, "servers"));
    let role = Role::parse(role);
    let role = role.ok_or_else(|| "must end with =api, =webhook, =worker or =operator".to_owned());
    Ok(Grant { login: login.to_owned(), role: role? })
}

fn address(text: &str) -> Result<String, String> {
    let url = HttpUrl::parse(Raw::Text(text));
    url.map(|url| url.as_str().to_owned()).ok_or_else(|| format!("must be {}", HttpUrl::EXPECTED))
}

fn protocol(text: &str) -> Result<Protocol, String> {
    Protocol::parse(text).ok_or_else(|| "must be sms_activate".to_owned())
}

/// It becomes a label of metrics and a word on command lines.
fn short_name(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if (1..=32).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err("must have 1 to 32 lower-case letters, digits, - and _".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn dollars_become_millionths() {
        for (text, micros) in [("250", 250_000_000), ("99.95", 99_950_000), ("0.000001", 1)] {
            assert_eq!(dollars(text).map(Amount::get), Ok(micros), "{text}");
        }
    }

    #[test]
    fn a_login_without_a_role_runs_all_servers() {
        let login = |text| grant(text).map(|grant| (grant.login, grant.role));
        assert_eq!(login("shop"), Ok(("shop".to_owned(), Role::Servers)));
        assert_eq!(login("hooks=webhook"), Ok(("hooks".to_owned(), Role::Webhook)));
    }

    #[test]
    fn refuses_what_no_command_could_use() {
        for line in [
            "ctl",
            "ctl customer credit --email a@b --id 1 --amount 1 --reason r --approver a",
            "ctl customer credit --amount 1 --reason r --approver a",
            "ctl customer credit --id 1 --amount 0 --reason r --approver a",
            "ctl customer credit --id 1 --amount 1.5 --reason r --approver a",
            "ctl customer credit --id 1 --amount 1 --reason r",
            "ctl ledger adjust propose --id 1 --amount 1 --reason r",
            "ctl ledger adjust approve --reference r",
            "ctl ledger audit --recent --full",
            "ctl ledger settle --gateway nobody --reference r --amount 1 --reason r",
            "ctl provider fund --code a --amount 0 --reference r --reason r",
            "ctl provider fund --code a --amount 1.0000001 --reference r --reason r",
            "ctl provider fund --code a --amount 1. --reference r --reason r",
            "ctl migrate --grant-to login=everything",
            "ctl provider add --code Alpha --base-url http://a --api-key k",
            "ctl provider add --code alpha --base-url ftp://a --api-key k",
            "ctl provider add --code alpha --base-url http://a",
            "ctl provider add --code alpha --base-url http://a --api-key k --protocol morse",
            "ctl customer ban --id 1 --reason r",
            "ctl customer ban --id 1 --until tomorrow --reason r",
            "ctl customer ban --id 1 --until 3d",
            "ctl customer suspend --id 1",
            "ctl token issue --id 1 --scope everything",
            "ctl token issue --id 1 --ip 192.0.2.7/24",
            "ctl token issue --id 1 --expires tomorrow",
            "ctl token rotate",
            "ctl token rotate 1 --grace-hours 721",
            "ctl token revoke",
            "ctl topup show 7",
            "ctl topup start --email a@b --amount 10000 --gateway paypal",
            "ctl topup list",
            "ctl topup list --flagged --email a@b",
            "ctl topup refund 00000000-0000-0000-0000-000000000001 --reason r",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
