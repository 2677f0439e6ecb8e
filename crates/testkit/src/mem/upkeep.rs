use std::time::Duration;

use async_trait::async_trait;
use domain::{
    ledger::{
        Account, Gateway, LedgerUpkeep,
        audit::{AuditReport, Horizon},
        vitals::{Clearing, Prepaid, Vitals, Waiting},
    },
    money::Currency,
    orders::{Order, Status},
    store::StoreError,
    time::Timestamp,
};

use super::{
    MemStore, audit,
    books::Books,
    state::{State, misuse},
};

#[async_trait]
impl LedgerUpkeep for MemStore {
    async fn roll_up(&self) -> Result<u64, StoreError> {
        // Sums are made when they are asked for: all there is to keep is how far they went.
        self.write("roll_up", |state| {
            let before = state.rolled_up;
            state.rolled_up = state.books.rows.len();
            Ok::<_, StoreError>(u64::try_from(state.rolled_up - before).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn audit_recent(&self) -> Result<(AuditReport, Horizon), StoreError> {
        self.read("audit_recent", |state| {
            let report = audit::report(state);
            let fresh = state.books.rows.len().saturating_sub(state.audited);
            let transfers = i64::try_from(fresh).unwrap_or(i64::MAX);
            let horizon = Horizon(i64::try_from(state.books.rows.len()).unwrap_or(i64::MAX));
            (AuditReport { transfers, ..report }, horizon)
        })
        .await
    }

    async fn mark_audited(&self, horizon: Horizon) -> Result<(), StoreError> {
        self.write("mark_audited", |state| {
            let to = usize::try_from(horizon.0).map_err(|_| misuse("no such horizon"))?;
            state.audited = state.audited.max(to);
            Ok(())
        })
        .await
    }

    async fn vitals(&self, now: Timestamp, patience: Duration) -> Result<Vitals, StoreError> {
        self.read("vitals", |state| look(state, now - patience)).await
    }
}

fn look(state: &State, before: Timestamp) -> Vitals {
    let books = &state.books;
    let since = |of: &dyn Fn(&Order) -> Option<Timestamp>| {
        let times: Vec<_> = state.orders.values().filter_map(|row| of(&row.order)).collect();
        Waiting {
            count: i64::try_from(times.len()).unwrap_or(i64::MAX),
            since: times.into_iter().min(),
        }
    };
    let debts = books.wallets.values().map(|it| it.debt.get()).filter(|debt| *debt > 0);
    let open = books.proposals.keys().filter(|key| !books.approvals.contains_key(*key));
    Vitals {
        holds: since(&|order| is_live(order).then_some(order.created_at)),
        stuck_reserving: since(&|order| order.attempted_at().filter(|at| *at < before)),
        overdue: since(&|order| {
            let lease = order.lease().filter(|_| order.status() == Status::Active)?;
            Some(lease.expires_at).filter(|at| *at < before)
        }),
        debts: debts.fold((0, 0), |(count, sum), debt| (count + 1, sum + debt)),
        frozen: i64::try_from(books.wallets.values().filter(|it| it.frozen).count()).unwrap_or(0),
        proposals: Waiting { count: i64::try_from(open.count()).unwrap_or(0), since: None },
        clearing: clearing(books),
        prepaid: prepaid(state),
        strangers: strangers(state),
        // No notification is lost here, so none is found missing.
        unannounced: Gateway::ALL.into_iter().map(|gateway| (gateway, 0)).collect(),
        rolled_up_at: None,
        audited_at: None,
    }
}

const fn is_live(order: &Order) -> bool {
    matches!(order.status(), Status::Reserving | Status::Active)
}

fn balance(books: &Books, account: Account, currency: Currency) -> i64 {
    let rows = books.rows.iter().map(|row| row.transfer).filter(|it| it.currency == currency);
    rows.map(|it| it.amount.get() * (i64::from(it.to == account) - i64::from(it.from == account)))
        .sum()
}

fn clearing(books: &Books) -> Vec<Clearing> {
    let mut accounts = Vec::new();
    for gateway in Gateway::ALL.iter().copied() {
        for currency in Currency::ALL {
            let account = Account::GatewayClearing(gateway);
            let touches = |row: &super::books::Row| {
                let it = row.transfer;
                it.currency == currency && (it.from == account || it.to == account)
            };
            if books.rows.iter().any(touches) {
                let unsettled = -balance(books, account, currency);
                accounts.push(Clearing { gateway, currency, unsettled, since: None });
            }
        }
    }
    accounts
}

fn strangers(state: &State) -> Vec<(String, Waiting)> {
    let of = |(provider, code)| {
        let unowned = state.orphans.iter().filter(|((at, id), _)| {
            *at == provider
                && !state.orders.values().any(|row| {
                    let lease = row.order.lease().map(|it| it.external_id.as_str());
                    row.order.quote.provider == provider && lease == Some(id.as_str())
                })
        });
        let times: Vec<_> = unowned.map(|(_, orphan)| orphan.since).collect();
        let count = i64::try_from(times.len()).unwrap_or(i64::MAX);
        (code, Waiting { count, since: times.into_iter().min() })
    };
    state.providers.codes().map(of).collect()
}

fn prepaid(state: &State) -> Vec<Prepaid> {
    let books = &state.books;
    let of = |(provider, code): (_, String)| {
        let account = Account::ProviderPrepaid(provider);
        let orders = state.orders.values().map(|row| &row.order);
        let running = orders
            .filter(|order| order.quote.provider == provider && order.status() == Status::Active);
        Prepaid {
            provider,
            code,
            booked: -balance(books, account, Currency::Usd),
            running: running.map(|order| order.quote.cost.micros()).sum(),
            funded: books.journals.keys().any(|it| it.starts_with(&format!("funding:{provider}:"))),
        }
    };
    state.providers.codes().map(of).collect()
}
