use axum::extract::{FromRef, State};
use domain::{
    fault::Code,
    ids::{OrderId, UserId},
    orders::{
        RequestKey,
        reactivate::{ReactivateCommand, ReactivateOrder},
    },
};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::Deserialize;

use super::{create::Response, faults::Faults, key::KeyHeader, limit::Limit};
use crate::{
    auth::CurrentUser,
    detached::detached,
    openapi::{About, Group, described},
    routes::face::{Face, Receipted},
    state::AppState,
};

described! {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Request as "Reactivation" {
        /// The `id` of a completed order.
        id: i64,
        /// The most it may cost.
        max_price: Option<Limit>,
    }
}

pub(crate) const ABOUT: About = About {
    id: "reactivateOrder",
    group: Group::Orders,
    summary: "Rent the number of a completed order again",
    text: "A new order on the same number, at what its provider wants now.",
    fails: &[
        Code::NotFound,
        Code::ProviderError,
        Code::NoOfferAvailable,
        Code::IdempotencyKeyReused,
        Code::InsufficientBalance,
        Code::Conflict,
        Code::RequestInProgress,
        Code::TempBannedAbuseGuard,
    ],
};

/// What renting again takes besides its request.
pub(crate) struct Renewing {
    reactivate_order: ReactivateOrder,
    supervisor: Supervisor,
}

impl FromRef<AppState> for Renewing {
    fn from_ref(state: &AppState) -> Self {
        Self {
            reactivate_order: ReactivateOrder::from_ref(state),
            supervisor: Supervisor::from_ref(state),
        }
    }
}

/// Buys the number of a completed order again.
pub(crate) async fn reactivate(
    State(Renewing { reactivate_order, supervisor }): State<Renewing>,
    user: CurrentUser,
    face: Face,
    key: KeyHeader,
    ValidJson(request): ValidJson<Request>,
) -> Result<Reply<Response, Receipted<()>>, ApiError> {
    let command = request.command(user.id, face, &key)?;
    let work = async move { reactivate_order.execute(command).await };
    let placed = detached(&supervisor, "reactivate-order", work).await??;
    Ok(Response::reply(placed))
}

impl Request {
    fn command(
        self,
        user: UserId,
        face: Face,
        key: &KeyHeader,
    ) -> Result<ReactivateCommand, ApiError> {
        let mut faults = Faults::default();
        let key = faults.key(key);
        let max_price = faults.price("max_price", self.max_price.as_ref(), Limit::most(face));
        faults.none()?;
        let limit = self.max_price.as_ref().map(Limit::canonical).unwrap_or_default();
        let fingerprint = format!("order={};max={limit}", self.id);
        let key = key.map(|key| RequestKey { key, operation: "reactivate", fingerprint });
        let order = OrderId::new(self.id);
        Ok(ReactivateCommand { user, order, max_price, key, shown_at: face.rate() })
    }
}
