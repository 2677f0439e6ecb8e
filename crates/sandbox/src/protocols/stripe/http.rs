use std::{sync::Arc, time::Duration};

use axum::{
    body::to_bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;

use super::{
    Outcome,
    delivery::Deliver,
    desk::Stripe,
    error::StripeError,
    faults::{Hits, StripeFaults},
    idempotency::Turn,
    routes::Done,
};
use crate::{wire::Scissors, world::App};

/// Far above a session with a hundred line items.
const BODY_LIMIT: usize = 256 * 1024;

/// Longer than any client waits.
const SILENCE: Duration = Duration::from_mins(2);

/// One request to the API.
pub(super) struct Call {
    pub(super) method: Method,
    /// What follows `/v1/`.
    pub(super) path: String,
    /// The body of a POST, the query of anything else.
    pub(super) form: Bytes,
    /// Only a POST has one; others change nothing and ignore it.
    pub(super) idempotency_key: Option<String>,
    pub(super) host: String,
    pub(super) request_id: String,
    key: Option<String>,
}

/// An answer with status 200.
struct Reply {
    body: String,
    is_replay: bool,
}

/// Answers one call of the Stripe API.
pub(crate) async fn handle(
    State(app): State<App>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let stripe = Arc::clone(&app.world().stripe);
    let scissors = Scissors::of(&request);
    let request_id = stripe.desk().new_id("req_", 14);
    let mut response = match Call::read(request, path, request_id.clone()).await {
        Ok(call) => answer(&stripe, call, scissors).await,
        Err(error) => error.into_response(),
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("request-id", value);
    }
    response
}

async fn answer(stripe: &Arc<Stripe>, call: Call, scissors: Scissors) -> Response {
    let faults = match stripe.admit(&call) {
        Ok(faults) => faults,
        Err(error) => return error.into_response(),
    };
    if faults.http_500 {
        return StripeError::api().into_response();
    }
    if faults.http_429 {
        return StripeError::rate_limit().into_response();
    }
    let method = call.method.clone();
    let key = call.idempotency_key.clone();
    // In the background, so that a caller who gives up cannot undo it.
    let outcome = stripe.courier.run(Arc::clone(stripe).perform(call, faults)).await;
    let outcome = outcome.unwrap_or_else(|| Err(StripeError::api()));
    if method == Method::POST {
        if faults.timeout_after_commit {
            stripe.courier.pause(SILENCE).await;
            return scissors.cut();
        }
        if faults.drop_after_commit {
            return scissors.cut();
        }
        if faults.http_500_after_commit {
            return StripeError::api().into_response();
        }
    }
    let mut response = match outcome {
        Ok(reply) => reply.into_response(),
        Err(error) => error.into_response(),
    };
    if let Some(value) = key.and_then(|key| HeaderValue::from_str(&key).ok()) {
        response.headers_mut().insert("idempotency-key", value);
    }
    response
}

impl Stripe {
    fn admit(&self, call: &Call) -> Result<StripeFaults, StripeError> {
        let Some(key) = &call.key else {
            return Err(StripeError::unauthorized(
                "You did not provide an API key. You need to provide your API key in the \
                 Authorization header, using Bearer auth.",
            ));
        };
        let settings = &mut self.desk().settings;
        if *key != settings.key {
            return Err(StripeError::unauthorized("Invalid API Key provided."));
        }
        Ok(settings.faults.draw(call.kind()))
    }

    async fn perform(
        self: Arc<Self>,
        call: Call,
        faults: StripeFaults,
    ) -> Result<Reply, StripeError> {
        if let Some(key) = &call.idempotency_key {
            let request = [call.path.as_bytes(), b"?", &call.form].concat();
            if let Turn::Replay(body) = self.desk().replies.begin(key, request)? {
                return Ok(Reply { body, is_replay: true });
            }
        }
        tokio::time::sleep(faults.latency()).await;
        let outcome = self.execute(&call);
        if let Some(key) = &call.idempotency_key {
            // Calls that failed have changed nothing, so they may be made again.
            let reply = outcome.as_ref().ok().map(|done| done.body.clone());
            self.desk().replies.end(key, reply);
        }
        self.expire_due();
        let Done { body, session } = outcome?;
        if faults.before_reply_event
            && let Some(session) = session
        {
            let event = self.desk().complete(&session, &Outcome::default());
            if let Ok(event) = event {
                self.deliver(&event, Deliver::Fresh, 1).await;
            }
        }
        Ok(Reply { body, is_replay: false })
    }
}

impl Call {
    fn kind(&self) -> Hits {
        match (&self.method, self.path.as_str()) {
            (&Method::POST, "refunds") => Hits::Refunds,
            (&Method::POST, _) => Hits::Sessions,
            _ => Hits::Reads,
        }
    }

    async fn read(request: Request, path: String, request_id: String) -> Result<Self, StripeError> {
        let (parts, body) = request.into_parts();
        let text = |name| header_text(&parts.headers, name);
        let is_post = parts.method == Method::POST;
        let form = if is_post {
            let body = to_bytes(body, BODY_LIMIT).await;
            body.map_err(|_| StripeError::invalid("The request body could not be read."))?
        } else {
            Bytes::from(parts.uri.query().unwrap_or("").to_owned())
        };
        let content_type = text(header::CONTENT_TYPE.as_str()).unwrap_or("");
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        if is_post && !form.is_empty() && !is_form {
            return Err(StripeError::invalid(format!(
                "Invalid request: the content type has to be application/x-www-form-urlencoded, \
                 not '{content_type}'."
            )));
        }
        let idempotency_key = text("idempotency-key").filter(|_| is_post).map(str::to_owned);
        Ok(Self {
            path,
            form,
            idempotency_key,
            host: text("host").unwrap_or("localhost").to_owned(),
            request_id,
            key: text("authorization").and_then(api_key),
            method: parts.method,
        })
    }
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The key of `Bearer <key>`, or the user name of Basic authentication.
fn api_key(authorization: &str) -> Option<String> {
    let (scheme, value) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()?;
    decoded.split(':').next().map(str::to_owned)
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (content_type, self.body).into_response();
        if self.is_replay {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
