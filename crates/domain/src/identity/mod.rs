//! Customers and their API tokens.

mod ports;
pub mod register;
mod token;

pub use ports::{IdentityQueries, IdentityRepo, PasswordHasher, TokenMint};
pub use token::{Customer, MintedToken, TokenHash, TokenOwner, TokenRecord};
