use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    extract::{Path, Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    Action, Provider,
    activation::{Activation, Status},
    book::Purchase,
    faults::{Broken, Injected, Lost},
    lists,
    params::Params,
    prices,
    refusal::Refusal,
};
use crate::{wire::Scissors, world::App};

/// Longer than any client waits.
const SILENCE: Duration = Duration::from_mins(2);

/// What a call produces: the line or document the client reads.
pub(super) enum Reply {
    Token(Cow<'static, str>),
    Json(Vec<u8>),
    Broken(Broken),
}

impl Reply {
    pub(super) fn token(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Token(text.into())
    }

    pub(super) fn json(value: &impl Serialize) -> Self {
        serde_json::to_vec(value).map_or(Self::Broken(Broken::Http500), Self::Json)
    }
}

/// Answers one call in the `sms_activate` protocol.
pub(crate) async fn handle(
    State(app): State<App>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let Some(provider) = app.world().provider(&name) else {
        return (StatusCode::NOT_FOUND, "no such provider").into_response();
    };
    let scissors = Scissors::of(&request);
    let Some(params) = Params::read(request).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "unreadable form").into_response();
    };
    match admit(&provider, &params) {
        Ok(action) => answer(provider, params, action, scissors).await,
        Err(refusal) => Reply::token(refusal.to_string()).into_response(),
    }
}

fn admit(provider: &Provider, params: &Params) -> Result<Action, Refusal> {
    let key = params.get("api_key").ok_or(Refusal::NoKey)?;
    if provider.open_book().settings.api_key != key {
        return Err(Refusal::BadKey);
    }
    params.get("action").and_then(Action::parse).ok_or(Refusal::BadAction)
}

async fn answer(
    provider: Arc<Provider>,
    params: Params,
    action: Action,
    scissors: Scissors,
) -> Response {
    let injected = provider.begin_call(action);
    tracing::debug!(provider.code = provider.name, action = action.name(), "call");
    let courier = provider.courier.clone();
    let reply = if injected.before.is_zero() {
        perform(&provider, &params, action, &injected)
    } else {
        // In the background, so that a caller who gives up cannot undo the purchase.
        let done = courier.run(async move {
            tokio::time::sleep(injected.before).await;
            perform(&provider, &params, action, &injected)
        });
        done.await.unwrap_or(Reply::Broken(Broken::Http500))
    };
    if !injected.after.is_zero() {
        courier.pause(injected.after).await;
    }
    match injected.lost {
        Some(Lost::Silence) => {
            courier.pause(SILENCE).await;
            scissors.cut()
        }
        Some(Lost::Cut) => scissors.cut(),
        None => reply.into_response(),
    }
}

fn perform(
    provider: &Arc<Provider>,
    params: &Params,
    action: Action,
    injected: &Injected,
) -> Reply {
    if let Some(broken) = injected.broken_at_once() {
        return Reply::Broken(broken);
    }
    let outcome = match injected.refusal {
        Some(refusal) => Err(refusal),
        None => execute(provider, params, action, injected),
    };
    match injected.broken {
        Some(broken) => Reply::Broken(broken),
        None => outcome.unwrap_or_else(|refusal| Reply::token(refusal.to_string())),
    }
}

