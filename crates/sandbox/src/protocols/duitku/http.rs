use std::sync::Arc;

use axum::{
    Json,
    body::to_bytes,
    extract::{Path, Request, State},
    http::{Method, header},
    response::{IntoResponse, Response},
};

use super::{
    desk::Duitku,
    error::DuitkuError,
    input::{Inquiry, StatusQuery},
};
use crate::{
    protocols::gateway::{CallKind, Sending, Teller as _, answer},
    wire::Scissors,
    world::App,
};

/// Far above any call the vendor documents.
const BODY_LIMIT: usize = 64 * 1024;

/// A call by somebody who may make it.
enum Call {
    Open(Box<Inquiry>),
    Ask(StatusQuery),
}

/// Answers one call of the Duitku API.
pub(crate) async fn handle(
    State(app): State<App>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let kind = match (request.method(), path.as_str()) {
        (&Method::POST, "v2/inquiry") => CallKind::Create,
        (&Method::POST, "transactionStatus") => CallKind::Status,
        _ => return DuitkuError::not_found("No such resource").into_response(),
    };
    let duitku = Arc::clone(&app.world().duitku);
    let scissors = Scissors::of(&request);
    let (parts, body) = request.into_parts();
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or("localhost").to_owned();
    let is_json = text(header::CONTENT_TYPE).is_some_and(|it| it.starts_with("application/json"));
    let body = to_bytes(body, BODY_LIMIT).await;
    let call = match body {
        Ok(body) if is_json => duitku.admit(kind, &body),
        _ => Err(DuitkuError::bad_request("The request is invalid.")),
    };
    let call = match call {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let faults = duitku.desk().settings.faults.draw(kind);
    let courier = duitku.courier.clone();
    let work = async move {
        match duitku.perform(call, &host, faults.before_reply_callback).await {
            Ok(reply) => reply,
            Err(error) => error.into_response(),
        }
    };
    answer(&courier, faults, scissors, broken, work).await
}

impl Duitku {
    fn admit(&self, kind: CallKind, body: &[u8]) -> Result<Call, DuitkuError> {
        match kind {
            CallKind::Create => self.inquiry(body).map(Box::new).map(Call::Open),
            CallKind::Status | CallKind::Refund => self.query(body).map(Call::Ask),
        }
    }

    async fn perform(
        &self,
        call: Call,
        host: &str,
        is_hasty: bool,
    ) -> Result<Response, DuitkuError> {
        let done = match call {
            Call::Open(inquiry) => self.open(*inquiry, host, is_hasty)?,
            Call::Ask(query) => self.status(&query)?,
        };
        let sent = self.deliver(&done.hasty, &Sending::usual()).await;
        sent.map_err(|_| DuitkuError::server())?;
        Ok(Json(done.reply).into_response())
    }
}

fn broken() -> Response {
    DuitkuError::server().into_response()
}
