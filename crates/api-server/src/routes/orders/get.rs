use std::sync::Arc;

use axum::extract::State;
use domain::{fault::Code, ids::OrderId, orders::OrderQueries, time::Clock};
use http_kit::{ApiError, Reply, ValidPath};

use super::body::OrderBody;
use crate::{
    auth::CurrentUser,
    routes::face::{Face, Receipted},
};

/// One order of the caller's.
pub(crate) async fn show(
    State(orders): State<Arc<dyn OrderQueries>>,
    State(clock): State<Arc<dyn Clock>>,
    user: CurrentUser,
    face: Face,
    ValidPath(id): ValidPath<i64>,
) -> Result<Reply<OrderBody, Receipted<()>>, ApiError> {
    let view = orders.find(user.id, OrderId::new(id)).await?;
    let view = view.ok_or_else(|| ApiError::new(Code::NotFound))?;
    Ok(face.reply(OrderBody::new(view, clock.now(), face)))
}
