//! The `handler_api.php` protocol as HeroSMS, SMSBower, GrizzlySMS, Tiger-SMS and their many clones
//! speak it: strict in what is asked, liberal in what is understood.

mod adapter;
mod again;
mod balance;
mod catalog;
mod change;
mod client;
mod countries;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod listing;
mod prices;
mod purchase;
mod reply;
mod signal;
mod status;
mod value;
mod words;

pub use self::{
    adapter::SmsActivate,
    client::{Client, Endpoint, InvalidEndpoint},
};
