use std::{sync::Arc, time::Duration};

use domain::{
    providers::{ProviderDirectory, ProviderRecord},
    store::StoreError,
};
use moka::future::Cache;

/// Finds out whose callback path is called.
#[derive(Clone)]
pub struct Senders {
    directory: Arc<dyn ProviderDirectory>,
    known: Cache<String, Option<Arc<ProviderRecord>>>,
}

impl Senders {
    /// A provider that was added or changed is noticed after this time at the latest.
    const FRESH: Duration = Duration::from_secs(5);
    /// Far more than there are providers; the rest is for those who guess.
    const MOST: u64 = 1024;
    /// Longer than any secret of ours: not worth remembering, so that guessing costs no memory.
    const LONGEST_SECRET: usize = 128;

    /// Remembers for a few seconds what `directory` says.
    pub fn new(directory: Arc<dyn ProviderDirectory>) -> Self {
        let known = Cache::builder().max_capacity(Self::MOST).time_to_live(Self::FRESH).build();
        Self { directory, known }
    }

    /// The provider behind the secret part of a path.
    pub(crate) async fn find(
        &self,
        secret: &str,
    ) -> Result<Option<Arc<ProviderRecord>>, Arc<StoreError>> {
        if secret.len() > Self::LONGEST_SECRET {
            return Ok(None);
        }
        let look_up = async {
            let found = self.directory.by_callback_secret(secret).await?;
            Ok::<_, StoreError>(found.map(Arc::new))
        };
        self.known.try_get_with_by_ref(secret, look_up).await
    }
}
