use std::sync::Arc;

use axum::extract::State;
use domain::{fault::Code, ids::OrderId, orders::OrderQueries, time::Clock};
use http_kit::{ApiError, Reply, ValidPath};

use super::body::OrderBody;
use crate::auth::CurrentUser;

/// One order of the caller's.
pub(crate) async fn show(
    State(orders): State<Arc<dyn OrderQueries>>,
    State(clock): State<Arc<dyn Clock>>,
    user: CurrentUser,
    ValidPath(id): ValidPath<i64>,
) -> Result<Reply<OrderBody>, ApiError> {
    let view = orders.find(user.id, OrderId::new(id)).await?;
    let view = view.ok_or_else(|| ApiError::new(Code::NotFound))?;
    Ok(Reply::new(OrderBody::new(view, clock.now())))
}
