use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::money::Amount;

use super::{
    ByEmailOrId, Word, amount,
    token::{Expiry, ending},
};

/// `customer …`.
#[derive(Debug, Subcommand)]
pub enum Customer {
    /// Add a customer with an empty wallet
    Add {
        /// Address, which nobody else may have
        #[arg(long)]
        email: String,
        /// File with the password, - for standard input; without one only tokens give access
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Show a customer, what their wallet holds, and why they may not buy if so
    Show {
        /// Address
        #[arg(long)]
        email: String,
    },
    /// Give a customer money, on the word of two people
    Credit(Credit),
    /// Give back what an order earned, in part or whole
    Compensate(Compensate),
    /// Stop a customer's purchases; money still comes in and running orders end as usual
    Freeze(Freeze),
    /// Let a customer buy again
    Unfreeze(Unfreeze),
    /// Let a customer buy nothing for a while; they can look, cancel and finish meanwhile
    Ban(Ban),
    /// Lift a ban, also one of the abuse guard, and forgive what led to it
    Unban(Measure),
    /// Close an account to its customer, with the test account; running orders end as usual
    Suspend(Measure),
    /// Open a closed account again
    Resume(Measure),
}

/// `customer ban`.
#[derive(Debug, Args)]
pub struct Ban {
    /// Whose purchases
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// When it is over: a time such as 2027-01-31T00:00:00Z, or hours or days such as 12h or 3d
    #[arg(long, value_name = "WHEN", value_parser = ending)]
    pub until: Expiry,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
}

/// `customer unban`, `customer suspend` and `customer resume`.
#[derive(Debug, Args)]
pub struct Measure {
    /// Who is concerned
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
}

/// `customer credit`.
#[derive(Debug, Args)]
pub struct Credit {
    /// Whose wallet
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Whole rupiah, or units of test money in a test account
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub amount: Amount,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
    /// Who agrees; somebody else than the operator
    #[arg(long, value_name = "NAME")]
    pub approver: String,
    /// Makes a repeat harmless: the same reference credits once
    #[arg(long)]
    pub reference: Option<String>,
}

/// `customer compensate`.
#[derive(Debug, Args)]
pub struct Compensate {
    /// Whose order
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Number of the order
    #[arg(long, value_name = "N")]
    pub order: i64,
    /// At most what the order cost, in its currency
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub amount: Amount,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
    /// Names the case: the same one is compensated once
    #[arg(long)]
    pub reference: String,
}

/// `customer freeze`.
#[derive(Debug, Args)]
pub struct Freeze {
    /// Whose purchases
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Who and why, which together name the freeze
    #[command(flatten)]
    pub word: Word,
}

/// `customer unfreeze`.
#[derive(Debug, Args)]
pub struct Unfreeze {
    /// Whose purchases
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Which freeze, as `customer show` names it; all unless given
    #[arg(long)]
    pub reference: Option<String>,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
}
