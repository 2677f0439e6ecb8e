use axum::{
    extract::{FromRef, State},
    http::HeaderMap,
};
use domain::{
    ids::{OrderId, UserId},
    orders::{
        RequestKey,
        reactivate::{ReactivateCommand, ReactivateOrder},
    },
};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::Deserialize;

use super::{create::Response, faults::Faults, limit::Limit};
use crate::{
    auth::CurrentUser,
    detached::detached,
    routes::face::{Face, Receipted},
    state::AppState,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    id: i64,
    max_price: Option<Limit>,
}

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
    headers: HeaderMap,
    ValidJson(request): ValidJson<Request>,
) -> Result<Reply<Response, Receipted<()>>, ApiError> {
    let command = request.command(user.id, face, &headers)?;
    let work = async move { reactivate_order.execute(command).await };
    let placed = detached(&supervisor, "reactivate-order", work).await??;
    Ok(Response::reply(placed))
}

impl Request {
    fn command(
        self,
        user: UserId,
        face: Face,
        headers: &HeaderMap,
    ) -> Result<ReactivateCommand, ApiError> {
        let mut faults = Faults::default();
        let key = faults.key(headers);
        let max_price = faults.price("max_price", self.max_price.as_ref(), Limit::most(face));
        faults.none()?;
        let limit = self.max_price.as_ref().map(Limit::canonical).unwrap_or_default();
        let fingerprint = format!("order={};max={limit}", self.id);
        let key = key.map(|key| RequestKey { key, operation: "reactivate", fingerprint });
        let order = OrderId::new(self.id);
        Ok(ReactivateCommand { user, order, max_price, key, shown_at: face.rate() })
    }
}
