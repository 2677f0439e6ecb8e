use async_trait::async_trait;
use domain::{
    identity::{
        Customer, IdentityQueries, IdentityRepo, Mode, StoredToken, TokenHash, TokenOwner,
        TokenRecord, test_address,
    },
    ids::{TokenId, UserId},
    store::StoreError,
    time::Timestamp,
};

use super::{
    Postgres, error,
    store::PgUnitOfWork,
    tokens::{TokenRow, ranges, scopes, terms},
};

#[async_trait]
impl IdentityRepo for PgUnitOfWork {
    async fn insert_customer(
        &mut self,
        email: &str,
        password_hash: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let id = sqlx::query_scalar!(
            "INSERT INTO users (email, password_hash, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (email) DO NOTHING RETURNING id",
            email,
            password_hash,
            at,
        )
        .fetch_optional(self.conn())
        .await;
        Ok(self.seen(id)?.map(UserId::new))
    }

    async fn test_account(&mut self, of: UserId, at: Timestamp) -> Result<UserId, StoreError> {
        // The update of nothing makes the account of another unit visible.
        let id = sqlx::query_scalar!(
            "INSERT INTO users AS u (email, test_of, created_at, suspended_at)
             SELECT $2, id, $3, suspended_at FROM users WHERE id = $1 AND test_of IS NULL
             ON CONFLICT (test_of) DO UPDATE SET test_of = u.test_of RETURNING id",
            of.get(),
            test_address(of),
            at,
        )
        .fetch_optional(self.conn())
        .await;
        let id = self.seen(id)?.map(UserId::new);
        id.ok_or_else(|| error::corrupt("users", of, "has no test account"))
    }

    async fn insert_token(
        &mut self,
        token: &TokenRecord,
        at: Timestamp,
    ) -> Result<TokenId, StoreError> {
        let id = sqlx::query_scalar!(
            "INSERT INTO api_tokens
                 (hash, user_id, hint, name, created_at, scopes, allowed_ips, expires_at, replaces)
             VALUES ($1, $2, $3, $4, $5, $6, $7::text[]::cidr[], $8, $9) RETURNING id",
            token.hash.0.as_slice(),
            token.user.get(),
            token.hint,
            token.name,
            at,
            &scopes(token.terms.scopes),
            &ranges(&token.terms.allowed_ips),
            token.terms.expires_at,
            token.replaces.map(TokenId::get),
        )
        .fetch_one(self.conn())
        .await;
        self.seen(id).map(TokenId::new)
    }

    async fn token(&mut self, id: TokenId) -> Result<Option<StoredToken>, StoreError> {
        let row = sqlx::query_as!(
            TokenRow,
            r#"SELECT id, user_id, hash, hint, name, scopes,
                   allowed_ips::text[] AS "allowed_ips!: Vec<String>",
                   expires_at, replaces, created_at, last_used_at, revoked_at,
                   EXISTS (SELECT FROM users u
                       WHERE u.id = user_id AND u.test_of IS NOT NULL) AS "test!"
               FROM api_tokens WHERE id = $1 FOR NO KEY UPDATE"#,
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(row)?.map(StoredToken::try_from).transpose()
    }

    async fn successor(&mut self, id: TokenId) -> Result<Option<TokenId>, StoreError> {
        let found = sqlx::query_scalar!("SELECT id FROM api_tokens WHERE replaces = $1", id.get())
            .fetch_optional(self.conn())
            .await;
        Ok(self.seen(found)?.map(TokenId::new))
    }

    async fn revoke_token(&mut self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            id.get(),
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn limit_token(&mut self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE api_tokens SET expires_at = LEAST(expires_at, $2) WHERE id = $1",
            id.get(),
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}

#[async_trait]
impl IdentityQueries for Postgres {
    async fn by_email(&self, email: &str) -> Result<Option<Customer>, StoreError> {
        let row = sqlx::query!(
            "SELECT id, email, created_at FROM users WHERE email = lower(btrim($1))",
            email,
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        Ok(row.map(|row| Customer {
            id: UserId::new(row.id),
            email: row.email,
            created_at: row.created_at,
        }))
    }

    async fn token_owner(&self, hash: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT u.id AS user_id, t.id, u.suspended_at IS NOT NULL AS "suspended!",
                   u.test_of IS NOT NULL AS "test!", t.scopes, t.expires_at,
                   t.allowed_ips::text[] AS "allowed_ips!: Vec<String>"
               FROM api_tokens t JOIN users u ON u.id = t.user_id
               WHERE t.hash = $1 AND t.revoked_at IS NULL"#,
            hash.0.as_slice(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        let owner = row.map(|row| {
            Ok(TokenOwner {
                user: UserId::new(row.user_id),
                token: TokenId::new(row.id),
                terms: terms(row.id, &row.scopes, &row.allowed_ips, row.expires_at)?,
                suspended: row.suspended,
                mode: Mode::of(row.test),
            })
        });
        owner.transpose()
    }
}
