use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{
    ids::{ExternalId, ProviderId},
    money::Cost,
    orders::{InFlight, Order, OrderWork, Orphan, Status},
    providers::PhoneNumber,
    store::StoreError,
    time::Timestamp,
};

use super::{
    MemStore,
    orders::rents,
    state::{OrderRow, State},
};

const fn is_running(order: &Order) -> bool {
    matches!(order.status(), Status::Active | Status::OtpReceived)
}

/// Which orders a reconciler wants, and where it notes when it may look again.
struct Claiming {
    wants: fn(&Order, Timestamp) -> bool,
    next: fn(&mut OrderRow) -> &mut Option<Timestamp>,
}

const POLLS: Claiming =
    Claiming { wants: |order, _| is_running(order), next: |row| &mut row.poll_at };
const EXPIRIES: Claiming = Claiming {
    wants: |order, now| is_running(order) && order.lease().is_some_and(|l| l.expires_at <= now),
    next: |row| &mut row.expire_at,
};

impl Claiming {
    fn claim(
        &self,
        state: &mut State,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Vec<Order> {
        let mut claimed = Vec::new();
        for row in state.orders.values_mut() {
            let free = (self.next)(row).is_none_or(|next| next <= now);
            let room = claimed.len() < usize::try_from(limit).unwrap_or(usize::MAX);
            if room && free && (self.wants)(&row.order, now) {
                *(self.next)(row) = Some(now + interval);
                claimed.push(row.order.clone());
            }
        }
        claimed
    }
}

#[async_trait]
impl OrderWork for MemStore {
    async fn stuck(&self, before: Timestamp, limit: u32) -> Result<Vec<Order>, StoreError> {
        self.read("stuck", |state| {
            let orders = state.orders.values().map(|row| &row.order);
            let mut stuck: Vec<_> =
                orders.filter(|o| o.attempted_at().is_some_and(|at| at < before)).collect();
            stuck.sort_by_key(|order| (order.attempted_at(), order.id));
            stuck.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect()
        })
        .await
    }

    async fn in_flight(
        &self,
        provider: ProviderId,
        since: Timestamp,
    ) -> Result<Vec<InFlight>, StoreError> {
        self.read("in_flight", |state| {
            let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
            for order in state.orders.values().map(|row| &row.order) {
                let asked = order.attempted_at().is_some_and(|at| at >= since);
                if asked && order.quote.provider == provider {
                    let what = (order.quote.service.clone(), order.quote.country.clone());
                    *counts.entry(what).or_default() += 1;
                }
            }
            let group = |((service, country), count)| InFlight { service, country, count };
            counts.into_iter().map(group).collect()
        })
        .await
    }

    async fn asked_again(&self, provider: ProviderId) -> Result<Vec<PhoneNumber>, StoreError> {
        self.read("asked_again", |state| {
            let orders = state.orders.values().map(|row| &row.order);
            let here = orders.filter(|order| order.quote.provider == provider);
            let reserving = here.filter(|order| order.attempted_at().is_some());
            reserving.filter_map(|order| Some(order.quote.again.as_ref()?.phone.clone())).collect()
        })
        .await
    }

    async fn known(
        &self,
        provider: ProviderId,
        ids: &[ExternalId],
    ) -> Result<Vec<ExternalId>, StoreError> {
        self.read("known", |state| {
            let owned =
                |id: &&ExternalId| state.orders.values().any(|row| rents(&row.order, provider, id));
            ids.iter().filter(owned).cloned().collect()
        })
        .await
    }

    async fn waited_on(
        &self,
        provider: ProviderId,
        before: Timestamp,
    ) -> Result<Vec<ExternalId>, StoreError> {
        self.read("waited_on", |state| {
            let orders = state.orders.values().map(|row| &row.order);
            let waited = orders.filter(|order| {
                order.status() == Status::Active && order.quote.provider == provider
            });
            let old = waited.filter_map(Order::lease).filter(|it| it.activated_at < before);
            old.map(|lease| lease.external_id.clone()).collect()
        })
        .await
    }

    async fn due_polls(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        self.write("due_polls", |state| Ok(POLLS.claim(state, now, interval, limit))).await
    }

    async fn due_expiries(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        self.write("due_expiries", |state| Ok(EXPIRIES.claim(state, now, interval, limit))).await
    }

    async fn note_orphan(
        &self,
        provider: ProviderId,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Orphan, StoreError> {
        self.write("note_orphan", |state| {
            let fresh = Orphan { since: now, is_written_off: false };
            Ok(*state.orphans.entry((provider, id.as_str().to_owned())).or_insert(fresh))
        })
        .await
    }

    async fn listed_cost(
        &self,
        provider: ProviderId,
        service: &str,
        country: Option<&str>,
    ) -> Result<Option<Cost>, StoreError> {
        self.read("listed_cost", |state| {
            let quotes = state.catalog.quotes().filter(|quote| {
                quote.provider == provider
                    && quote.service == service
                    && country.is_none_or(|country| quote.country == country)
            });
            quotes.map(|quote| quote.cost).max()
        })
        .await
    }

    async fn due_sweeps(
        &self,
        now: Timestamp,
        interval: Duration,
    ) -> Result<Vec<ProviderId>, StoreError> {
        self.write("due_sweeps", |state| Ok(state.providers.due_sweeps(now, interval))).await
    }
}
