//! Stand-ins for SMS providers and payment gateways with faults.
//!
//! One port speaks the `sms_activate` protocol for any number of providers, those parts of the APIs
//! of payment gateways that top-ups need, and a JSON control API that plays the outside world: it
//! delivers text messages, pays checkouts, advances time and injects faults. The sandbox keeps its
//! own books of what it sold, charged and was paid, so tests can compare them with the books of the
//! system under test.

mod catalog;
mod clock;
mod config;
mod control;
mod courier;
mod decimal;
mod protocols;
mod rates;
mod server;
mod wire;
mod world;

pub use config::{BtcpayConfig, Config, DuitkuConfig, HeleketConfig};
pub use protocols::btcpay::signature::sign as sign_btcpay;
pub use protocols::duitku::signature::{Algorithm as DuitkuAlgorithm, sign as sign_duitku};
pub use protocols::heleket::signature::sign as sign_heleket;
pub use protocols::stripe::signature::sign as sign_stripe;
pub use server::serve;
