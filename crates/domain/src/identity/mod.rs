//! Customers and their API tokens.

mod ports;
pub mod register;
mod scope;
mod token;

pub use ports::{IdentityQueries, IdentityRepo, PasswordHasher, TokenMint};
pub use scope::Scope;
pub use token::{Customer, MintedToken, Mode, TokenHash, TokenOwner, TokenRecord, test_address};
