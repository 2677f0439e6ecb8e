use std::sync::Arc;

use axum::{
    body::to_bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};

use super::{desk::Heleket, error::HeleketError, signature::sign};
use crate::{
    protocols::gateway::{CallKind, GatewayFaults, Sending, Teller as _, answer},
    wire::Scissors,
    world::App,
};

/// Far above any call the vendor documents.
const BODY_LIMIT: usize = 64 * 1024;

/// Answers one call of the Heleket API.
pub(crate) async fn handle(
    State(app): State<App>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let kind = match (request.method(), path.as_str()) {
        (&Method::POST, "payment") => CallKind::Create,
        (&Method::POST, "payment/info") => CallKind::Status,
        (&Method::POST, "payment/refund") => CallKind::Refund,
        _ => return HeleketError::no_such_route().into_response(),
    };
    let heleket = Arc::clone(&app.world().heleket);
    let scissors = Scissors::of(&request);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return HeleketError::refused("The body could not be read").into_response();
    };
    let faults = match heleket.admit(kind, &parts.headers, &body) {
        Ok(faults) => faults,
        Err(error) => return error.into_response(),
    };
    let host = text(&parts.headers, "host").unwrap_or("localhost").to_owned();
    let courier = heleket.courier.clone();
    let work = async move {
        match heleket.execute(kind, &body, &host, faults.before_reply_callback) {
            Ok(done) => {
                let sent = heleket.deliver(&done.hasty, &Sending::usual()).await;
                heleket.flush();
                if sent.is_err() { broken() } else { done.into_response() }
            }
            Err(error) => error.into_response(),
        }
    };
    answer(&courier, faults, scissors, broken, work).await
}

impl Heleket {
    /// Checks who calls. The signature is over the bytes as they came.
    fn admit(
        &self,
        kind: CallKind,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<GatewayFaults, HeleketError> {
        let settings = &mut self.desk().settings;
        let merchant = text(headers, "merchant");
        let given = text(headers, "sign");
        let is_signed = settings.keys.iter().any(|key| given == Some(&*sign(key, body)));
        if merchant != Some(&*settings.merchant) || !is_signed {
            return Err(HeleketError::unauthorized());
        }
        Ok(settings.faults.draw(kind))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn broken() -> Response {
    HeleketError::server().into_response()
}
