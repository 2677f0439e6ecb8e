//! Telling customers' own servers what happened to their orders.
//!
//! A *message* is one event for one endpoint; it is stored when its event gets its place, and names
//! its order instead of repeating what the order holds. Each *attempt* renders it anew from what is
//! stored, signs it and sends it, until one is acknowledged or none makes sense any more.

pub mod attempts;
pub mod configure;
pub mod deliver;
mod endpoint;
mod message;
mod news;
mod ports;
pub mod replay;
mod schedule;
pub mod trial;

pub use endpoint::{DisableReason, Disabled, Endpoint, HookSecret, HookUrl};
pub use message::{About, Attempt, Message, MessageId, MessageState, SendOutcome, Trigger};
pub use news::{News, OrderNews};
pub use ports::{
    AttemptView, Delivery, Guard, HookKeys, HookQueries, HookRepo, HookSender, HookVitals, Parcel,
    Places, Sent, Target, UrlFault,
};
pub use schedule::Schedule;
