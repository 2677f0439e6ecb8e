//! Where a customer's own server is told, and how that went. Nothing here holds money.

pub(super) mod attempts;
pub(super) mod config;
pub(super) mod replay;
pub(super) mod test;
