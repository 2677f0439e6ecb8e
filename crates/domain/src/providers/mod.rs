//! Those who sell us numbers, whatever protocol they speak.

mod activation;
mod error;
mod ports;

pub use activation::{
    AcquireRequest, Activation, ActiveActivation, CancelOutcome, ListedCountry, ListedOffer,
    ListedService, Listing, PhoneNumber, ProviderCatalog, SmsCode, SmsText, UpstreamStatus,
};
pub use error::{AcquireError, ProviderError, Refusal};
pub use ports::{
    NewProvider, NumberProvider, Protocol, ProviderDirectory, ProviderRecord, ProviderRegistry,
};
