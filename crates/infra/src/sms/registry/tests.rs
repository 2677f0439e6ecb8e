use std::sync::atomic::{AtomicUsize, Ordering};

use domain::providers::ProviderRecord;
use tokio::time::advance;

use super::*;

/// A table of providers that counts how often it is read.
#[derive(Default)]
struct Table {
    rows: Mutex<HashMap<ProviderId, ProviderAccess>>,
    reads: AtomicUsize,
    is_down: Mutex<bool>,
}

impl Table {
    fn put(&self, base_url: &str, key: &str) {
        let record = ProviderRecord {
            id: ID,
            code: "alpha".to_owned(),
            protocol: Protocol::SmsActivate,
            base_url: base_url.to_owned(),
            priority: 1,
            enabled: true,
            trusts_callbacks: false,
        };
        let access = ProviderAccess { record, api_key: key.into() };
        self.rows.lock().unwrap().insert(ID, access);
    }
}

#[async_trait]
impl AccessSource for Table {
    async fn access(&self, id: ProviderId) -> Result<Option<ProviderAccess>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if *self.is_down.lock().unwrap() {
            return Err(StoreError::Unavailable("down".into()));
        }
        Ok(self.rows.lock().unwrap().get(&id).cloned())
    }
}

const ID: ProviderId = ProviderId::new(7);
const URL: &str = "http://127.0.0.1:1/p/alpha";

fn registry() -> (Registry, Arc<Table>) {
    let table = Arc::new(Table::default());
    table.put(URL, "key-alpha");
    let source = Arc::clone(&table) as Arc<dyn AccessSource>;
    (Registry::new(source, ProviderSettings::default()).unwrap(), table)
}

async fn get(registry: &Registry) -> Arc<dyn NumberProvider> {
    registry.get(ID).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_looked_up_at_most_every_five_seconds() {
    let (registry, table) = registry();
    for _ in 0..10 {
        get(&registry).await;
    }
    assert_eq!(table.reads.load(Ordering::SeqCst), 1);
    advance(FRESH).await;
    for _ in 0..10 {
        get(&registry).await;
    }
    assert_eq!(table.reads.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_survives_a_refresh() {
    let (registry, table) = registry();
    let first = get(&registry).await;
    table.rows.lock().unwrap().get_mut(&ID).unwrap().record.enabled = false;
    advance(FRESH).await;
    assert!(Arc::ptr_eq(&first, &get(&registry).await));
}

#[tokio::test(start_paused = true)]
async fn another_address_or_key_makes_another_adapter() {
    let (registry, table) = registry();
    let first = get(&registry).await;
    table.put(URL, "rotated");
    advance(FRESH).await;
    let second = get(&registry).await;
    assert!(!Arc::ptr_eq(&first, &second));
    table.put("http://127.0.0.1:2/p/alpha", "rotated");
    advance(FRESH).await;
    assert!(!Arc::ptr_eq(&second, &get(&registry).await));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_gone_is_forgotten() {
    let (registry, table) = registry();
    get(&registry).await;
    table.rows.lock().unwrap().clear();
    advance(FRESH).await;
    assert!(registry.get(ID).await.unwrap().is_none());
    assert!(registry.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_until_it_is_over() {
    let (registry, table) = registry();
    let first = get(&registry).await;
    advance(FRESH).await;
    *table.is_down.lock().unwrap() = true;
    for _ in 0..2 {
        assert!(matches!(registry.get(ID).await, Err(StoreError::Unavailable(_))));
    }
    *table.is_down.lock().unwrap() = false;
    assert!(Arc::ptr_eq(&first, &get(&registry).await));
}

#[tokio::test(start_paused = true)]
async fn an_unusable_address_is_told_without_the_key() {
    let (registry, table) = registry();
    table.put("ftp://alpha", "key-alpha");
    let Err(StoreError::Corrupt(message)) = registry.get(ID).await else { panic!("usable") };
    assert!(message.contains("base_url") && !message.contains("key-alpha"), "{message}");
}
