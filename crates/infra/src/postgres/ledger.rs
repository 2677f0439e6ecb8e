use async_trait::async_trait;
use domain::{
    ids::UserId,
    ledger::{
        Freeze, Journal, JournalKey, LedgerRepo, PostError, Posted, Transfer, Wallet,
        adjust::Proposal, treasury::Decision,
    },
    money::{Amount, Balance},
    store::StoreError,
};

use super::{error, store::PgUnitOfWork};

/// The one question for a wallet, inside a unit and outside.
macro_rules! query_wallet {
    ($user:expr) => {
        sqlx::query_as!(
            crate::postgres::ledger::WalletRow,
            r#"SELECT available AS "available!", held AS "held!", debt AS "debt!",
                      frozen AS "frozen!"
               FROM ledger.wallets WHERE user_id = $1"#,
            $user.get(),
        )
    };
}
pub(super) use query_wallet;

#[async_trait]
impl LedgerRepo for PgUnitOfWork {
    async fn open_wallet(&mut self, user: UserId) -> Result<(), StoreError> {
        let done =
            sqlx::query!("SELECT ledger.open_wallet($1)", user.get()).execute(self.conn()).await;
        self.seen(done).map(drop)
    }

    async fn open_test_wallet(&mut self, user: UserId) -> Result<(), StoreError> {
        let done = sqlx::query!("SELECT ledger.open_test_wallet($1)", user.get())
            .execute(self.conn())
            .await;
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
        Ok(posted(new))
    }

    async fn repay_debt(&mut self, user: UserId) -> Result<Option<Amount>, PostError> {
        let repay = sqlx::query_scalar!(r#"SELECT ledger.repay_debt($1) AS "paid!""#, user.get());
        let paid = repay.fetch_one(self.conn()).await;
        let paid = self.watch(paid).map_err(error::post)?;
        Ok(Amount::new(paid))
    }

    async fn freeze(&mut self, freeze: &Freeze) -> Result<bool, StoreError> {
        let Freeze { user, cause, reference } = freeze;
        let done = sqlx::query_scalar!(
            r#"SELECT ledger.freeze($1, $2, $3) AS "new!""#,
            user.get(),
            cause.as_str(),
            reference,
        )
        .fetch_one(self.conn())
        .await;
        self.seen(done)
    }

    async fn unfreeze(&mut self, freeze: &Freeze, by: &str) -> Result<bool, StoreError> {
        let Freeze { user, cause, reference } = freeze;
        let done = sqlx::query_scalar!(
            r#"SELECT ledger.unfreeze($1, $2, $3, $4) AS "lifted!""#,
            user.get(),
            cause.as_str(),
            reference,
            by,
        )
        .fetch_one(self.conn())
        .await;
        self.seen(done)
    }

    async fn propose_adjustment(&mut self, proposal: &Proposal) -> Result<bool, PostError> {
        let Proposal { reference, user, change, amount, operator, reason } = proposal;
        let done = sqlx::query_scalar!(
            r#"SELECT ledger.propose_adjustment($1, $2, $3, $4, $5, $6) AS "new!""#,
            reference,
            user.get(),
            change.as_str(),
            amount.get(),
            operator,
            reason,
        )
        .fetch_one(self.conn())
        .await;
        self.watch(done).map_err(error::post)
    }

    async fn approve_adjustment(
        &mut self,
        reference: &str,
        approver: &str,
    ) -> Result<(Posted, UserId), PostError> {
        let done = sqlx::query!(
            r#"SELECT posted AS "new!", user_id AS "user_id!"
               FROM ledger.approve_adjustment($1, $2)"#,
            reference,
            approver,
        )
        .fetch_one(self.conn())
        .await;
        let row = self.watch(done).map_err(error::post)?;
        Ok((posted(row.new), UserId::new(row.user_id)))
    }

    async fn note_decision(
        &mut self,
        key: &JournalKey,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "SELECT ledger.note_decision($1, $2, $3)",
            key.as_str(),
            decision.operator,
            decision.reason,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn wallet(&mut self, user: UserId) -> Result<Wallet, StoreError> {
        let found = query_wallet!(user).fetch_optional(self.conn()).await;
        self.seen(found)?.map_or_else(|| Ok(Wallet::default()), |row| row.wallet(user))
    }
}

const fn posted(new: bool) -> Posted {
    if new { Posted::New } else { Posted::Already }
}

/// A wallet as stored.
pub(super) struct WalletRow {
    pub(super) available: i64,
    pub(super) held: i64,
    pub(super) debt: i64,
    pub(super) frozen: bool,
}

impl WalletRow {
    pub(super) fn wallet(self, user: UserId) -> Result<Wallet, StoreError> {
        let Self { available, held, debt, frozen } = self;
        let balance = |units| {
            Balance::new(units).ok_or_else(|| error::corrupt("ledger.wallet", user, "below zero"))
        };
        let (available, held, debt) = (balance(available)?, balance(held)?, balance(debt)?);
        Ok(Wallet { available, held, debt, frozen })
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
