use clap::{Args, Subcommand, ValueEnum};
use domain::{
    ledger::{Gateway, adjust::Change},
    money::{Amount, Currency},
};

use super::{ByEmailOrId, Word, amount, dollars};

/// `ledger …`.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Prove the books; ends with 4 when they do not hold
    Audit(Audit),
    /// Show what each class of accounts holds; ends with 4 when that does not add up to zero
    TrialBalance,
    /// Show what moved a customer's wallet, the newest first
    Statement(Statement),
    /// Book a payout of a gateway
    Settle(Settle),
    /// Corrections, each on the word of two people
    #[command(subcommand)]
    Adjust(Adjust),
}

/// `ledger audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// From the first movement to the last, which is what happens without --recent
    #[arg(long, conflicts_with = "recent")]
    pub full: bool,
    /// Only what was finished since the task worker looked last
    #[arg(long)]
    pub recent: bool,
    /// Stop the purchases of everybody whose books do not hold, as the task worker does
    #[arg(long)]
    pub freeze: bool,
}

/// `ledger statement`.
#[derive(Debug, Args)]
pub struct Statement {
    /// Whose wallet
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Only movements with a smaller number
    #[arg(long, value_name = "N")]
    pub before: Option<i64>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// `ledger settle`.
#[derive(Debug, Args)]
pub struct Settle {
    /// Who paid out
    #[arg(long, value_parser = gateway)]
    pub gateway: Gateway,
    /// Number of the payout: the same one is booked once
    #[arg(long)]
    pub reference: String,
    /// What arrived: whole rupiah, or US dollars such as 99.95 with --currency usd
    #[arg(long)]
    pub amount: String,
    /// What the gateway kept, in the same currency
    #[arg(long)]
    pub fee: Option<String>,
    /// Currency of the payout
    #[arg(long, value_enum, default_value_t = Coin::Idr)]
    pub currency: Coin,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
}

impl Settle {
    /// The amounts in ledger units.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn amounts(&self) -> Result<(Currency, Amount, Option<Amount>), String> {
        let currency = match self.currency {
            Coin::Idr => Currency::Idr,
            Coin::Usd => Currency::Usd,
        };
        let read = |text: &str| match self.currency {
            Coin::Idr => amount(text),
            Coin::Usd => dollars(text),
        };
        Ok((currency, read(&self.amount)?, self.fee.as_deref().map(read).transpose()?))
    }
}

/// What a payout is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Coin {
    /// Whole rupiah.
    Idr,
    /// US dollars.
    Usd,
}

/// `ledger adjust …`.
#[derive(Debug, Subcommand)]
pub enum Adjust {
    /// Ask for a correction; it moves no money yet
    Propose(Propose),
    /// Agree to a correction of somebody else, and move the money
    Approve {
        /// Which one, as `adjust list` names it
        #[arg(long)]
        reference: String,
        /// Who agrees; somebody else than the operator
        #[arg(long, value_name = "NAME")]
        approver: String,
    },
    /// Show corrections, those that wait first
    List {
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
}

/// `ledger adjust propose`.
#[derive(Debug, Args)]
pub struct Propose {
    /// Whose wallet
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// Which way the money goes
    #[arg(long, value_enum)]
    pub change: Way,
    /// Whole rupiah, or units of test money in a test account
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub amount: Amount,
    /// Who and why
    #[command(flatten)]
    pub word: Word,
    /// Names the case; a fresh name unless given
    #[arg(long)]
    pub reference: Option<String>,
}

/// Which way a correction moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// To the customer.
    Give,
    /// From what the customer can spend.
    Take,
}

impl From<Way> for Change {
    fn from(way: Way) -> Self {
        match way {
            Way::Give => Self::Give,
            Way::Take => Self::Take,
        }
    }
}

fn gateway(text: &str) -> Result<Gateway, String> {
    let known = || Gateway::ALL.iter().map(|it| it.code()).collect::<Vec<_>>().join(", ");
    Gateway::parse(text).ok_or_else(|| format!("must be one of {}", known()))
}
