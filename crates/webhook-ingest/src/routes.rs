//! The paths that outsiders know.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, State},
    http::request::Parts,
    routing::get,
};
use http_kit::{ApiError, RawBody, Reply, ValidPath};

use crate::{
    payments::PaymentDesk,
    sms::{Call, SmsDesk},
};

/// What the paths lead to.
#[derive(Clone)]
pub struct Ingest {
    /// Takes providers' callbacks.
    pub sms: SmsDesk,
    /// Take the notifications of payment gateways; others have no path.
    pub payments: Vec<PaymentDesk>,
}

/// The paths themselves, without health and layers.
pub fn router(ingest: Ingest) -> Router {
    let sms = Router::new().route("/sms/{secret}", get(receive).post(receive));
    let router = sms.with_state(ingest.sms);
    ingest.payments.into_iter().fold(router, |router, desk| router.merge(desk.routes()))
}

async fn receive(
    State(desk): State<SmsDesk>,
    ValidPath(secret): ValidPath<String>,
    parts: Parts,
    RawBody(body): RawBody,
) -> Result<Reply<()>, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip());
    let call = Call { secret: &secret, query, body: &body, peer, headers: &parts.headers };
    desk.receive(&call).await?;
    Ok(Reply::new(()))
}
