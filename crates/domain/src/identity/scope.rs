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

/// Some scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope there is.
    pub const ALL: Self = Self((1 << Scope::ALL.len()) - 1);

    /// Whether `scope` is one of them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in it, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    const fn bit(scope: Scope) -> u8 {
        match scope {
            Scope::CatalogRead => 1,
            Scope::BalanceRead => 2,
            Scope::OrdersRead => 4,
            Scope::OrdersWrite => 8,
            Scope::WebhooksManage => 16,
        }
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | Self::bit(scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        assert!(Scopes::default().is_empty());
        assert_eq!(Scopes::ALL.iter().collect::<Vec<_>>(), Scope::ALL);
        assert_eq!(Scope::ALL.into_iter().collect::<Scopes>(), Scopes::ALL);
        for scope in Scope::ALL {
            let only = Scopes::from_iter([scope]);
            for other in Scope::ALL {
                assert_eq!(only.contains(other), other == scope, "{scope} {other}");
            }
        }
    }

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