fn execute(
    provider: &Arc<Provider>,
    params: &Params,
    action: Action,
    injected: &Injected,
) -> Result<Reply, Refusal> {
    match action {
        Action::Balance => {
            Ok(Reply::token(format!("ACCESS_BALANCE:{}", provider.open_book().balance)))
        }
        Action::Countries => Ok(prices::countries()),
        Action::Services => Ok(prices::services()),
        Action::Operators => prices::operators(params.get("country")),
        Action::Prices => {
            let book = provider.open_book();
            Ok(prices::prices(&book, params.get("service"), params.get("country")))
        }
        Action::NumbersStatus => {
            Ok(prices::numbers_status(&provider.open_book(), params.get("country")))
        }
        Action::Number | Action::NumberV2 => buy(provider, params, action, injected),
        Action::ExtraCost => {
            let (book, id) = (provider.open_book(), extra_id(params)?);
            let cost = book.extra_cost(id)?;
            Ok(book
                .activation(id)
                .map_or(Reply::Broken(Broken::Http500), |before| lists::extra_cost(before, cost)))
        }
        Action::Extra => {
            let (id, multiplier) = (extra_id(params)?, injected.price_multiplier);
            provider.buy_again(id, multiplier, number_token)
        }
        Action::SetStatus => {
            let id = activation_id(params)?;
            let wanted = params.get("status").unwrap_or("");
            provider.set_status(id, wanted).map(Reply::token)
        }
        Action::Status => look(provider, params, |it| status_token(it).into()),
        Action::StatusV2 => look(provider, params, lists::status_v2),
        Action::FullSms => look(provider, params, |it| match it.last_sms() {
            Some(sms) => Reply::token(format!("FULL_SMS:{}", sms.text)),
            None => status_token(it).into(),
        }),
        Action::ActiveActivations => lists::active(
            &provider.open_book(),
            params.get("start").and_then(|start| start.parse().ok()),
            params.get("limit").and_then(|limit| limit.parse().ok()),
        ),
        Action::History => lists::history(&provider.open_book(), |name| params.get(name)),
    }
}

fn buy(
    provider: &Arc<Provider>,
    params: &Params,
    action: Action,
    injected: &Injected,
) -> Result<Reply, Refusal> {
    let second = action == Action::NumberV2;
    let purchase = Purchase {
        service: params.get("service").unwrap_or(""),
        country: params.get("country"),
        operator: params.get("operator"),
        max_price: params.get("maxPrice"),
        order_id: params.get("orderId").filter(|_| second),
        price_multiplier: injected.price_multiplier,
    };
    provider.buy(&purchase, |activation| {
        if second { lists::sold_v2(activation) } else { number_token(activation) }
    })
}

fn number_token(activation: &Activation) -> Reply {
    Reply::token(format!("ACCESS_NUMBER:{}:{}", activation.id, activation.phone))
}

fn extra_id(params: &Params) -> Result<u32, Refusal> {
    let id = params.get("activationId").and_then(|id| id.parse().ok());
    id.ok_or(Refusal::WrongActivationId)
}

fn look(
    provider: &Provider,
    params: &Params,
    print: impl FnOnce(&Activation) -> Reply,
) -> Result<Reply, Refusal> {
    let id = activation_id(params)?;
    provider.open_book().activation(id).map(print).ok_or(Refusal::NoActivation)
}

fn activation_id(params: &Params) -> Result<u32, Refusal> {
    let id = params.get("id").unwrap_or("");
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::WrongActivationId);
    }
    id.parse().map_err(|_| Refusal::NoActivation)
}

/// A finished activation answers as a cancelled one does; the old documentation says so.
pub(super) fn status_token(activation: &Activation) -> Cow<'static, str> {
    match activation.status {
        Status::Waiting => "STATUS_WAIT_CODE".into(),
        Status::Received => format!("STATUS_OK:{}", activation.last_code()).into(),
        Status::WaitRetry => format!("STATUS_WAIT_RETRY:{}", activation.last_code()).into(),
        Status::Finished | Status::Cancelled | Status::Expired => "STATUS_CANCEL".into(),
    }
}

impl From<Cow<'static, str>> for Reply {
    fn from(token: Cow<'static, str>) -> Self {
        Self::Token(token)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Token(text) => {
                ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
            }
            Self::Json(document) => {
                ([(CONTENT_TYPE, "application/json")], document).into_response()
            }
            Self::Broken(broken) => broken.into_response(),
        }
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        const PAGE: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>\
            <body><h1>Checking your browser</h1></body></html>";
        match self {
            Self::Http500 => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
            }
            Self::Html => ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE).into_response(),
            Self::Empty => StatusCode::OK.into_response(),
            // Not UTF-8, and it opens like JSON.
            Self::Garbage => [b"{\"\xff\xfe\0:".as_slice(), b"ACCESS"].concat().into_response(),
        }
    }
}
