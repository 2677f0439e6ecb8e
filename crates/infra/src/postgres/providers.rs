use async_trait::async_trait;
use aws_lc_rs::{digest, rand};
use domain::{
    ids::ProviderId,
    providers::{NewProvider, Protocol, ProviderDirectory, ProviderRecord},
    store::StoreError,
};
use secrecy::SecretString;

use super::{Postgres, error};
use crate::sms::{AccessSource, ProviderAccess};

/// What sealed values are bound to, so that one cannot stand for the other.
const API_KEY: &str = "provider.api_key";
const CALLBACK_SECRET: &str = "provider.callback_secret";

/// A row of `providers`, without its secrets.
struct ProviderRow {
    id: i64,
    code: String,
    protocol: String,
    base_url: String,
    priority: i32,
    enabled: bool,
    trusts_callbacks: bool,
}

impl TryFrom<ProviderRow> for ProviderRecord {
    type Error = StoreError;

    fn try_from(row: ProviderRow) -> Result<Self, StoreError> {
        let protocol = Protocol::parse(&row.protocol);
        Ok(Self {
            id: ProviderId::new(row.id),
            protocol: protocol.ok_or_else(|| error::corrupt("providers", row.id, "protocol"))?,
            code: row.code,
            base_url: row.base_url,
            priority: row.priority,
            enabled: row.enabled,
            trusts_callbacks: row.trusts_callbacks,
        })
    }
}

#[async_trait]
impl ProviderDirectory for Postgres {
    async fn add(
        &self,
        provider: &NewProvider,
    ) -> Result<Option<(ProviderRecord, String)>, StoreError> {
        let secret = callback_secret()?;
        let hash = hashed(&secret);
        let row = sqlx::query_as!(
            ProviderRow,
            "INSERT INTO providers (code, protocol, base_url, api_key_sealed,
                 callback_secret_sealed, callback_secret_hash, priority, trusts_callbacks)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (code) DO NOTHING
             RETURNING id, code, protocol, base_url, priority, enabled, trusts_callbacks",
            provider.code,
            provider.protocol.as_str(),
            provider.base_url,
            self.seal(API_KEY, &provider.api_key)?,
            self.seal(CALLBACK_SECRET, &secret)?,
            hash.as_ref(),
            provider.priority,
            provider.trusts_callbacks,
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        row.map(|row| Ok((row.try_into()?, secret))).transpose()
    }

    async fn list(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        let rows = sqlx::query_as!(
            ProviderRow,
            "SELECT id, code, protocol, base_url, priority, enabled, trusts_callbacks
             FROM providers WHERE id > 0 ORDER BY priority, id"
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(ProviderRecord::try_from).collect()
    }

    async fn by_callback_secret(&self, secret: &str) -> Result<Option<ProviderRecord>, StoreError> {
        let hash = hashed(secret);
        let row = sqlx::query_as!(
            ProviderRow,
            "SELECT id, code, protocol, base_url, priority, enabled, trusts_callbacks
             FROM providers WHERE callback_secret_hash = $1",
            hash.as_ref(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        row.map(ProviderRecord::try_from).transpose()
    }

    async fn callback_secret(&self, id: ProviderId) -> Result<Option<String>, StoreError> {
        let sealed = sqlx::query_scalar!(
            "SELECT callback_secret_sealed FROM providers WHERE id = $1",
            id.get()
        );
        let sealed = sealed.fetch_optional(&self.pool).await.map_err(error::store)?;
        sealed.map(|sealed| self.open(CALLBACK_SECRET, id, &sealed)).transpose()
    }

    async fn set_enabled(&self, code: &str, enabled: bool) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "UPDATE providers SET enabled = $2 WHERE code = $1 AND id > 0",
            code,
            enabled
        );
        let done = done.execute(&self.pool).await.map_err(error::store)?;
        Ok(done.rows_affected() == 1)
    }

    async fn set_url(&self, code: &str, base_url: &str) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "UPDATE providers SET base_url = $2 WHERE code = $1 AND id > 0",
            code,
            base_url
        );
        let done = done.execute(&self.pool).await.map_err(error::store)?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl AccessSource for Postgres {
    async fn access(&self, id: ProviderId) -> Result<Option<ProviderAccess>, StoreError> {
        let row = sqlx::query!(
            "SELECT id, code, protocol, base_url, priority, enabled, trusts_callbacks,
                    api_key_sealed
             FROM providers WHERE id = $1",
            id.get(),
        );
        let Some(row) = row.fetch_optional(&self.pool).await.map_err(error::store)? else {
            return Ok(None);
        };
        let api_key = SecretString::from(self.open(API_KEY, id, &row.api_key_sealed)?);
        let record = ProviderRow {
            id: row.id,
            code: row.code,
            protocol: row.protocol,
            base_url: row.base_url,
            priority: row.priority,
            enabled: row.enabled,
            trusts_callbacks: row.trusts_callbacks,
        };
        Ok(Some(ProviderAccess { record: record.try_into()?, api_key }))
    }
}

fn hashed(secret: &str) -> digest::Digest {
    digest::digest(&digest::SHA256, secret.as_bytes())
}

/// 192 random bits as text that fits into a path.
fn callback_secret() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 24];
    rand::fill(&mut bytes).map_err(|error| StoreError::Internal(error.into()))?;
    Ok(hex::encode(bytes))
}

impl Postgres {
    fn seal(&self, purpose: &str, text: &str) -> Result<Vec<u8>, StoreError> {
        self.sealer.seal(purpose, text.as_bytes()).map_err(|e| StoreError::Internal(e.into()))
    }

    fn open(&self, purpose: &str, id: ProviderId, sealed: &[u8]) -> Result<String, StoreError> {
        let opened = self.sealer.open(purpose, sealed).ok();
        opened
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
            .ok_or_else(|| error::corrupt("providers", id, "sealed with another key"))
    }
}
