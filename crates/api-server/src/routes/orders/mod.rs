pub(crate) mod active;
pub(crate) mod body;
pub(crate) mod cancel;
pub(crate) mod create;
mod faults;
pub(crate) mod finish;
pub(crate) mod get;
mod key;
mod limit;
pub(crate) mod list;
pub(crate) mod reactivate;
pub(crate) mod reactivate_options;
pub(crate) mod resend;
pub(crate) mod stream;

use domain::ids::OrderId;
use serde::Deserialize;

use crate::openapi::described;

described! {
    /// What cancel, finish and resend are told.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Which as "WhichOrder" {
        /// The `id` of an order.
        id: i64,
    }
}

impl Which {
    fn order(&self) -> OrderId {
        OrderId::new(self.id)
    }
}
