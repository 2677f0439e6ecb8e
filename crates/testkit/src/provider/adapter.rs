use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{
    ids::ExternalId,
    money::{Cost, Deposit},
    providers::{
        AcquireError, AcquireRequest, Activation, CancelOutcome, Listing, NumberProvider,
        ProviderCatalog, ProviderError, SmsCode, SmsText, UpstreamStatus,
    },
};

use super::{
    script::{Call, NO_ANSWER, Sale, Script},
    world::{Sold, World},
};
use crate::{Chaos, chaos::Disturbance};

/// A provider whose next answers can be written down, and that tells the truth otherwise.
///
/// A scripted answer about a number changes nothing upstream: it is a lie. A scripted [`Sale`]
/// says itself what happens.
#[derive(Debug)]
pub struct ScriptedProvider {
    script: Mutex<Script>,
    chaos: Chaos,
}

const LOST: ProviderError = ProviderError::Unavailable("the connection was lost");

fn lost(_: Disturbance) -> ProviderError {
    LOST
}

impl ScriptedProvider {
    /// A truthful provider with `catalog` on sale; its ids count on from `first_id`.
    pub fn new(catalog: ProviderCatalog, first_id: u64, chaos: Chaos) -> Self {
        let world = World::starting_at(first_id);
        let script = Script { world, catalog, ..Script::default() };
        Self { script: Mutex::new(script), chaos }
    }

    /// Adds the treatment of a further request to buy.
    pub fn then_sale(&self, sale: Sale) -> &Self {
        self.script().sales.push_back(sale);
        self
    }

    /// Adds a further answer to a question for a number's status.
    pub fn then_status(&self, answer: Result<UpstreamStatus, ProviderError>) -> &Self {
        self.script().statuses.push_back(answer);
        self
    }

    /// Adds a further answer to a cancellation.
    pub fn then_cancel(&self, answer: Result<CancelOutcome, ProviderError>) -> &Self {
        self.script().cancels.push_back(answer);
        self
    }

    /// Adds a further answer to a request for the list of what runs.
    pub fn then_listing(&self, answer: Result<Listing, ProviderError>) -> &Self {
        self.script().listings.push_back(answer);
        self
    }

    /// Refuses a further request to close a number.
    pub fn then_finish_fails(&self, error: ProviderError) -> &Self {
        self.script().finishes.push_back(error);
        self
    }

    /// Refuses a further request to wait for a message.
    pub fn then_resend_fails(&self, error: ProviderError) -> &Self {
        self.script().resends.push_back(error);
        self
    }

    /// Adds a further answer to a question for what a number costs again.
    pub fn then_reactivation_cost(&self, answer: Result<Cost, ProviderError>) -> &Self {
        self.script().costs.push_back(answer);
        self
    }

    /// Refuses a further request for the catalog.
    pub fn then_catalog_fails(&self, error: ProviderError) -> &Self {
        self.script().catalogs.push_back(error);
        self
    }

    /// Makes this a provider without a list of what runs.
    pub fn lists_nothing(&self) -> &Self {
        self.script().lists_nothing = true;
        self
    }

    /// Whether it has a list of what runs.
    pub fn has_list(&self) -> bool {
        !self.script().lists_nothing
    }

    /// Puts something else on sale.
    pub fn stocks(&self, catalog: ProviderCatalog) -> &Self {
        self.script().catalog = catalog;
        self
    }

    /// A message arrives on a number that still runs; false when it does not run.
    pub fn deliver(&self, id: &ExternalId, code: Option<&str>, text: Option<&str>) -> bool {
        let mut script = self.script();
        let Some(sold) = script.world.get_mut(id).filter(|sold| sold.is_running()) else {
            return false;
        };
        sold.messages.push((code.map(SmsCode::from), text.map(SmsText::new)));
        sold.awaits_more = false;
        true
    }

    /// The number's time upstream is over.
    pub fn end(&self, id: &ExternalId) {
        let mut script = self.script();
        if let Some(sold) = script.world.get_mut(id)
            && sold.is_running()
        {
            sold.finished = true;
            script.vanished.insert(id.clone());
        }
    }

    /// Whether a number ended by itself: no list tells of it, and nobody whether it is charged.
    pub fn has_vanished(&self, id: &ExternalId) -> bool {
        self.script().vanished.contains(id)
    }

