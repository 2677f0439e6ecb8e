//! What most cases need first: a provider with something on sale, customers with money, orders.

use std::time::Duration;

use domain::{
    catalog::Offer,
    ids::{ExternalId, ProviderId, UserId},
    ledger::{
        LedgerQueries, PostError, Posted, Wallet,
        adjust::{Change, Proposal},
        chart,
        treasury::Decision,
    },
    money::Amount,
    orders::{
        Claim, IdempotencyKey, Lease, Order, OrderState, RequestKey, Reservation, ReserveError,
        Reserved,
    },
    providers::{PhoneNumber, SmsText},
    store::{Store, StoreError, UnitOfWork, retrying},
    time::Timestamp,
};

use super::{
    Backend,
    shelf::{add_provider, put_on_sale},
};
use crate::{Outcome, start_of_time};

/// What one number costs its customer.
pub(super) const PRICE: i64 = 30;
/// What one number costs us.
pub(super) const COST_MICROS: i64 = 3_000;

/// Units that meet in a case lose several races in a row: that they end is what is asked.
pub(super) const PERSISTENT: u8 = 50;

/// One provider with one offer, and one customer.
pub(super) struct Stage<'a, B> {
    pub(super) store: &'a B,
    pub(super) provider: ProviderId,
    pub(super) offer: Offer,
    pub(super) user: UserId,
}

impl<'a, B: Backend> Stage<'a, B> {
    /// The customer's wallet holds `balance`.
    pub(super) async fn open(store: &'a B, balance: i64) -> Outcome<Self> {
        let provider = add_provider(store, "first").await?.id;
        let offer = put_on_sale(store, provider, COST_MICROS).await?;
        let user = customer(store, "first@example.com", balance).await?;
        Ok(Self { store, provider, offer, user })
    }

    /// The same stage as seen by another customer.
    pub(super) async fn another(&self, email: &str, balance: i64) -> Outcome<Stage<'a, B>> {
        let user = customer(self.store, email, balance).await?;
        let offer = self.offer.clone();
        Ok(Stage { store: self.store, provider: self.provider, offer, user })
    }

    /// The same stage through another door of the store.
    pub(super) fn through(self, store: &B) -> Stage<'_, B> {
        Stage { store, provider: self.provider, offer: self.offer, user: self.user }
    }

    /// A purchase of `quantity`, not yet reserved.
    pub(super) fn draft(&self, quantity: u32, key: Option<RequestKey>) -> Reservation {
        let at = start_of_time();
        let draft = Order {
            id: domain::ids::OrderId::new(0),
            user: self.user,
            product: self.offer.product,
            catalog_product: self.offer.catalog_product,
            carrier: self.offer.carrier,
            attempt: 1,
            price: self.offer.price,
            quote: self.offer.quote.clone(),
            state: OrderState::Reserving { attempted_at: at },
            upstream_open: false,
            created_at: at,
            changed_at: at,
        };
        let carrier_name = self.offer.carrier_name.clone();
        Reservation { draft, quantity, most_unfinished: 1_000, key, carrier_name }
    }

    /// Reserves, running again while races are lost.
    pub(super) async fn reserve(
        &self,
        reservation: &Reservation,
    ) -> Result<Reserved, ReserveError> {
        retrying(PERSISTENT, || self.store.reserve(reservation)).await
    }

    /// One order whose money is set aside.
    pub(super) async fn reserved(&self) -> Outcome<Order> {
        self.reserved_at(start_of_time()).await
    }

    /// One order whose provider was about to be asked at `at`.
    pub(super) async fn reserved_at(&self, at: Timestamp) -> Outcome<Order> {
        let mut reservation = self.draft(1, None);
        reservation.draft.state = OrderState::Reserving { attempted_at: at };
        match self.reserve(&reservation).await? {
            Reserved::New(orders) => Ok(orders.into_iter().next().ok_or("no order was made")?),
            Reserved::Replay(_) => Err("a request without a key cannot be a repeat".into()),
        }
    }

    /// One order with the number that the provider calls `external_id`.
    pub(super) async fn active(&self, external_id: &str) -> Outcome<Order> {
        let order = leased(self.reserved().await?, external_id)?;
        assert_eq!(self.store.activate(&order).await?, Claim::Won);
        Ok(order)
    }

    /// Writes `order` as it is, with the journal of its step if there is one.
    pub(super) async fn write(&self, order: &Order, step: Option<chart::Journal>) -> Outcome {
        let mut unit = self.store.begin().await?;
        unit.orders().lock(order.id).await?.ok_or("no such order")?;
        if let Some(journal) = step {
            assert_eq!(unit.ledger().post(&journal).await?, Posted::New);
        }
        unit.orders().update(order).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Stores a first message with an active order.
    pub(super) async fn delivered(&self, order: Order) -> Outcome<Order> {
        let capture = order.money().capture(order.quote.provider, order.quote.cost);
        let at = order.changed_at + Duration::from_secs(1);
        let delivered = order.receive(SmsText::new("Code 1234"), Some("1234".into()), at)?;
        self.write(&delivered, Some(capture)).await?;
        Ok(delivered)
    }

    /// Cancels an active order, which the provider has yet to hear of.
    pub(super) async fn canceled(&self, order: Order) -> Outcome<Order> {
        let release = order.money().release();
        let at = order.changed_at + Duration::from_secs(1);
        let canceled = order.cancel(at)?;
        self.write(&canceled, Some(release)).await?;
        Ok(canceled)
    }

    /// An order as it is stored now.
    pub(super) async fn stored(&self, order: &Order) -> Outcome<Order> {
        let views = self.store.by_ids(order.user, &[order.id]).await?;
        Ok(views.into_iter().next().ok_or("no such order")?.order)
    }

    /// What the customer can spend, and what is set aside.
    pub(super) async fn wallet(&self) -> Outcome<(i64, i64)> {
        wallet(self.store, self.user).await
    }
}

