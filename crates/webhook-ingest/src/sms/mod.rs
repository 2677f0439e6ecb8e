//! Providers' SMS callbacks: who calls, what they say, what becomes of it.

mod desk;
mod payload;
mod senders;

pub use desk::SmsDesk;
pub use senders::Senders;

pub(crate) use desk::Call;
#[cfg(feature = "fuzz")]
pub(crate) use payload::read;
