use async_trait::async_trait;
use domain::{
    ids::UserId,
    ledger::{Journal, LedgerRepo, PostError, Posted, Transfer, Wallet, adjust::AdjustmentNote},
    money::Balance,
    store::StoreError,
};

use super::{error, store::PgUnitOfWork};

#[async_trait]
impl LedgerRepo for PgUnitOfWork {
    async fn open_wallet(&mut self, user: UserId) -> Result<(), StoreError> {
        let done =
            sqlx::query!("SELECT ledger.open_wallet($1)", user.get()).execute(self.conn()).await;
        self.seen(done).map(drop)
    }

    async fn post(&mut self, journal: &Journal) -> Result<Posted, PostError> {
        let legs = Legs::of(&journal.legs);
        let done = sqlx::query_scalar!(
            r#"SELECT ledger.post($1, $2, $3, $4, $5, $6, $7, $8) AS "new!""#,
            journal.key.as_str(),
            journal.kind.as_str(),
            &legs.from_class,
            &legs.from_owner,
            &legs.to_class,
            &legs.to_owner,
            &legs.amount,
            &legs.currency,
        )
        .fetch_one(self.conn())
        .await;
        let new = self.watch(done).map_err(error::post)?;
        Ok(if new { Posted::New } else { Posted::Already })
    }

    async fn note_adjustment(&mut self, note: &AdjustmentNote) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "SELECT ledger.note_adjustment($1, $2, $3)",
            note.key.as_str(),
            note.operator,
            note.reason,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn wallet(&mut self, user: UserId) -> Result<Wallet, StoreError> {
        let found = sqlx::query!(
            r#"SELECT available AS "available!", held AS "held!"
               FROM ledger.wallets WHERE user_id = $1"#,
            user.get(),
        )
        .fetch_optional(self.conn())
        .await;
        match self.seen(found)? {
            Some(row) => wallet(user, row.available, row.held),
            None => Ok(Wallet::default()),
        }
    }
}

/// From two stored numbers to a wallet.
pub(super) fn wallet(user: UserId, available: i64, held: i64) -> Result<Wallet, StoreError> {
    match (Balance::new(available), Balance::new(held)) {
        (Some(available), Some(held)) => Ok(Wallet { available, held }),
        _ => Err(error::corrupt("ledger.wallet", user, "below zero")),
    }
}

/// The movements of a journal, a column at a time.
struct Legs {
    from_class: Vec<String>,
    from_owner: Vec<i64>,
    to_class: Vec<String>,
    to_owner: Vec<i64>,
    amount: Vec<i64>,
    currency: Vec<String>,
}

impl Legs {
    fn of(legs: &[Transfer]) -> Self {
        Self {
            from_class: legs.iter().map(|leg| leg.from.class().to_owned()).collect(),
            from_owner: legs.iter().map(|leg| leg.from.owner()).collect(),
            to_class: legs.iter().map(|leg| leg.to.class().to_owned()).collect(),
            to_owner: legs.iter().map(|leg| leg.to.owner()).collect(),
            amount: legs.iter().map(|leg| leg.amount.get()).collect(),
            currency: legs.iter().map(|leg| leg.currency.code().to_owned()).collect(),
        }
    }
}
