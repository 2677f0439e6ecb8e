mod shelf;
pub(crate) mod sms_activate;
pub(crate) mod stripe;
