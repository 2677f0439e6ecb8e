//! Starting a payment.

use std::sync::Arc;

use super::{Topup, TopupState, schedule};
use crate::{
    fault::{Code, Fault},
    gateways::{Checkout, CheckoutRequest, GatewayError, PaymentGateway},
    ids::{TopupId, UserId},
    money::{Amount, Currency, Money},
    rates::ExchangeRate,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::{Clock, IdGen},
};

/// Stores the intent, then asks the gateway for a page to pay on.
///
/// The gateway is asked outside any transaction and with our reference as idempotency key. When the
/// answer is lost the top-up stays as it is, and a payment for it is still recognised.
#[derive(Clone)]
pub struct StartTopup {
    store: Arc<dyn Store>,
    gateway: Arc<dyn PaymentGateway>,
    rate: Arc<dyn ExchangeRate>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
}

impl StartTopup {
    /// The least that may be paid in, in whole rupiah: below it fees eat the payment.
    pub const MIN_IDR: i64 = 10_000;
    /// The most of one payment, in whole rupiah.
    pub const MAX_IDR: i64 = 100_000_000;

    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        gateway: Arc<dyn PaymentGateway>,
        rate: Arc<dyn ExchangeRate>,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn IdGen>),
    ) -> Self {
        Self { store, gateway, rate, clock, ids }
    }

    /// Runs the use case; the answer has the page to pay on.
    #[tracing::instrument(skip_all, fields(user.id = %user))]
    pub async fn execute(&self, user: UserId, amount: Amount) -> Result<Topup, StartError> {
        if !(Self::MIN_IDR..=Self::MAX_IDR).contains(&amount.get()) {
            return Err(StartError::Amount);
        }
        let terms = self.gateway.terms();
        let now = self.clock.now();
        let topup = Topup {
            id: TopupId::new(self.ids.uuid()),
            user,
            gateway: terms.gateway,
            amount,
            charge: self.charge(amount, terms.currency).await?,
            state: TopupState::Created,
            payment_id: None,
            checkout_url: None,
            flag: None,
            resolved: Vec::new(),
            poll_at: Some(schedule::first(now)),
            created_at: now,
        };
        retrying(ATTEMPTS, || self.insert(&topup)).await?;
        let request = CheckoutRequest { topup: topup.id, charge: topup.charge };
        let checkout = self.gateway.create_checkout(&request).await?;
        retrying(ATTEMPTS, || self.open(topup.id, &checkout)).await
    }

    /// What the gateway is asked for: the amount itself, or its price in dollars rounded up to the
    /// cent at today's rate.
    async fn charge(&self, amount: Amount, currency: Currency) -> Result<Money, StartError> {
        match currency {
            Currency::Idr | Currency::Xts => Ok(Money::idr(amount)),
            Currency::Usd => {
                let rate = self.rate.current().await?.ok_or(StartError::NoRate)?;
                rate.idr_per_usd.cents_for(amount).map(Money::usd).ok_or(StartError::Amount)
            }
        }
    }

    async fn insert(&self, topup: &Topup) -> Result<(), StartError> {
        let mut uow = self.store.begin().await?;
        uow.topups().insert_topup(topup).await?;
        Ok(uow.commit().await?)
    }

    /// The customer may have paid before this is stored: only a fresh top-up becomes pending.
    async fn open(&self, id: TopupId, checkout: &Checkout) -> Result<Topup, StartError> {
        let mut uow = self.store.begin().await?;
        let mut topup = uow.topups().lock_topup(id).await?.ok_or(StartError::Gone)?;
        if topup.state == TopupState::Created {
            topup.state = TopupState::Pending;
        }
        topup.payment_id.get_or_insert_with(|| checkout.payment_id.clone());
        topup.checkout_url = Some(checkout.url.clone());
        uow.topups().update_topup(&topup, self.clock.now()).await?;
        uow.commit().await?;
        Ok(topup)
    }
}

/// Why no payment was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Too little or too much.
    #[error("a top-up is {min} to {max} IDR", min = StartTopup::MIN_IDR, max = StartTopup::MAX_IDR)]
    Amount,
    /// Nobody knows what a dollar costs.
    #[error("no exchange rate is known")]
    NoRate,
    /// It vanished between two steps.
    #[error("the top-up is gone")]
    Gone,
    /// The gateway gave no page to pay on.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for StartError {
    fn code(&self) -> Code {
        match self {
            Self::Amount => Code::ValidationError,
            Self::NoRate => Code::FxRateUnavailable,
            Self::Gone => Code::InternalError,
            Self::Gateway(_) => Code::ServiceUnavailable,
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for StartError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
