use std::sync::Arc;

use axum::extract::State;
use domain::{ledger::LedgerQueries, money::Currency};
use http_kit::{ApiError, Reply};
use serde::Serialize;

use crate::auth::CurrentUser;

#[derive(Serialize)]
pub(crate) struct Body {
    currency: &'static str,
    balance: i64,
}

/// What the caller can spend.
pub(crate) async fn show(
    State(ledger): State<Arc<dyn LedgerQueries>>,
    user: CurrentUser,
) -> Result<Reply<Body>, ApiError> {
    let wallet = ledger.wallet(user.id).await?;
    Ok(Reply::new(Body { currency: Currency::Idr.code(), balance: wallet.shown() }))
}