    /// Sells a number that nobody of ours asked for; nothing once ids have run out.
    pub fn sell_unasked(&self, request: &AcquireRequest) -> Option<Activation> {
        self.script().world.sell(request)
    }

    /// The truth about everything that was sold, oldest first.
    pub fn sold(&self) -> Vec<Sold> {
        self.script().world.sold()
    }

    /// All calls so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.script().calls.clone()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call that can be asked again: counted, answered, perhaps disturbed.
    async fn answer<T: Send>(
        &self,
        method: &'static str,
        call: Option<Call>,
        answer: impl FnOnce(&mut Script) -> Result<T, ProviderError> + Send,
    ) -> Result<T, ProviderError> {
        let number = self.chaos.before(method).await.map_err(lost)?;
        let answered = {
            let mut script = self.script();
            script.calls.extend(call);
            answer(&mut script)?
        };
        self.chaos.after(number).await.map_err(lost)?;
        Ok(answered)
    }
}

#[async_trait]
impl NumberProvider for ScriptedProvider {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Activation, AcquireError> {
        let number = self.chaos.before("acquire").await.map_err(|_| NO_ANSWER)?;
        let sale = {
            let mut script = self.script();
            script.calls.push(Call::Acquire);
            script.sale(request)
        };
        self.chaos.after(number).await.map_err(|_| NO_ANSWER)?;
        sale
    }

    async fn reactivation_cost(&self, id: &ExternalId) -> Result<Cost, ProviderError> {
        self.answer("reactivation_cost", None, |script| {
            let truth = |script: &mut Script| script.world.get_mut(id).map(|sold| sold.cost);
            let gone = ProviderError::Refused("not to be had again");
            script.costs.pop_front().unwrap_or_else(|| truth(script).ok_or(gone))
        })
        .await
    }

    async fn reactivate(&self, id: &ExternalId) -> Result<Activation, AcquireError> {
        let number = self.chaos.before("reactivate").await.map_err(|_| NO_ANSWER)?;
        let sale = {
            let mut script = self.script();
            script.calls.push(Call::Reactivate(id.clone()));
            script.sale_again(id)
        };
        self.chaos.after(number).await.map_err(|_| NO_ANSWER)?;
        sale
    }

    async fn status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        self.answer("status", Some(Call::Status(id.clone())), |script| {
            let scripted = script.statuses.pop_front();
            scripted.unwrap_or_else(|| Ok(script.world.status(id)))
        })
        .await
    }

    async fn cancel(&self, id: &ExternalId) -> Result<CancelOutcome, ProviderError> {
        self.answer("cancel", Some(Call::Cancel(id.clone())), |script| {
            let scripted = script.cancels.pop_front();
            scripted.unwrap_or_else(|| Ok(script.world.cancel(id)))
        })
        .await
    }

    async fn finish(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.answer("finish", Some(Call::Finish(id.clone())), |script| {
            if let Some(error) = script.finishes.pop_front() {
                return Err(error);
            }
            if let Some(sold) = script.world.get_mut(id) {
                sold.finished = true;
            }
            Ok(())
        })
        .await
    }

    async fn resend(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.answer("resend", Some(Call::Resend(id.clone())), |script| {
            if let Some(error) = script.resends.pop_front() {
                return Err(error);
            }
            match script.world.get_mut(id).filter(|sold| sold.is_running()) {
                None => Err(ProviderError::Refused("not running")),
                Some(sold) => {
                    sold.awaits_more = true;
                    Ok(())
                }
            }
        })
        .await
    }

    async fn active(&self) -> Result<Listing, ProviderError> {
        self.answer("active", Some(Call::Active), |script| match script.listings.pop_front() {
            Some(scripted) => scripted,
            None if script.lists_nothing => Ok(Listing::Unsupported),
            None => Ok(Listing::Complete(script.world.active())),
        })
        .await
    }

    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError> {
        self.answer("catalog", None, |script| match script.catalogs.pop_front() {
            Some(error) => Err(error),
            None => Ok(script.catalog.clone()),
        })
        .await
    }

    async fn balance(&self) -> Result<Deposit, ProviderError> {
        self.answer("balance", None, |_| Ok(Deposit::default())).await
    }
}
