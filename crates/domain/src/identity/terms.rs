use std::net::IpAddr;

use super::{IpRange, Scopes};
use crate::time::Timestamp;

/// What a token is good for, from where, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenTerms {
    /// What it opens.
    pub scopes: Scopes,
    /// Where it may be sent from; from everywhere when there is none.
    pub allowed_ips: Vec<IpRange>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl Default for TokenTerms {
    /// Everything, from everywhere, for ever.
    fn default() -> Self {
        Self { scopes: Scopes::ALL, allowed_ips: Vec::new(), expires_at: None }
    }
}

impl TokenTerms {
    /// Whether its time is over at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether a request from `address` may use it. One whose origin is not known may not where
    /// that matters.
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        let listed = |address| self.allowed_ips.iter().any(|range| range.contains(address));
        self.allowed_ips.is_empty() || address.is_some_and(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_admits_everybody_and_any_other_only_who_is_on_it() {
        let everywhere = TokenTerms::default();
        assert!(everywhere.admits(None) && everywhere.admits("192.0.2.1".parse().ok()));
        let allowed_ips = vec![IpRange::parse("192.0.2.0/28").unwrap()];
        let listed = TokenTerms { allowed_ips, ..TokenTerms::default() };
        assert!(listed.admits("192.0.2.15".parse().ok()));
        assert!(listed.admits("::ffff:192.0.2.15".parse().ok()));
        assert!(!listed.admits("192.0.2.16".parse().ok()));
        assert!(!listed.admits(None));
    }

    #[test]
    fn ends_at_its_time_and_not_before() {
        let end = Timestamp::UNIX_EPOCH;
        let terms = TokenTerms { expires_at: Some(end), ..TokenTerms::default() };
        assert!(!terms.is_over(end - chrono::Duration::microseconds(1)));
        assert!(terms.is_over(end));
        assert!(!TokenTerms::default().is_over(end));
    }
}
