//! Turns settings into adapters and terms, for every binary alike.

mod gateways;
mod hooks;
mod terms;

pub use gateways::gateways;
pub use hooks::{deliver_messages, hook_client};
pub use terms::{
    current_rate, fixed_rate, guard_terms, order_terms, postgres, pricing, provider_settings,
};
