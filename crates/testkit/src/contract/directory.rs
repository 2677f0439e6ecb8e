//! The operator's list of providers.

use domain::{
    ids::ProviderId,
    providers::{NewProvider, Protocol, ProviderDirectory},
};

use super::Backend;
use crate::Outcome;

fn provider(code: &str, priority: i32) -> NewProvider {
    NewProvider {
        code: code.to_owned(),
        protocol: Protocol::SmsActivate,
        base_url: "https://provider.example/handler".to_owned(),
        api_key: "key of the provider".to_owned(),
        priority,
        trusts_callbacks: true,
    }
}

/// A name is taken once; the record says what was entered, and numbers are bought at once.
pub async fn adds_a_provider_once<B: Backend>(store: &B) -> Outcome {
    let (record, _) = store.add(&provider("first", 7)).await?.ok_or("the name is free")?;
    assert_eq!((record.code.as_str(), record.priority), ("first", 7));
    assert_eq!(record.base_url, "https://provider.example/handler");
    assert_eq!(record.protocol, Protocol::SmsActivate);
    assert!(record.enabled && record.trusts_callbacks);
    assert!(store.add(&provider("first", 1)).await?.is_none());
    assert_eq!(ProviderDirectory::list(store).await?, [record]);
    Ok(())
}

/// The secret of a callback path leads to its provider, and can be shown again.
pub async fn finds_a_provider_by_its_secret<B: Backend>(store: &B) -> Outcome {
    let (first, first_secret) = store.add(&provider("first", 1)).await?.ok_or("a free name")?;
    let (second, second_secret) = store.add(&provider("second", 1)).await?.ok_or("a free name")?;
    assert_ne!(first_secret, second_secret);
    for (record, secret) in [(&first, &first_secret), (&second, &second_secret)] {
        assert_eq!(store.by_callback_secret(secret).await?.as_ref(), Some(record));
        assert_eq!(store.callback_secret(record.id).await?.as_ref(), Some(secret));
    }
    assert_eq!(store.by_callback_secret("unknown").await?, None);
    assert_eq!(store.callback_secret(ProviderId::new(4_711)).await?, None);
    Ok(())
}

/// Lower priorities come first.
pub async fn lists_by_priority<B: Backend>(store: &B) -> Outcome {
    for (code, priority) in [("last", 9), ("first", -1), ("middle", 4)] {
        store.add(&provider(code, priority)).await?;
    }
    let listed = ProviderDirectory::list(store).await?;
    let codes: Vec<_> = listed.iter().map(|record| record.code.as_str()).collect();
    assert_eq!(codes, ["first", "middle", "last"]);
    Ok(())
}

/// An operator's changes are seen at once; an unknown name changes nothing.
pub async fn switches_and_moves_a_provider<B: Backend>(store: &B) -> Outcome {
    let (record, secret) = store.add(&provider("first", 1)).await?.ok_or("a free name")?;
    assert!(store.set_enabled("first", false).await?);
    assert!(store.set_url("first", "https://elsewhere.example").await?);
    let changed = store.by_callback_secret(&secret).await?.ok_or("the provider")?;
    assert_eq!((changed.id, changed.enabled), (record.id, false));
    assert_eq!(changed.base_url, "https://elsewhere.example");
    assert!(store.set_enabled("first", true).await?);
    assert!(!store.set_enabled("second", true).await?);
    assert!(!store.set_url("second", "https://elsewhere.example").await?);
    let listed = ProviderDirectory::list(store).await?;
    assert_eq!(listed.iter().filter(|record| record.enabled).count(), 1);
    Ok(())
}
