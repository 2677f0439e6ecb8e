//! The adapter of the `handler_api.php` family, over real connections.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails a test")]

mod dialects;
mod faults;
mod guard;
mod lists;
mod market;
mod orders;
mod stub;

use std::time::Duration;

use domain::{
    ids::ExternalId,
    money::Cost,
    providers::{AcquireError, AcquireRequest, Refusal},
};
use infra::{
    http::provider_client,
    sms::sms_activate::{Client, Endpoint, SmsActivate},
};

/// Ample for a server in the same process.
const PATIENT: Duration = Duration::from_secs(10);
/// For calls that are meant to run into it.
const HASTY: Duration = Duration::from_secs(1);

fn adapter(base_url: &str, key: &str, timeout: Duration) -> SmsActivate {
    let http = provider_client(timeout, timeout).unwrap();
    let client = Client::new(http, Endpoint::parse(base_url).unwrap(), key.into());
    SmsActivate::new(client, timeout)
}

fn wanted(service: &str, country: &str, max_cost: &str) -> AcquireRequest {
    AcquireRequest {
        service: service.to_owned(),
        country: country.to_owned(),
        max_cost: Cost::parse(max_cost).unwrap(),
    }
}

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

const fn refused<T>(refusal: Refusal) -> Result<T, AcquireError> {
    Err(AcquireError::Refused(refusal))
}

/// Whether the provider answered at all, of a purchase with an unknown outcome.
fn answered<T: std::fmt::Debug>(outcome: &Result<T, AcquireError>) -> bool {
    match outcome {
        Err(AcquireError::Unknown { answered, .. }) => *answered,
        other => panic!("{other:?}"),
    }
}
