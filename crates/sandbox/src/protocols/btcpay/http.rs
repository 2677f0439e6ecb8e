use std::sync::Arc;

use axum::{
    Json,
    body::to_bytes,
    extract::{Path, Request, State},
    http::header,
    response::{IntoResponse, Response},
};

use super::{Deliver, acts::Coins, desk::Btcpay, error::ApiError, routes::Call};
use crate::{
    protocols::gateway::{GatewayFaults, answer},
    wire::Scissors,
    world::App,
};

/// Far above an invoice with all its metadata.
const BODY_LIMIT: usize = 256 * 1024;

/// Answers one call of the Greenfield API.
pub(crate) async fn handle(
    State(app): State<App>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let btcpay = Arc::clone(&app.world().btcpay);
    let scissors = Scissors::of(&request);
    let call = match Call::read(request, path).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let faults = btcpay.draw(&call);
    let courier = btcpay.courier.clone();
    let broken = || ApiError::BROKEN.into_response();
    answer(&courier, faults, scissors, broken, btcpay.perform(call, faults)).await
}

impl Btcpay {
    fn draw(&self, call: &Call) -> GatewayFaults {
        self.desk().settings.faults.draw(call.kind())
    }

    async fn perform(self: Arc<Self>, call: Call, faults: GatewayFaults) -> Response {
        let outcome = self.execute(&call);
        self.expire_due();
        let done = match outcome {
            Ok(done) => done,
            Err(error) => return error.into_response(),
        };
        if faults.before_reply_callback
            && let Some(id) = done.created
        {
            for event in self.pay(&id, &Coins::default()).unwrap_or_default() {
                self.deliver(&event, Deliver::Fresh).await;
            }
        }
        Json(done.body).into_response()
    }
}

impl Call {
    async fn read(request: Request, path: String) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_LIMIT).await;
        let body = body.map_err(|_| ApiError::invalid("", "The body could not be read"))?;
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let is_json = text(header::CONTENT_TYPE).is_some_and(|it| it.starts_with(JSON));
        if !body.is_empty() && !is_json {
            return Err(ApiError::invalid("", "The content type should be application/json"));
        }
        let key = text(header::AUTHORIZATION).and_then(|it| it.strip_prefix("token "));
        Ok(Self {
            path,
            query: parts.uri.query().unwrap_or("").to_owned(),
            body,
            host: text(header::HOST).unwrap_or("localhost").to_owned(),
            key: key.map(str::to_owned),
            verb: parts.method,
        })
    }
}

const JSON: &str = "application/json";
