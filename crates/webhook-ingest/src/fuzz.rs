//! The reader of callbacks, for the crate that tries it on anything.

use domain::{fault::FieldFault, ids::ProviderId, inbox::Callback};

use crate::sms;

/// The SMS that a provider tells of, or what is wrong with its callback.
pub fn callback(
    provider: ProviderId,
    query: &str,
    body: &[u8],
) -> Result<Callback, Vec<FieldFault>> {
    sms::read(provider, query, body)
}
