use domain::{
    abuse::{CancelRequests, ConductQueries},
    catalog::{CatalogQueries, CatalogRepo},
    hooks::HookQueries,
    identity::{IdentityQueries, TokenQueries, TokenUse},
    inbox::CallbackStore,
    ledger::{LedgerQueries, LedgerUpkeep},
    orders::{OrderQueries, OrderWork, Purchases},
    outbox::{EventQueries, EventRelay},
    providers::ProviderDirectory,
    rates::RateBook,
    store::Store,
    tasks::{DeadLetters, TaskQueue, Terms},
    topups::TopupQueries,
};

/// A storage adapter: one value with every storage port.
pub trait Backend:
    Store
    + Purchases
    + OrderQueries
    + OrderWork
    + CatalogQueries
    + CatalogRepo
    + CallbackStore
    + TopupQueries
    + RateBook
    + IdentityQueries
    + TokenQueries
    + TokenUse
    + LedgerQueries
    + LedgerUpkeep
    + EventRelay
    + EventQueries
    + ProviderDirectory
    + TaskQueue
    + DeadLetters
    + Terms
    + HookQueries
    + CancelRequests
    + ConductQueries
{
}

impl<T> Backend for T where
    T: Store
        + Purchases
        + OrderQueries
        + OrderWork
        + CatalogQueries
        + CatalogRepo
        + CallbackStore
        + TopupQueries
        + RateBook
        + IdentityQueries
        + TokenQueries
        + TokenUse
        + LedgerQueries
        + LedgerUpkeep
        + EventRelay
        + EventQueries
        + ProviderDirectory
        + TaskQueue
        + DeadLetters
        + Terms
        + HookQueries
        + CancelRequests
        + ConductQueries
{
}
