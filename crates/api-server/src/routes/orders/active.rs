use std::sync::Arc;

use axum::extract::State;
use domain::{orders::OrderQueries, time::Clock};
use http_kit::{ApiError, Reply};

use super::body::RunningBody;
use crate::{
    auth::CurrentUser,
    openapi::{About, Group},
};

pub(crate) const ABOUT: About = About {
    id: "listActiveOrders",
    group: Group::Orders,
    summary: "List running orders, briefly",
    text: "No money and no numbers, so it works without an exchange rate.",
    fails: &[],
};

/// The caller's running orders, briefly.
pub(crate) async fn list(
    State(orders): State<Arc<dyn OrderQueries>>,
    State(clock): State<Arc<dyn Clock>>,
    user: CurrentUser,
) -> Result<Reply<Vec<RunningBody>>, ApiError> {
    let views = orders.active(user.id).await?;
    let now = clock.now();
    Ok(Reply::new(views.into_iter().map(|view| RunningBody::new(view, now)).collect()))
}
