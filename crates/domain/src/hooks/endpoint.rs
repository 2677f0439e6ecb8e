use std::fmt;

use crate::{ids::UserId, time::Timestamp};

/// Where a customer wants to be told, and how that went lately. One per customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whose it is.
    pub user: UserId,
    /// Nothing while the customer wants to hear nothing.
    pub url: Option<HookUrl>,
    /// What messages are signed with; unsigned without.
    pub secret: Option<HookSecret>,
    /// Since when nothing is sent although there is an address.
    pub disabled: Option<Disabled>,
    /// Attempts that failed since the last one that did not.
    pub failures: u32,
    /// Rises with each change by its owner: what was sent before says nothing of what came after.
    pub version: i64,
}

impl Endpoint {
    /// So many failures in a row disable it.
    pub const MAX_FAILURES: u32 = 10;

    /// One that was never set up.
    pub const fn unset(user: UserId) -> Self {
        Self { user, url: None, secret: None, disabled: None, failures: 0, version: 0 }
    }

    /// Where messages go at present.
    pub fn active_url(&self) -> Option<&HookUrl> {
        self.url.as_ref().filter(|_| self.disabled.is_none())
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// An attempt failed. True when that disables the endpoint.
    pub fn failed(&mut self, gone: bool, at: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        let reason = match gone {
            true => DisableReason::Gone,
            false if self.failures >= Self::MAX_FAILURES => DisableReason::ConsecutiveFailures,
            false => return false,
        };
        if self.disabled.is_some() {
            return false;
        }
        self.disabled = Some(Disabled { at, reason });
        true
    }
}

/// An endpoint that is sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disabled {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: DisableReason,
}

/// Why an endpoint is sent nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisableReason {
    /// Too many failures in a row.
    ConsecutiveFailures,
    /// It answered that it is gone for good.
    Gone,
}

impl DisableReason {
    /// The name as stored and as shown to the customer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failed_user_endpoint",
            Self::Gone => "gone_user_endpoint",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::ConsecutiveFailures, Self::Gone].into_iter().find(|it| it.as_str() == text)
    }
}

/// An address of a customer's server. May hold a token of theirs, so it is not shown in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct HookUrl(String);

impl HookUrl {
    /// Longest address.
    pub const MAX_LEN: usize = 2_000;

    /// Keeps a text of 1 to 2000 visible ASCII characters; whether it may be called is up to
    /// [`super::Guard`].
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&raw.len());
        (fits && raw.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(raw.to_owned()))
    }

    /// The address, for its owner and for calling it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookUrl(…)")
    }
}

/// What proves to a customer's server that a message is ours.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(String);

impl HookSecret {
    /// Longest secret, in characters.
    pub const MAX_CHARS: usize = 256;

    /// Accepts 1 to 256 characters without NUL, which storage cannot keep.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARS).contains(&raw.chars().count());
        (fits && !raw.contains('\0')).then(|| Self(raw.to_owned()))
    }

    /// The secret, for its owner, for signing and for sealed storage.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint { url: HookUrl::parse("https://a.example"), ..Endpoint::unset(UserId::new(1)) }
    }

    #[test]
    fn ten_failures_in_a_row_disable_it() {
        let mut it = endpoint();
        for _ in 1..Endpoint::MAX_FAILURES {
            assert!(!it.failed(false, Timestamp::UNIX_EPOCH));
        }
        assert!(it.active_url().is_some());
        assert!(it.failed(false, Timestamp::UNIX_EPOCH));
        assert_eq!(it.disabled.map(|d| d.reason), Some(DisableReason::ConsecutiveFailures));
        assert!(it.active_url().is_none());
        assert!(!it.failed(false, Timestamp::UNIX_EPOCH), "it is disabled once");
    }

    #[test]
    fn a_success_between_them_counts_anew() {
        let mut it = endpoint();
        for _ in 0..3 {
            for _ in 1..Endpoint::MAX_FAILURES {
                assert!(!it.failed(false, Timestamp::UNIX_EPOCH));
            }
            it.succeeded();
        }
        assert!(it.active_url().is_some());
    }

    #[test]
    fn gone_disables_at_once() {
        let mut it = endpoint();
        assert!(it.failed(true, Timestamp::UNIX_EPOCH));
        assert_eq!(it.disabled.map(|d| d.reason), Some(DisableReason::Gone));
    }

    #[test]
    fn debug_shows_neither_address_nor_secret() {
        let it = Endpoint { secret: HookSecret::parse("hush"), ..endpoint() };
        let text = format!("{it:?}");
        assert!(!text.contains("hush") && !text.contains("a.example"), "{text}");
    }

    #[test]
    fn secrets_have_up_to_256_characters() {
        assert!(HookSecret::parse("").is_none());
        assert!(HookSecret::parse("a\0b").is_none());
        assert!(HookSecret::parse(&"ü".repeat(256)).is_some());
        assert!(HookSecret::parse(&"ü".repeat(257)).is_none());
    }
}
