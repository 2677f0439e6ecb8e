//! Numbers that no order owns (I-19): they are given back, or what they cost is booked as ours.

use super::{Pass, SettleError, SettleReserving, Unowned};
use crate::{
    ledger::chart,
    money::Cost,
    providers::{CancelOutcome, ProviderError},
    store::{ATTEMPTS, retrying},
};

/// How the provider let go of a number, or why it did not.
enum Gone {
    /// Without a charge.
    Free,
    /// With a charge that this pass booked.
    Booked,
    /// Not yet, or booked before.
    Otherwise,
}

impl SettleReserving {
    /// Gives back what nobody owned for so long that no purchase under way can be waiting for it;
    /// answers how many were charged all the same.
    pub(super) async fn give_back(
        &self,
        pass: &Pass,
        free: &[Unowned],
    ) -> Result<usize, SettleError> {
        let now = self.ports.clock.now();
        let provider = pass.provider;
        let watched = self.patience.orphan_after.max(self.patience.settle_after);
        let mut booked = 0;
        for one in free.iter().filter(|one| one.orphan.since + watched <= now) {
            let id = one.id();
            match self.let_go(pass, one).await {
                Ok(Gone::Free) => {
                    tracing::warn!(provider.id = %provider, "activation {id} had no owner and was given back");
                }
                Ok(Gone::Booked) => booked += 1,
                Ok(Gone::Otherwise) => {
                    tracing::debug!(provider.id = %provider, "activation {id} has no owner");
                }
                Err(LetGoError::Provider(error)) => {
                    tracing::warn!(provider.id = %provider, %error, "activation {id} has no owner");
                }
                Err(LetGoError::Settle(error)) => return Err(error),
            }
        }
        Ok(booked)
    }

    /// The cost is booked before the number is finished: as long as the provider lists it, a
    /// process that finds it finishes it, and nobody would find it later to book it.
    async fn let_go(&self, pass: &Pass, one: &Unowned) -> Result<Gone, LetGoError> {
        let id = one.id();
        let mut gone = Gone::Otherwise;
        if !one.orphan.is_written_off {
            match pass.adapter.cancel(id).await? {
                CancelOutcome::Canceled | CancelOutcome::Missing => return Ok(Gone::Free),
                CancelOutcome::Delivered if self.write_off(pass, one).await? => gone = Gone::Booked,
                // Not yet, or somebody else was faster: an order owns it, or its cost is booked.
                CancelOutcome::TooEarly | CancelOutcome::Delivered => return Ok(gone),
            }
        }
        if let Err(error) = pass.adapter.finish(id).await {
            tracing::warn!(provider.id = %pass.provider, %error, "activation {id} of no order not yet finished");
        }
        Ok(gone)
    }

    /// Books the cost of a number that got a message, unless an order owns it by now or it is
    /// booked: whoever adopts it waits for the same lock.
    async fn write_off(&self, pass: &Pass, one: &Unowned) -> Result<bool, SettleError> {
        let (provider, id) = (pass.provider, one.id());
        let cost = self.cost(pass, one).await?;
        let journal = cost.and_then(|cost| chart::orphan_sms(provider, id, cost));
        let now = self.ports.clock.now();
        let written_off = retrying(ATTEMPTS, || async {
            let mut uow = self.ports.store.begin().await?;
            let orphan = uow.orders().lock_orphan(provider, id).await?;
            let is_open = orphan.is_some_and(|orphan| !orphan.is_written_off);
            if !is_open || uow.orders().lock_by_activation(provider, id).await?.is_some() {
                return Ok::<_, SettleError>(false);
            }
            if let Some(journal) = &journal {
                uow.ledger().post(journal).await?;
            }
            uow.orders().write_off(provider, id, now).await?;
            uow.commit().await?;
            Ok(true)
        })
        .await?;
        if written_off {
            match cost {
                Some(cost) => {
                    tracing::warn!(provider.id = %provider, cost.micros = cost.micros(), "activation {id} had no owner and got a message: the cost is ours");
                }
                None => {
                    tracing::error!(provider.id = %provider, "activation {id} had no owner and got a message: nobody tells its cost, book it by hand");
                }
            }
        }
        Ok(written_off)
    }

    /// What the list says that a number costs; otherwise the most that the price list asks for its
    /// like.
    async fn cost(&self, pass: &Pass, one: &Unowned) -> Result<Option<Cost>, SettleError> {
        if let Some(cost) = one.found.activation.cost {
            return Ok(Some(cost));
        }
        let (service, country) = (&one.found.service, one.found.country.as_deref());
        Ok(self.ports.work.listed_cost(pass.provider, service, country).await?)
    }
}

/// Why a number is still there.
enum LetGoError {
    /// Its provider does not say what became of it.
    Provider(ProviderError),
    /// Its cost was not booked.
    Settle(SettleError),
}

impl From<ProviderError> for LetGoError {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<SettleError> for LetGoError {
    fn from(error: SettleError) -> Self {
        Self::Settle(error)
    }
}
