use std::{sync::Arc, time::Duration};

use axum::extract::{FromRef, State};
use domain::{
    fault::Code,
    ids::OrderId,
    orders::{OrderQueries, OrderView},
    time::Clock,
};
use http_kit::{ApiError, Reply, ValidPath, ValidQuery};
use runtime::Stop;
use serde::Deserialize;

use super::body::OrderBody;
use crate::{
    auth::{Callers, CurrentUser},
    live::{Live, Sought, Waited},
    openapi::{About, Group, described},
    routes::face::{Face, Receipted},
    state::AppState,
};

described! {
    /// How long the caller is ready to wait for news, for clients without event streams.
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// Seconds to wait until the order changes, 30 at most; what exceeds them is cut.
        #[serde(default)]
        wait: u32 => |it| it.usually(0),
        /// The `sms_revision` that you know, so that nothing is missed between two requests.
        after_revision: Option<i32>,
    }
}

pub(crate) const ABOUT: About = About {
    id: "getOrder",
    group: Group::Orders,
    summary: "Show an order, at once or when it has changed",
    text: "With `wait` the answer is held back until there is something new, such as the SMS, or \
           until the time is over.",
    fails: &[],
};

/// What answering takes.
pub(crate) struct Surroundings {
    orders: Arc<dyn OrderQueries>,
    live: Live,
    callers: Callers,
    clock: Arc<dyn Clock>,
    stop: Stop,
}

impl FromRef<AppState> for Surroundings {
    fn from_ref(state: &AppState) -> Self {
        Self {
            orders: FromRef::from_ref(state),
            live: Live::from_ref(state),
            callers: Callers::from_ref(state),
            clock: FromRef::from_ref(state),
            stop: Stop::from_ref(state),
        }
    }
}

/// One order of the caller's, at once or when it has changed.
pub(crate) async fn show(
    State(surroundings): State<Surroundings>,
    user: CurrentUser,
    face: Face,
    ValidPath(id): ValidPath<i64>,
    ValidQuery(parameters): ValidQuery<Parameters>,
) -> Result<Reply<OrderBody, Receipted<()>>, ApiError> {
    let view = surroundings.find(user, OrderId::new(id), &parameters).await?;
    let view = view.ok_or_else(|| ApiError::new(Code::NotFound))?;
    Ok(face.reply(OrderBody::new(view, surroundings.clock.now(), face)))
}

impl Surroundings {
    async fn find(
        &self,
        user: CurrentUser,
        order: OrderId,
        parameters: &Parameters,
    ) -> Result<Option<OrderView>, ApiError> {
        if parameters.wait == 0 {
            return Ok(self.orders.find(user.id, order).await?);
        }
        let sought = Sought {
            user: user.id,
            order,
            after_revision: parameters.after_revision,
            patience: Duration::from_secs(parameters.wait.into()),
        };
        let Some(Waited { view, has_waited }) = self.live.wait(sought, &self.stop).await? else {
            return Ok(None);
        };
        if has_waited {
            // What came meanwhile is not for somebody whose token was revoked meanwhile.
            self.callers.confirm(user.token).await?;
        }
        Ok(Some(view))
    }
}
