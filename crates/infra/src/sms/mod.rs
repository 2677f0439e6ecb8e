//! Number providers: who they are, and how they are spoken to.

mod builtin_test;
mod registry;
pub mod sms_activate;

use std::time::Duration;

use async_trait::async_trait;
use domain::{ids::ProviderId, providers::ProviderRecord, store::StoreError};
use secrecy::SecretString;

pub use self::registry::Registry;
use crate::resilience::BreakerSettings;

/// What it takes to call a provider.
#[derive(Debug, Clone)]
pub struct ProviderAccess {
    /// What the operator set up.
    pub record: ProviderRecord,
    /// Our key there.
    pub api_key: SecretString,
}

/// Where the addresses and keys of providers are kept.
#[async_trait]
pub trait AccessSource: Send + Sync {
    /// Nothing when the provider does not exist.
    async fn access(&self, id: ProviderId) -> Result<Option<ProviderAccess>, StoreError>;
}

/// Limits of every call to a provider.
#[derive(Debug, Clone, Copy)]
pub struct ProviderSettings {
    /// Deadline of one call, with all its requests; reading the catalog gets a multiple of it.
    pub timeout: Duration,
    /// How long establishing a connection may take.
    pub connect_timeout: Duration,
    /// The most calls to one provider at a time.
    pub max_in_flight: usize,
    /// When to stop asking a provider for a while.
    pub breaker: BreakerSettings,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            max_in_flight: 64,
            breaker: BreakerSettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ids::ProviderId, providers::Protocol};

    use super::*;

    #[test]
    fn the_key_of_a_provider_is_not_printed() {
        let access = ProviderAccess {
            record: ProviderRecord {
                id: ProviderId::new(1),
                code: "alpha".to_owned(),
                protocol: Protocol::SmsActivate,
                base_url: "https://alpha.example".to_owned(),
                priority: 1,
                enabled: true,
                trusts_callbacks: false,
            },
            api_key: "hunter2-key".into(),
        };
        assert!(!format!("{access:?}").contains("hunter2-key"));
    }
}
