//! Customers and their API tokens.

mod ip_range;
mod ports;
pub mod register;
mod scope;
mod terms;
mod token;
pub mod tokens;

pub use ip_range::IpRange;
pub use ports::{
    IdentityQueries, IdentityRepo, PasswordHasher, TokenMint, TokenNews, TokenQueries, TokenUse,
};
pub use scope::{Scope, Scopes};
pub use terms::TokenTerms;
pub use token::{
    Customer, MintedToken, Mode, StoredToken, TokenHash, TokenOwner, TokenRecord, test_address,
};
