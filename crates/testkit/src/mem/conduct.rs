use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    abuse::{
        Ban, CancelRequests, Conduct, ConductQueries, ConductRepo, Decided, Decision, Measure,
        Standing, Tier, Trip,
    },
    ids::{OrderId, UserId},
    orders::{Order, Status},
    store::StoreError,
    time::Timestamp,
};

use super::{
    MemStore,
    state::{State, misuse},
    unit::MemUnit,
};

/// Who gave up what, and what came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Conducts {
    given_up: BTreeMap<OrderId, Timestamp>,
    bans: BTreeMap<UserId, (Tier, Timestamp)>,
    judged_from: BTreeMap<UserId, Timestamp>,
    suspended: BTreeMap<UserId, Timestamp>,
    /// Every measure that was taken, the guard's among them.
    measures: Vec<Decision>,
}

impl Conducts {
    pub(super) fn ban(&self, user: UserId, now: Timestamp) -> Option<Ban> {
        let (tier, until) = self.bans.get(&user)?;
        Ban::at(*tier, *until, now)
    }

    /// A test account begins as its customer stands.
    pub(super) fn suspend_as(&mut self, account: UserId, of: UserId) {
        if let Some(at) = self.suspended.get(&of).copied() {
            self.suspended.insert(account, at);
        }
    }

    pub(super) fn is_suspended(&self, user: UserId) -> bool {
        self.suspended.contains_key(&user)
    }
}

fn conduct(state: &State, user: UserId, since: Timestamp) -> Conduct {
    let conducts = &state.conducts;
    let since = conducts.judged_from.get(&user).map_or(since, |from| since.max(*from));
    let mut conduct = Conduct::default();
    for order in state.orders.values().map(|row| &row.order).filter(|it| it.user == user) {
        let given_up = conducts.given_up.get(&order.id).is_some_and(|at| *at > since);
        if given_up && matches!(order.status(), Status::Canceled | Status::Expired) {
            conduct.given_up += 1;
        }
        if order.delivery().is_some_and(|delivery| delivery.first_at > since) {
            conduct.delivered += 1;
        }
    }
    conduct
}

fn apply(state: &mut State, decision: &Decision) -> bool {
    let (user, at) = (decision.user, decision.at);
    let accounts = [Some(user), state.identities.test_of(user)];
    let conducts = &mut *state.conducts;
    match decision.measure {
        Measure::Ban { until } => {
            conducts.bans.insert(user, (Tier::Hard, until)) != Some((Tier::Hard, until))
        }
        Measure::Unban => {
            let in_force = conducts.ban(user, at).is_some();
            if in_force {
                conducts.bans.remove(&user);
                conducts.judged_from.insert(user, at);
            }
            in_force
        }
        Measure::Suspend => accounts.into_iter().flatten().fold(false, |changed, account| {
            let is_new = !conducts.suspended.contains_key(&account);
            conducts.suspended.entry(account).or_insert(at);
            changed | is_new
        }),
        Measure::Resume => accounts.into_iter().flatten().fold(false, |changed, account| {
            changed | conducts.suspended.remove(&account).is_some()
        }),
    }
}

#[async_trait]
impl ConductRepo for MemUnit {
    async fn give_up(&mut self, order: &Order, at: Timestamp) -> Result<(), StoreError> {
        self.step("give_up", |unit| {
            if !unit.locked_orders.contains(&order.id) {
                return Err(misuse("this unit has not locked the order"));
            }
            unit.draft.conducts.given_up.entry(order.id).or_insert(at);
            Ok(())
        })
        .await
    }

    async fn outcomes(&mut self, user: UserId, since: Timestamp) -> Result<Conduct, StoreError> {
        self.step("outcomes", |unit| Ok(conduct(&unit.draft, user, since))).await
    }

    async fn trip(&mut self, trip: &Trip) -> Result<bool, StoreError> {
        self.step("trip", |unit| {
            let conducts = &mut *unit.draft.conducts;
            let gives_way = conducts.ban(trip.user, trip.since).is_none_or(|ban| {
                (ban.tier, trip.tier) == (Tier::Soft, Tier::Hard) && ban.until < trip.until
            });
            if gives_way {
                conducts.bans.insert(trip.user, (trip.tier, trip.until));
                conducts.measures.push(Decision {
                    user: trip.user,
                    measure: Measure::Ban { until: trip.until },
                    operator: "abuse guard".to_owned(),
                    reason: trip.reason.clone(),
                    at: trip.since,
                });
            }
            Ok(gives_way)
        })
        .await
    }

    async fn decide(&mut self, decision: &Decision) -> Result<Decided, StoreError> {
        self.step("decide", |unit| {
            if !unit.draft.identities.contains(decision.user) {
                return Ok(Decided::Unknown);
            }
            if !apply(&mut unit.draft, decision) {
                return Ok(Decided::Already);
            }
            unit.draft.conducts.measures.push(decision.clone());
            Ok(Decided::Done)
        })
        .await
    }
}

#[async_trait]
impl CancelRequests for MemStore {
    async fn ask(
        &self,
        order: &Order,
        (at, since): (Timestamp, Timestamp),
        most: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.write("ask", |state| {
            let stored = state.orders.get(&order.id).map(|row| row.order.status());
            let asked = state.conducts.given_up.contains_key(&order.id);
            if stored != Some(Status::Active) || asked {
                return Ok(None);
            }
            let counts = |id: &OrderId| {
                state.orders.get(id).is_some_and(|row| {
                    row.order.user == order.user
                        && matches!(row.order.status(), Status::Active | Status::Canceled)
                })
            };
            let given_up = state.conducts.given_up.iter();
            let mut asked: Vec<_> = given_up
                .filter(|(id, asked_at)| **asked_at > since && counts(id))
                .map(|(_, asked_at)| *asked_at)
                .collect();
            asked.sort_unstable_by(|one, other| other.cmp(one));
            let last = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
            let blocked = asked.get(last).copied();
            if blocked.is_none() {
                state.conducts.given_up.insert(order.id, at);
            }
            Ok(blocked)
        })
        .await
    }
}

#[async_trait]
impl ConductQueries for MemStore {
    async fn standing(&self, user: UserId, now: Timestamp) -> Result<Standing, StoreError> {
        self.read("standing", |state| Standing {
            suspended_at: state.conducts.suspended.get(&user).copied(),
            ban: state.conducts.ban(user, now),
        })
        .await
    }
}

impl MemStore {
    /// Every measure that was taken, those of the guard among them, oldest first.
    pub async fn measures(&self) -> Vec<Decision> {
        self.state.lock().await.conducts.measures.clone()
    }
}
