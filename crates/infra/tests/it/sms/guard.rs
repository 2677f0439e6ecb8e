use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    ids::ProviderId,
    providers::{NumberProvider, Protocol, ProviderRecord, ProviderRegistry, Refusal},
    store::StoreError,
};
use infra::{
    resilience::BreakerSettings,
    sms::{AccessSource, ProviderAccess, ProviderSettings, Registry},
};
use serde_json::json;

use super::{HASTY, answered, id, market::Market, refused, wanted};

/// The one provider of a market.
struct OnlyAlpha(String);

#[async_trait]
impl AccessSource for OnlyAlpha {
    async fn access(&self, id: ProviderId) -> Result<Option<ProviderAccess>, StoreError> {
        let record = ProviderRecord {
            id,
            code: "alpha".to_owned(),
            protocol: Protocol::SmsActivate,
            base_url: self.0.clone(),
            priority: 1,
            enabled: true,
            trusts_callbacks: false,
        };
        Ok(Some(ProviderAccess { record, api_key: "key-alpha".into() }))
    }
}

async fn guarded(market: &Market, settings: ProviderSettings) -> Arc<dyn NumberProvider> {
    let source = Arc::new(OnlyAlpha(market.base_url()));
    let registry = Registry::new(source, settings).unwrap();
    registry.get(ProviderId::new(1)).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_empty_balance_is_not_asked_about_again_at_once() {
    let market = Market::open().await;
    market.faults(json!({"no_balance": true})).await;
    let provider = guarded(&market, ProviderSettings::default()).await;
    let empty = provider.acquire(&wanted("wa", "6", "5")).await;
    assert_eq!(empty, refused(Refusal::UpstreamBalance));
    let held_back = provider.acquire(&wanted("wa", "6", "5")).await;
    assert_eq!(held_back, refused(Refusal::NotAsked("breaker open")));
    assert_eq!(market.calls("getNumberV2").await, 1);
    assert!(provider.status(&id("1")).await.is_ok(), "running orders are still asked about");
}

#[tokio::test]
async fn a_silent_provider_is_left_alone_after_a_few_purchases() {
    let market = Market::open().await;
    market.faults(json!({"timeout_after_commit": true})).await;
    let breaker = BreakerSettings { consecutive_failures: 2, ..BreakerSettings::default() };
    let settings = ProviderSettings { timeout: HASTY, breaker, ..ProviderSettings::default() };
    let provider = guarded(&market, settings).await;
    for _ in 0..2 {
        assert!(!answered(&provider.acquire(&wanted("wa", "6", "5")).await));
    }
    let held_back = provider.acquire(&wanted("wa", "6", "5")).await;
    assert_eq!(held_back, refused(Refusal::NotAsked("breaker open")));
    assert_eq!(market.calls("getNumberV2").await, 2);
}
