//! Looking tokens up, and the columns of `api_tokens`.

use async_trait::async_trait;
use domain::{
    identity::{
        IpRange, Mode, Scope, Scopes, StoredToken, TokenHash, TokenQueries, TokenTerms, TokenUse,
    },
    ids::{TokenId, UserId},
    store::StoreError,
    time::Timestamp,
};

use super::{Postgres, error};

#[async_trait]
impl TokenQueries for Postgres {
    async fn tokens(&self, user: UserId) -> Result<Vec<StoredToken>, StoreError> {
        let rows = sqlx::query_as!(
            TokenRow,
            r#"SELECT id, user_id, hash, hint, name, scopes,
                   allowed_ips::text[] AS "allowed_ips!: Vec<String>",
                   expires_at, replaces, created_at, last_used_at, revoked_at,
                   EXISTS (SELECT FROM users u
                       WHERE u.id = user_id AND u.test_of IS NOT NULL) AS "test!"
               FROM api_tokens
               WHERE user_id = $1 OR user_id = (SELECT id FROM users WHERE test_of = $1)
               ORDER BY id DESC LIMIT 1000"#,
            user.get(),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(StoredToken::try_from).collect()
    }
}

#[async_trait]
impl TokenUse for Postgres {
    async fn used(&self, tokens: &[TokenId], at: Timestamp) -> Result<(), StoreError> {
        let ids: Vec<i64> = tokens.iter().map(|id| id.get()).collect();
        // A row that another process is writing is left to it: both write the same minute.
        let done = sqlx::query!(
            "WITH due AS (
                 SELECT id FROM api_tokens
                 WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < $2)
                 FOR NO KEY UPDATE SKIP LOCKED
             )
             UPDATE api_tokens t SET last_used_at = $2 FROM due WHERE t.id = due.id",
            &ids,
            at,
        );
        done.execute(&self.pool).await.map_err(error::store).map(drop)
    }
}

/// A row of `api_tokens`.
pub(super) struct TokenRow {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) test: bool,
    pub(super) hash: Vec<u8>,
    pub(super) hint: String,
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) allowed_ips: Vec<String>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) replaces: Option<i64>,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) revoked_at: Option<Timestamp>,
}

impl TryFrom<TokenRow> for StoredToken {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        let hash = row.hash.try_into();
        Ok(Self {
            id: TokenId::new(row.id),
            user: UserId::new(row.user_id),
            mode: Mode::of(row.test),
            hash: TokenHash(hash.map_err(|_| error::corrupt("api_tokens", row.id, "hash"))?),
            terms: terms(row.id, &row.scopes, &row.allowed_ips, row.expires_at)?,
            hint: row.hint,
            name: row.name,
            replaces: row.replaces.map(TokenId::new),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        })
    }
}

/// A scope that this version does not know opens nothing of it. An address that it cannot read
/// would open too much if it were left out, because an empty list admits everybody.
pub(super) fn terms(
    id: i64,
    scopes: &[String],
    ranges: &[String],
    expires_at: Option<Timestamp>,
) -> Result<TokenTerms, StoreError> {
    let scopes: Scopes = scopes.iter().filter_map(|name| Scope::parse(name)).collect();
    let ranges = ranges.iter().map(|text| IpRange::parse(text));
    let allowed_ips = ranges.collect::<Option<Vec<_>>>();
    let allowed_ips = allowed_ips.ok_or_else(|| error::corrupt("api_tokens", id, "allowed_ips"))?;
    Ok(TokenTerms { scopes, allowed_ips, expires_at })
}

pub(super) fn scopes(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

pub(super) fn ranges(ranges: &[IpRange]) -> Vec<String> {
    ranges.iter().map(IpRange::to_string).collect()
}
