pub(crate) mod btcpay;
pub(crate) mod duitku;
pub(crate) mod gateway;
pub(crate) mod heleket;
mod shelf;
pub(crate) mod sms_activate;
pub(crate) mod stripe;
