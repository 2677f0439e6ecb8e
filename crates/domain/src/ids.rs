//! Identifiers. Public ones are integers because the published contract and legacy clients are.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! integer_ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a stored or received number.
            pub const fn new(raw: i64) -> Self {
                Self(raw)
            }

            /// The number as stored and as shown on the wire.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

integer_ids! {
    /// A customer.
    UserId;
    /// Our side of an activation.
    OrderId;
    /// A price tier: a slot that keeps its id while price and stock move.
    ProductId;
    /// The country × service umbrella that routing orders against.
    CatalogProductId;
    /// A country of the catalog, independent of any provider's numbering.
    CountryId;
    /// A service such as WhatsApp; the public API calls it platform.
    ServiceId;
    /// A mobile network; the public API calls it operator.
    CarrierId;
    /// Somebody who sells us numbers.
    ProviderId;
    /// A stored callback of a provider.
    InboxId;
    /// A piece of durable work.
    TaskId;
    /// An API token, as operators name it.
    TokenId;
    /// Position of an event in the order in which events became visible.
    EventSeq;
}

macro_rules! uuid_ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a time-ordered id.
            pub const fn new(raw: Uuid) -> Self {
                Self(raw)
            }

            /// The raw id.
            pub const fn get(self) -> Uuid {
                self.0
            }

            /// Reads what [`fmt::Display`] writes, and no other spelling of it.
            pub fn parse(text: &str) -> Option<Self> {
                let id = Uuid::try_parse(text).ok()?;
                (id.to_string() == text).then_some(Self(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

uuid_ids! {
    /// A top-up; shown to the gateway as our reference.
    TopupId;
    /// Money to give back through a gateway; shown to it as our reference.
    RefundId;
}

/// The provider's id of an activation: an opaque short text, decimal digits with most of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

impl ExternalId {
    /// Longest id we store; the widest known is a UUID.
    pub const MAX_LEN: usize = 64;

    /// Accepts 1 to 64 visible ASCII characters.
    pub fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        let fits = (1..=Self::MAX_LEN).contains(&raw.len());
        (fits && raw.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(raw.to_owned()))
    }

    /// The id as the provider wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
