//! Fakes and contract suites for tests.
//!
//! The fakes keep every promise of their ports, which the suites in [`contract`] prove with the
//! same text that judges the real adapters. What goes wrong, and when, is up to [`Chaos`].

mod chaos;
pub mod contract;
mod dice;
mod gateway;
mod hooks;
mod identity;
mod market;
mod mem;
mod process;
mod provider;
mod race;
mod time;
mod wake;

pub use chaos::{Blow, Chaos, Moment};
pub use dice::Dice;
pub use gateway::{FakeGateway, FakeGateways};
pub use hooks::{CountingKeys, FakeReceiver, PlainGuard};
pub use identity::{CountingMint, PlainHasher, RecordingTokenNews};
pub use market::{Market, Seller};
pub use mem::MemStore;
pub use process::Alone;
pub use provider::{Call, FakeRegistry, Sale, ScriptedProvider, Sold, offer};
pub use race::{Finish, race, until_crash};
pub use time::{FixedClock, SeqIds, start_of_time};
pub use wake::RecordingWake;

/// How a helper or a case of a suite ends: the first thing that went wrong, whatever it is.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
