//! Transactions as a port: a unit of work is everything one transaction can touch.

use async_trait::async_trait;

use crate::{
    abuse::ConductRepo,
    fault::{Code, Fault},
    hooks::HookRepo,
    identity::IdentityRepo,
    inbox::InboxRepo,
    ledger::LedgerRepo,
    orders::OrderRepo,
    outbox::Outbox,
    tasks::TaskRepo,
    topups::TopupRepo,
};

/// Opens transactions.
#[async_trait]
pub trait Store: Send + Sync {
    /// Starts a transaction. Dropping the result without [`UnitOfWork::commit`] undoes it.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// Everything one transaction can touch.
#[async_trait]
pub trait UnitOfWork:
    LedgerRepo
    + OrderRepo
    + InboxRepo
    + TopupRepo
    + IdentityRepo
    + ConductRepo
    + HookRepo
    + Outbox
    + TaskRepo
{
    /// Makes all changes durable at once; fails when an earlier step was refused.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

impl dyn UnitOfWork + '_ {
    /// Wallets and transfers.
    pub fn ledger(&mut self) -> &mut dyn LedgerRepo {
        self
    }
    /// Orders.
    pub fn orders(&mut self) -> &mut dyn OrderRepo {
        self
    }
    /// Callbacks and messages.
    pub fn inbox(&mut self) -> &mut dyn InboxRepo {
        self
    }
    /// Money coming in.
    pub fn topups(&mut self) -> &mut dyn TopupRepo {
        self
    }
    /// Customers and tokens.
    pub fn identity(&mut self) -> &mut dyn IdentityRepo {
        self
    }
    /// What customers do with what they buy.
    pub fn conduct(&mut self) -> &mut dyn ConductRepo {
        self
    }
    /// Endpoints of customers and their messages.
    pub fn hooks(&mut self) -> &mut dyn HookRepo {
        self
    }
    /// Durable work.
    pub fn tasks(&mut self) -> &mut dyn TaskRepo {
        self
    }
    /// Events for customers.
    pub fn outbox(&mut self) -> &mut dyn Outbox {
        self
    }
}

/// Why storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Lost a race (deadlock, serialization, lock timeout): running the unit again is safe.
    #[error("lost a race for a row")]
    Contention,
    /// Not reachable, out of connections or too slow.
    #[error("storage is not available")]
    Unavailable(#[source] Source),
    /// A stored row that the rules call impossible.
    #[error("stored data is impossible: {0}")]
    Corrupt(String),
    /// Anything else; a bug or a wrong schema.
    #[error("storage failed")]
    Internal(#[source] Source),
}

/// A cause from another layer.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

impl Fault for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Contention | Self::Unavailable(_) => Code::ServiceUnavailable,
            Self::Corrupt(_) | Self::Internal(_) => Code::InternalError,
        }
    }
}

/// Tells whether an error means "run the unit again".
pub trait AsContention {
    /// True when the unit lost a race and changed nothing.
    fn is_contention(&self) -> bool;
}

impl AsContention for StoreError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Contention)
    }
}

/// How often a unit that lost a race runs in total. Races are short: the third loss in a row
/// means overload, which more attempts make worse.
pub const ATTEMPTS: u8 = 4;

/// Runs `unit` again while it loses races, `attempts` times at most.
pub async fn retrying<T, E, F>(attempts: u8, mut unit: impl FnMut() -> F) -> Result<T, E>
where
    E: AsContention,
    F: Future<Output = Result<T, E>>,
{
    for _ in 1..attempts {
        match unit().await {
            Err(error) if error.is_contention() => {}
            outcome => return outcome,
        }
    }
    unit().await
}
