use std::sync::Arc;

use axum::extract::State;
use domain::{
    fault::FieldFault,
    orders::{OrderPage, OrderQueries, Status},
    time::Clock,
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use super::body::{OrderBody, statuses};
use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
    routes::face::{Face, Receipted},
};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// Most orders to list.
        limit: Option<i64> => |it| {
            it.at_least(1).at_most(MAX_LIMIT).usually(i64::from(DEFAULT_LIMIT))
        },
        /// How many of the newest to leave out.
        offset: Option<i64> => |it| it.at_least(0).at_most(u32::MAX).usually(0),
        /// Only those that stand so; upper or lower case.
        status: Option<String> => statuses,
    }
}

impl Parameters {
    fn page(self) -> Result<OrderPage, ApiError> {
        let mut faults = Vec::new();
        let limit = self.limit.map_or(Some(DEFAULT_LIMIT), |limit| {
            u32::try_from(limit).ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
        });
        if limit.is_none() {
            faults.push(FieldFault::new("limit", format!("must be 1 to {MAX_LIMIT}")));
        }
        let offset = self.offset.map_or(Some(0), |offset| u32::try_from(offset).ok());
        if offset.is_none() {
            faults.push(FieldFault::new("offset", "must be 0 or more, within 32 bits"));
        }
        let status = self.status.map(|text| Status::parse(&text).filter(|s| s.is_public()));
        if status == Some(None) {
            let known: Vec<_> =
                Status::ALL.into_iter().filter(|s| s.is_public()).map(Status::as_str).collect();
            faults.push(FieldFault::new("status", format!("must be one of {}", known.join(", "))));
        }
        match (limit, offset) {
            (Some(limit), Some(offset)) if faults.is_empty() => {
                Ok(OrderPage { limit, offset, status: status.flatten() })
            }
            _ => Err(ApiError::validation(&faults)),
        }
    }
}

described! {
    #[derive(Serialize)]
    pub(crate) struct Meta {
        /// Most orders that were to be listed.
        limit: u32,
        /// How many were left out.
        offset: u32,
        /// Orders listed.
        count: usize,
    }
}

pub(crate) const ABOUT: About = About {
    id: "listOrders",
    group: Group::Orders,
    summary: "List orders",
    text: "Newest first.",
    fails: &[],
};

/// The caller's orders, newest first.
pub(crate) async fn list(
    State(orders): State<Arc<dyn OrderQueries>>,
    State(clock): State<Arc<dyn Clock>>,
    user: CurrentUser,
    face: Face,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<Vec<OrderBody>, Receipted<Meta>>, ApiError> {
    let page = query.page()?;
    let views = orders.list(user.id, page).await?;
    let now = clock.now();
    let meta = Meta { limit: page.limit, offset: page.offset, count: views.len() };
    let bodies = views.into_iter().map(|view| OrderBody::new(view, now, face)).collect();
    Ok(face.reply_with(bodies, meta))
}
