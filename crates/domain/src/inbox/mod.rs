//! Inbound SMS: from a provider's callback or answer to a stored message of an order.

pub mod confirm;
mod message;
pub mod otp;
mod ports;
pub mod receive;

pub use message::{
    Callback, CallbackState, IncomingSms, MessageSource, StoredCallback, StoredMessage,
};
pub use ports::{CallbackStore, InboxRepo};
