use std::sync::Arc;

use axum::extract::State;
use domain::{ledger::LedgerQueries, money::Currency};
use http_kit::{ApiError, Reply};
use serde::Serialize;

use super::face::{Face, MoneyBody, Receipted};
use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "Balance" {
        /// On `/v1`, where the amount does not say it itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        currency: Option<&'static str> => |it| it.never_null().one_of([Currency::Idr.code()]),
        /// What can be spent now.
        balance: MoneyBody,
    }
}

pub(crate) const ABOUT: About = About {
    id: "getBalance",
    group: Group::Balance,
    summary: "Show the balance",
    text: "",
    fails: &[],
};

/// What the caller can spend.
pub(crate) async fn show(
    State(ledger): State<Arc<dyn LedgerQueries>>,
    user: CurrentUser,
    face: Face,
) -> Result<Reply<Body, Receipted<()>>, ApiError> {
    let wallet = ledger.wallet(user.id).await?;
    let currency = face.rate().is_none().then(|| Currency::Idr.code());
    let body = Body { currency, balance: face.balance(wallet.shown()) };
    Ok(face.reply(body))
}
