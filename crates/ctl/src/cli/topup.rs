use clap::{Args, Subcommand};
use domain::{ledger::Gateway, money::Amount};
use uuid::Uuid;

use super::amount;

/// `topup …`.
#[derive(Debug, Subcommand)]
pub enum Topup {
    /// Start a payment and show the page on which the customer pays
    Start {
        /// The customer's address
        #[arg(long)]
        email: String,
        /// Whole rupiah
        #[arg(long, value_name = "IDR", value_parser = amount)]
        amount: Amount,
        /// Who takes the payment; needed when several are set up
        #[arg(long, value_parser = gateway, value_name = "GATEWAY")]
        gateway: Option<Gateway>,
    },
    /// Show where a payment stands, and everything that was booked of it
    Show {
        /// Its number, as `topup start` showed it
        id: Uuid,
    },
    /// Show payments, newest first
    List(ListTopups),
    /// Ask the gateway now and show what it says; the task worker books what is new
    Confirm {
        /// Its number
        id: Uuid,
    },
    /// Take a payment from the customer and have the gateway send it back
    Refund(RefundTopup),
    /// Take the flag off a payment that was dealt with
    Resolve(ResolveTopup),
}

/// `topup list`.
#[derive(Debug, Args)]
pub struct ListTopups {
    /// Whose or which
    #[command(flatten)]
    pub which: Which,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// One customer's payments, or those that want an operator.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Payments an operator should look at
    #[arg(long)]
    pub flagged: bool,
    /// Payments of the customer with this address
    #[arg(long)]
    pub email: Option<String>,
}

/// `topup refund`.
#[derive(Debug, Args)]
pub struct RefundTopup {
    /// Its number
    pub id: Uuid,
    /// Whole rupiah to take from the customer; all that is left unless given
    #[arg(long, value_name = "IDR", value_parser = amount)]
    pub amount: Option<Amount>,
    /// Who orders it; the login name unless given
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Who agrees; somebody else
    #[arg(long, value_name = "NAME")]
    pub approver: String,
    /// Why; kept with the refund
    #[arg(long)]
    pub reason: String,
}

/// `topup resolve`.
#[derive(Debug, Args)]
pub struct ResolveTopup {
    /// Its number
    pub id: Uuid,
    /// Who dealt with it; the login name unless given
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// What was done; kept with the payment
    #[arg(long)]
    pub note: String,
}

/// `rate …`.
#[derive(Debug, Subcommand)]
pub enum Rate {
    /// Show what a dollar costs now, and where that is from
    Show,
}

fn gateway(text: &str) -> Result<Gateway, String> {
    let names = Gateway::ALL.map(Gateway::code).join(", ");
    Gateway::parse(text).ok_or_else(|| format!("must be one of {names}"))
}