/// The order with a number, not yet stored.
pub(super) fn leased(order: Order, external_id: &str) -> Outcome<Order> {
    let at = start_of_time() + Duration::from_secs(2);
    let lease = Lease {
        external_id: external(external_id)?,
        phone: PhoneNumber::parse("6281234567890").ok_or("a phone number")?,
        activated_at: at,
        expires_at: at + Duration::from_mins(20),
        cancel_from: at + Duration::from_mins(2),
        resend_from: None,
    };
    Ok(order.activate(lease, at)?)
}

pub(super) fn external(id: &str) -> Outcome<ExternalId> {
    Ok(ExternalId::parse(id).ok_or("an id of an activation")?)
}

/// A request to buy, told apart by `key` and by `fingerprint`.
pub(super) fn request(key: &str, fingerprint: &str) -> Outcome<RequestKey> {
    let key = IdempotencyKey::parse(key).ok_or("an idempotency key")?;
    Ok(RequestKey { key, operation: "orders.create", fingerprint: fingerprint.to_owned() })
}

/// A customer with a wallet that holds `balance`.
pub(super) async fn customer<B: Backend>(store: &B, email: &str, balance: i64) -> Outcome<UserId> {
    let mut unit = store.begin().await?;
    let user = unit.identity().insert_customer(email, None, start_of_time()).await?;
    let user = user.ok_or("a customer with this address")?;
    unit.ledger().open_wallet(user).await?;
    if let Some(amount) = Amount::new(balance) {
        adjust(&mut *unit, &format!("for {email}"), user, amount).await?;
    }
    unit.commit().await?;
    Ok(user)
}

/// A correction with its explanation, inside a unit.
pub(super) async fn adjust(
    unit: &mut (dyn UnitOfWork + '_),
    reference: &str,
    user: UserId,
    amount: Amount,
) -> Result<Posted, PostError> {
    unit.ledger().propose_adjustment(&proposal(reference, user, Change::Give, amount)).await?;
    Ok(unit.ledger().approve_adjustment(reference, "approver").await?.0)
}

pub(super) fn proposal(reference: &str, user: UserId, change: Change, amount: Amount) -> Proposal {
    Proposal {
        reference: reference.to_owned(),
        user,
        change,
        amount,
        operator: "operator".to_owned(),
        reason: "a case of the contract".to_owned(),
    }
}

pub(super) fn amount(units: i64) -> Outcome<Amount> {
    Ok(Amount::new(units).ok_or("an amount")?)
}

/// Posts one journal in a unit of its own.
pub(super) async fn post<B: Backend>(
    store: &B,
    journal: &chart::Journal,
) -> Result<Posted, PostError> {
    retrying(PERSISTENT, || async {
        let mut unit = Store::begin(store).await?;
        let posted = unit.ledger().post(journal).await?;
        unit.commit().await?;
        Ok(posted)
    })
    .await
}

/// Posts one journal on the word of an operator.
pub(super) async fn decide<B: Backend>(
    store: &B,
    journal: &chart::Journal,
) -> Result<Posted, PostError> {
    let decision = Decision {
        operator: "operator".to_owned(),
        reason: "a case of the contract".to_owned(),
        reference: "case".to_owned(),
    };
    retrying(PERSISTENT, || async {
        let mut unit = Store::begin(store).await?;
        let posted = unit.ledger().post(journal).await?;
        if posted == Posted::New {
            unit.ledger().note_decision(&journal.key, &decision).await?;
        }
        unit.commit().await?;
        Ok(posted)
    })
    .await
}

/// What a customer can spend, and what is set aside.
pub(super) async fn wallet<B: Backend>(store: &B, user: UserId) -> Outcome<(i64, i64)> {
    let Wallet { available, held, .. } = LedgerQueries::wallet(store, user).await?;
    Ok((available.get(), held.get()))
}

/// The books are in order.
pub(super) async fn assert_clean<B: Backend>(store: &B) -> Outcome {
    let report = store.audit().await?;
    assert_eq!(report.findings, []);
    Ok(())
}

/// A failure that only the suites make.
pub(super) fn stop<T>(_: T) -> StoreError {
    StoreError::Internal("the case stops here".into())
}
