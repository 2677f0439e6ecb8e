use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::{
    desk::{Desk, Stripe},
    dispute,
    error::StripeError,
    event::{self, Origin},
    form::Form,
    http::Call,
    list::Listing,
    payment::{PaymentStatus, intent_id},
    refund,
    session::{self, Session},
};

/// What can be asked to come as a whole object instead of as an id.
const INTENT: &str = "payment_intent";
const CHARGE: &str = "payment_intent.latest_charge";

const SESSIONS: &[&str] =
    &["payment_intent", "expand[#]", "limit", "starting_after", "ending_before"];

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
        match call.method {
            Method::POST => self.change(call, &segments),
            Method::GET => self.desk().read(call, &segments).map(|object| done(&object)),
            _ => Err(unrecognized(call)),
        }
    }

    fn change(&self, call: &Call, segments: &[&str]) -> Result<Done, StripeError> {
        match segments {
            ["checkout", "sessions"] => self.create_session(call),
            ["checkout", "sessions", id, "expire"] => {
                call.form(&[])?;
                self.expire_session(id)
            }
            ["refunds"] => {
                let order = refund::Order::read(&call.form(refund::CREATE)?)?;
                let mut desk = self.desk();
                let (refund, events) = desk.refund(order, &call.origin())?;
                desk.outgoing.extend(events);
                Ok(done(&refund))
            }
            _ => Err(unrecognized(call)),
        }
    }

    fn create_session(&self, call: &Call) -> Result<Done, StripeError> {
        let form = call.form(session::CREATE)?;
        let mut desk = self.desk();
        let id = desk.new_id("cs_test_", 58);
        let now = desk.now.unix_seconds();
        let session = Session::create(id.clone(), &form, &call.host, now)?;
        let body = session.object().to_string();
        desk.open(session);
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

impl Desk {
    fn read(&self, call: &Call, segments: &[&str]) -> Result<Value, StripeError> {
        match segments {
            ["checkout", "sessions"] => self.list_sessions(&call.form(SESSIONS)?),
            ["checkout", "sessions", id] => {
                let form = call.form(&["expand[#]"])?;
                self.expanded(self.session(id)?, &form.list("expand"))
            }
            ["payment_intents", id] => {
                call.form(&[])?;
                Ok(self.payment(id, "intent")?.intent())
            }
            ["charges", id] => {
                call.form(&[])?;
                let payment = self.payments.get(&intent_id(id));
                let payment = payment.filter(|it| it.status == PaymentStatus::Succeeded);
                let charge = payment.map(super::payment::Payment::charge);
                charge.ok_or_else(|| StripeError::no_such("charge", id, "id"))
            }
            ["events"] => self.list_events(&call.form(event::LIST)?),
            ["events", id] => {
                call.form(&[])?;
                let event = self.events.get(id).map(|event| event.value.clone());
                event.ok_or_else(|| StripeError::no_such("event", id, "id"))
            }
            ["refunds"] => self.list_refunds(&call.form(refund::LIST)?),
            ["refunds", id] => {
                call.form(&[])?;
                let refund = self.refunds.get(id).map(refund::Refund::object);
                refund.ok_or_else(|| StripeError::no_such("refund", id, "id"))
            }
            ["disputes"] => self.list_disputes(&call.form(dispute::LIST)?),
            ["disputes", id] => {
                call.form(&[])?;
                let dispute = self.disputes.get(id).map(dispute::Dispute::object);
                dispute.ok_or_else(|| StripeError::no_such("dispute", id, "dispute"))
            }
            _ => Err(unrecognized(call)),
        }
    }

    /// Takes a new session to its place.
    pub(super) fn open(&mut self, session: Session) {
        let id = session.id.clone();
        self.due.insert((session.expires_at, id.clone()));
        self.sessions.insert(&id, session);
    }

    pub(super) fn session(&self, id: &str) -> Result<&Session, StripeError> {
        let session = self.sessions.get(id);
        session.ok_or_else(|| StripeError::no_such("checkout.session", id, "session"))
    }

    fn list_sessions(&self, form: &Form) -> Result<Value, StripeError> {
        let url = "/v1/checkout/sessions";
        let listing = Listing { shelf: &self.sessions, what: "checkout.session", url };
        let expand: Vec<&str> = form
            .list("expand")
            .into_iter()
            .map(|path| path.strip_prefix("data.").ok_or_else(|| unexpandable(path)))
            .collect::<Result<_, _>>()?;
        known(&expand)?;
        let intent = form.get("payment_intent");
        let wanted = |session: &Session| {
            intent.is_none_or(|intent| session.payment_intent.as_deref() == Some(intent))
        };
        listing.page(form, wanted, |session| self.show(session, &expand))
    }

    fn expanded(&self, session: &Session, expand: &[&str]) -> Result<Value, StripeError> {
        known(expand)?;
        Ok(self.show(session, expand))
    }

    fn show(&self, session: &Session, expand: &[&str]) -> Value {
        let mut object = session.object();
        let payment = session.payment_intent.as_ref().and_then(|id| self.payments.get(id));
        if let Some(payment) = payment.filter(|_| !expand.is_empty()) {
            let mut intent = payment.intent();
            if expand.contains(&CHARGE) && payment.status == PaymentStatus::Succeeded {
                intent["latest_charge"] = payment.charge();
            }
            object["payment_intent"] = intent;
        }
        object
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

fn known(expand: &[&str]) -> Result<(), StripeError> {
    let unknown = expand.iter().find(|path| ![INTENT, CHARGE].contains(path));
    unknown.map_or(Ok(()), |path| Err(unexpandable(path)))
}

fn unexpandable(path: &str) -> StripeError {
    StripeError::invalid(format!("This property cannot be expanded ({path}).")).param("expand")
}

fn unrecognized(call: &Call) -> StripeError {
    StripeError::new(
        StatusCode::NOT_FOUND,
        "invalid_request_error",
        format!("Unrecognized request URL ({}: /v1/{}).", call.method, call.path),
    )
}

fn done(object: &Value) -> Done {
    Done { body: object.to_string(), session: None }
}
