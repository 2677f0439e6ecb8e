use async_trait::async_trait;
use domain::{
    identity::{
        Customer, IdentityQueries, IdentityRepo, Mode, TokenHash, TokenOwner, TokenRecord,
        test_address,
    },
    ids::UserId,
    store::StoreError,
    time::Timestamp,
};

use super::{Postgres, error, store::PgUnitOfWork};

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
            "INSERT INTO users AS u (email, test_of, created_at)
             SELECT $2, id, $3 FROM users WHERE id = $1 AND test_of IS NULL
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

    async fn insert_token(&mut self, token: &TokenRecord, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO api_tokens (hash, user_id, hint, name, created_at)
             VALUES ($1, $2, $3, $4, $5)",
            token.hash.0.as_slice(),
            token.user.get(),
            token.hint,
            token.name,
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
            r#"SELECT u.id, u.suspended_at IS NOT NULL AS "suspended!",
                   u.test_of IS NOT NULL AS "test!"
               FROM api_tokens t JOIN users u ON u.id = t.user_id
               WHERE t.hash = $1 AND t.revoked_at IS NULL"#,
            hash.0.as_slice(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        Ok(row.map(|row| TokenOwner {
            user: UserId::new(row.id),
            suspended: row.suspended,
            mode: Mode::of(row.test),
        }))
    }
}
