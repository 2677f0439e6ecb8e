use std::collections::{HashSet, VecDeque};

use domain::{
    ids::ExternalId,
    money::Cost,
    providers::{
        AcquireError, AcquireRequest, Activation, CancelOutcome, Listing, ProviderCatalog,
        ProviderError, Refusal, UpstreamStatus,
    },
};

use super::world::World;

/// How the provider treats one request to buy.
#[derive(Debug, Clone)]
pub enum Sale {
    /// Sells and says so.
    Sold,
    /// Sells and says what it really costs.
    SoldFor(Cost),
    /// Sells the same number again that it sold under this id.
    SoldTwice(ExternalId),
    /// A definite no.
    Refused(Refusal),
    /// Sells, but the answer is lost.
    AnswerLost,
    /// Never hears the request, and nobody can tell.
    RequestLost,
    /// Sells, but the answer cannot be read.
    SoldGarbled,
    /// Does not sell, and says so in words that cannot be read.
    RefusedGarbled,
}

/// A call the provider got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// To rent a number.
    Acquire,
    /// To rent one again.
    Reactivate(ExternalId),
    /// To tell where one stands.
    Status(ExternalId),
    /// To take one back.
    Cancel(ExternalId),
    /// To close one.
    Finish(ExternalId),
    /// To wait for a further message.
    Resend(ExternalId),
    /// To list what runs.
    Active,
}

/// What a provider will do, and what it knows.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) world: World,
    pub(super) catalog: ProviderCatalog,
    pub(super) lists_nothing: bool,
    /// Over by themselves.
    pub(super) vanished: HashSet<ExternalId>,
    pub(super) calls: Vec<Call>,
    pub(super) sales: VecDeque<Sale>,
    pub(super) statuses: VecDeque<Result<UpstreamStatus, ProviderError>>,
    pub(super) cancels: VecDeque<Result<CancelOutcome, ProviderError>>,
    pub(super) listings: VecDeque<Result<Listing, ProviderError>>,
    pub(super) finishes: VecDeque<ProviderError>,
    pub(super) resends: VecDeque<ProviderError>,
    pub(super) costs: VecDeque<Result<Cost, ProviderError>>,
    pub(super) catalogs: VecDeque<ProviderError>,
}

pub(super) const NO_ANSWER: AcquireError =
    AcquireError::Unknown { reason: "no answer", answered: false };
const UNREADABLE: AcquireError = AcquireError::Unknown { reason: "unreadable", answered: true };

impl Script {
    /// Treats one request to buy as written down, honestly when nothing is.
    pub(super) fn sale(&mut self, request: &AcquireRequest) -> Result<Activation, AcquireError> {
        self.sell(|world| world.sell(request).ok_or(NO_ANSWER))
    }

    /// Treats one request to rent a number again in the same way.
    pub(super) fn sale_again(&mut self, id: &ExternalId) -> Result<Activation, AcquireError> {
        self.sell(|world| world.sell_again(id).ok_or(AcquireError::Refused(Refusal::OutOfStock)))
    }

    fn sell(
        &mut self,
        take: impl FnOnce(&mut World) -> Result<Activation, AcquireError>,
    ) -> Result<Activation, AcquireError> {
        let sale = self.sales.pop_front().unwrap_or(Sale::Sold);
        match sale {
            Sale::Refused(refusal) => return Err(AcquireError::Refused(refusal)),
            Sale::RequestLost => return Err(NO_ANSWER),
            Sale::RefusedGarbled => return Err(UNREADABLE),
            Sale::SoldTwice(id) => {
                let again = self.world.get_mut(&id).map(|sold| sold.activation.clone());
                return again.ok_or(UNREADABLE);
            }
            Sale::Sold | Sale::SoldFor(_) | Sale::AnswerLost | Sale::SoldGarbled => {}
        }
        let mut activation = take(&mut self.world)?;
        match sale {
            Sale::AnswerLost => Err(NO_ANSWER),
            Sale::SoldGarbled => Err(UNREADABLE),
            Sale::SoldFor(cost) => {
                activation.cost = Some(cost);
                if let Some(sold) = self.world.get_mut(&activation.external_id) {
                    sold.cost = cost;
                }
                Ok(activation)
            }
            _ => Ok(activation),
        }
    }
}
