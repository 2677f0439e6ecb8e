use async_trait::async_trait;
use domain::{
    ids::UserId,
    ledger::{
        Freeze, FreezeCause, FreezeInForce, JournalKind, LedgerQueries, Wallet,
        adjust::{Change, Proposal, StoredProposal},
        audit::{AuditReport, TrialLine},
        statement::{Standing, StatementLine},
    },
    money::{Amount, Currency},
    store::StoreError,
};

use super::audit;
use crate::postgres::{Postgres, error, ledger::query_wallet};

#[async_trait]
impl LedgerQueries for Postgres {
    async fn wallet(&self, user: UserId) -> Result<Wallet, StoreError> {
        let found = query_wallet!(user).fetch_optional(&self.pool).await.map_err(error::store)?;
        found.map_or_else(|| Ok(Wallet::default()), |row| row.wallet(user))
    }

    async fn currency(&self, user: UserId) -> Result<Currency, StoreError> {
        let code = sqlx::query_scalar!(
            r#"SELECT currency AS "currency!" FROM ledger.wallets WHERE user_id = $1"#,
            user.get(),
        );
        let code = code.fetch_optional(&self.pool).await.map_err(error::store)?;
        code.map_or(Ok(Currency::Idr), |code| {
            Currency::parse(&code).ok_or_else(|| corrupt("wallet", &user.to_string(), "currency"))
        })
    }

    async fn trial_balance(&self) -> Result<Vec<TrialLine>, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        audit::trial_balance(&mut connection).await.map_err(error::store)
    }

    async fn statement(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT wallet_seq AS "seq!", journal_key AS "key!", kind AS "kind!",
                      amount AS "amount!", available_after AS "available!", held_after AS "held!",
                      coalesce(debt_after, 0) AS "debt!", created_at AS "at!"
               FROM ledger.transfers
               WHERE wallet_user = $1 AND wallet_seq < $2 ORDER BY wallet_seq DESC LIMIT $3"#,
            user.get(),
            before.unwrap_or(i64::MAX),
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter()
            .map(|row| {
                let kind = JournalKind::parse(&row.kind);
                Ok(StatementLine {
                    seq: row.seq,
                    kind: kind.ok_or_else(|| corrupt("transfer", &row.key, "kind"))?,
                    key: row.key,
                    amount: row.amount,
                    after: Standing { available: row.available, held: row.held, debt: row.debt },
                    at: row.at,
                })
            })
            .collect()
    }

    async fn freezes(&self, user: UserId) -> Result<Vec<FreezeInForce>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT cause AS "cause!", reference AS "reference!", created_at AS "since!"
               FROM ledger.freezes WHERE user_id = $1 AND lifted_at IS NULL ORDER BY id"#,
            user.get(),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter()
            .map(|row| {
                let cause = FreezeCause::parse(&row.cause);
                let cause = cause.ok_or_else(|| corrupt("wallet_freeze", &row.cause, "cause"))?;
                let freeze = Freeze { user, cause, reference: row.reference };
                Ok(FreezeInForce { freeze, since: row.since })
            })
            .collect()
    }

    async fn proposals(&self, limit: u32) -> Result<Vec<StoredProposal>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT reference AS "reference!", user_id AS "user_id!", change AS "change!",
                      amount AS "amount!", operator AS "operator!", reason AS "reason!",
                      created_at AS "at!", approver, approved_at
               FROM ledger.proposals
               ORDER BY approved_at IS NOT NULL, created_at DESC LIMIT $1"#,
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter()
            .map(|row| {
                let wrong = |what| corrupt("proposal", &row.reference, what);
                let change = Change::parse(&row.change).ok_or_else(|| wrong("change"))?;
                let amount = Amount::new(row.amount).ok_or_else(|| wrong("amount"))?;
                let (operator, reason) = (row.operator, row.reason);
                let (reference, user) = (row.reference, UserId::new(row.user_id));
                let proposal = Proposal { reference, user, change, amount, operator, reason };
                let approved = row.approver.zip(row.approved_at);
                Ok(StoredProposal { proposal, at: row.at, approved })
            })
            .collect()
    }

    async fn payable_debts(&self, limit: u32) -> Result<Vec<UserId>, StoreError> {
        let users = sqlx::query_scalar!(
            r#"SELECT user_id AS "user_id!" FROM ledger.wallets
               WHERE debt > 0 AND available > 0 ORDER BY user_id LIMIT $1"#,
            i64::from(limit),
        );
        let users = users.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(users.into_iter().map(UserId::new).collect())
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        audit::full(self).await
    }
}

fn corrupt(table: &str, id: &str, what: &str) -> StoreError {
    error::corrupt(&format!("ledger.{table}"), id, what)
}
