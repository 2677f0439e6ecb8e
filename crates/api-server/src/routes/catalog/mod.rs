pub(crate) mod countries;
pub(crate) mod exchange_rate;
pub(crate) mod operators;
pub(crate) mod products;
pub(crate) mod services;
