use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{
    desk::Stripe,
    error::StripeError,
    event::{self, Origin},
    form::Form,
    http::Call,
    payment,
    session::{self, Session},
};

/// What a call that succeeded leads to.
pub(super) struct Done {
    pub(super) body: String,
    /// The id of the session it created.
    pub(super) session: Option<String>,
}

impl Stripe {
    /// Does what the call asks for.
    pub(super) fn execute(&self, call: &Call) -> Result<Done, StripeError> {
        let segments: Vec<&str> = call.path.split('/').collect();
        let is_post = call.method == Method::POST;
        let is_get = call.method == Method::GET;
        match segments.as_slice() {
            ["checkout", "sessions"] if is_post => self.create_session(call),
            ["checkout", "sessions", id] if is_get => {
                call.form(&[])?;
                self.desk().session(id).map(|session| done(&session.object()))
            }
            ["checkout", "sessions", id, "expire"] if is_post => {
                call.form(&[])?;
                self.expire_session(id)
            }
            ["events"] if is_get => {
                let form = call.form(event::LIST)?;
                self.desk().list_events(&form).map(|page| done(&page))
            }
            ["events", id] if is_get => {
                call.form(&[])?;
                let desk = self.desk();
                let event = desk.events.get(id);
                let event = event.ok_or_else(|| StripeError::no_such("event", id, "id"))?;
                Ok(done(&event.value))
            }
            ["refunds"] if is_post => {
                let form = call.form(payment::REFUND)?;
                self.desk().refund(&form, &call.origin()).map(|refund| done(&refund))
            }
            ["refunds", id] if is_get => {
                call.form(&[])?;
                let desk = self.desk();
                let refund = desk.refunds.get(id);
                refund.map(done).ok_or_else(|| StripeError::no_such("refund", id, "id"))
            }
            _ => Err(StripeError::new(
                StatusCode::NOT_FOUND,
                "invalid_request_error",
                format!("Unrecognized request URL ({}: /v1/{}).", call.method, call.path),
            )),
        }
    }

    fn create_session(&self, call: &Call) -> Result<Done, StripeError> {
        let form = call.form(session::CREATE)?;
        let mut desk = self.desk();
        let id = desk.new_id("cs_test_", 58);
        let now = desk.now.unix_seconds();
        let session = Session::create(id.clone(), &form, &call.host, now)?;
        let body = session.object().to_string();
        desk.due.insert((session.expires_at, id.clone()));
        desk.sessions.insert(&id, session);
        Ok(Done { body, session: Some(id) })
    }

    fn expire_session(&self, id: &str) -> Result<Done, StripeError> {
        let mut desk = self.desk();
        let status = desk.session(id)?.status;
        if status != "open" {
            return Err(StripeError::invalid(format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout \
                 Session has a status of `{status}`."
            )));
        }
        desk.expire(id);
        desk.session(id).map(|session| done(&session.object()))
    }
}

impl super::desk::Desk {
    pub(super) fn session(&self, id: &str) -> Result<&Session, StripeError> {
        let session = self.sessions.get(id);
        session.ok_or_else(|| StripeError::no_such("checkout.session", id, "session"))
    }
}

impl Call {
    fn form(&self, allowed: &[&str]) -> Result<Form, StripeError> {
        Form::parse(&self.form, allowed)
    }

    fn origin(&self) -> Origin {
        Origin {
            request_id: Some(self.request_id.clone()),
            idempotency_key: self.idempotency_key.clone(),
            livemode: false,
        }
    }
}

fn done(object: &Value) -> Done {
    Done { body: object.to_string(), session: None }
}
