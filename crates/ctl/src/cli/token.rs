use chrono::TimeDelta;
use clap::{Args, Subcommand};
use domain::{
    identity::{IpRange, Scope},
    ids::TokenId,
    time::Timestamp,
};

use super::ByEmailOrId;

/// `token …`.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Give a customer an API token; it is shown once and cannot be shown again
    Issue(IssueToken),
    /// Show a customer's tokens and those of their test account
    List {
        /// Whose tokens
        #[command(flatten)]
        customer: ByEmailOrId,
    },
    /// Give a new token in place of one, which goes on for a while
    Rotate(RotateToken),
    /// End a token now, at every server
    Revoke {
        /// Its number
        #[arg(value_name = "N", value_parser = token)]
        token: TokenId,
    },
}

/// `token issue`.
#[derive(Debug, Args)]
pub struct IssueToken {
    /// Whose token
    #[command(flatten)]
    pub customer: ByEmailOrId,
    /// What the customer calls it
    #[arg(long, default_value = "ctl")]
    pub name: String,
    /// What it is good for (may be repeated); everything unless given
    #[arg(long = "scope", value_parser = scope)]
    pub scopes: Vec<Scope>,
    /// An address or range it may be used from (may be repeated); everywhere unless given
    #[arg(long = "ip", value_name = "CIDR", value_parser = ip_range)]
    pub allowed_ips: Vec<IpRange>,
    /// When it ends: a time such as 2027-01-31T00:00:00Z, or hours or days such as 12h or 90d
    #[arg(long, value_name = "WHEN", value_parser = ending)]
    pub expires: Option<Expiry>,
    /// For the customer's test account, in which nothing is real; made when there is none
    #[arg(long)]
    pub test: bool,
}

/// `token rotate`.
#[derive(Debug, Args)]
pub struct RotateToken {
    /// Its number
    #[arg(value_name = "N", value_parser = token)]
    pub token: TokenId,
    /// How long the old token goes on
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u16).range(0..=720))]
    pub grace_hours: u16,
}

/// When a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Then.
    At(Timestamp),
    /// So long after it was issued.
    After(TimeDelta),
}

impl Expiry {
    /// The moment, seen from `now`.
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::After(time) => now.checked_add_signed(time).unwrap_or(now),
        }
    }
}

fn token(text: &str) -> Result<TokenId, String> {
    text.parse().map(TokenId::new).map_err(|_| "must be a number, see `ctl token list`".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    let names = || Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(text).ok_or_else(|| format!("must be one of {}", names()))
}

fn ip_range(text: &str) -> Result<IpRange, String> {
    let wrong = "must be an address or a range such as 192.0.2.0/24, with zeros after its prefix";
    IpRange::parse(text).ok_or_else(|| wrong.to_owned())
}

pub(super) fn ending(text: &str) -> Result<Expiry, String> {
    let time = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let hours = match unit {
            "h" => 1,
            "d" => 24,
            _ => return None,
        };
        let number: i64 = number.parse().ok().filter(|number| (1..=36_500).contains(number))?;
        TimeDelta::try_hours(number * hours)
    };
    if let Some(time) = time() {
        return Ok(Expiry::After(time));
    }
    let wrong = "must be a time such as 2027-01-31T00:00:00Z, or hours or days such as 12h or 90d";
    text.parse().map(Expiry::At).map_err(|_| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_at_a_time_or_after_hours_or_days() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let end = |text| ending(text).map(|end| end.from(now).to_rfc3339());
        assert_eq!(end("90d").unwrap(), "2027-02-18T12:00:00+00:00");
        assert_eq!(end("12h").unwrap(), "2026-11-21T00:00:00+00:00");
        assert_eq!(end("2027-01-31T01:00:00+01:00").unwrap(), "2027-01-31T00:00:00+00:00");
        for text in ["", "d", "0d", "-1d", "36501d", "0h", "1m", "1é", "2027-01-31", "90"] {
            assert!(ending(text).is_err(), "{text}");
        }
    }
}
