use std::fmt;

/// What a token may be used for. Every operation of the API asks for exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// See what is on sale and what a dollar costs.
    CatalogRead,
    /// See what can be spent.
    BalanceRead,
    /// See orders, their numbers and messages.
    OrdersRead,
    /// Spend money, and end or prolong what it bought.
    OrdersWrite,
    /// See and change where events are delivered.
    WebhooksManage,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::CatalogRead,
        Self::BalanceRead,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::WebhooksManage,
    ];

    /// The published name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CatalogRead => "catalog:read",
            Self::BalanceRead => "balance:read",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::WebhooksManage => "webhooks:manage",
        }
    }

    /// Reads a published name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        for unknown in ["", "orders", "Orders:Read", "orders:read "] {
            assert_eq!(Scope::parse(unknown), None, "{unknown}");
        }
    }
}
