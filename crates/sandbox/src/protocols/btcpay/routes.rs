use axum::http::Method as Verb;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    desk::{Btcpay, Desk},
    error::ApiError,
    input::{self, NewInvoice},
    invoice::{Invoice, Status},
    refund::PullPayment,
};
use crate::protocols::gateway::CallKind;

const TAKE_DEFAULT: usize = 100;

/// One request to the API.
pub(super) struct Call {
    pub(super) verb: Verb,
    /// What follows `/api/v1/`.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: bytes::Bytes,
    pub(super) host: String,
    /// The key of `Authorization: token KEY`.
    pub(super) key: Option<String>,
}

/// What a call that succeeded leads to.
pub(super) struct Done {
    pub(super) body: Value,
    /// The id of the invoice it created.
    pub(super) created: Option<String>,
}

impl Call {
    pub(super) fn kind(&self) -> CallKind {
        match (&self.verb, self.path.rsplit('/').next()) {
            (&Verb::POST, Some("refund")) => CallKind::Refund,
            (&Verb::POST, _) => CallKind::Create,
            _ => CallKind::Status,
        }
    }

    /// The values of a parameter of the query, in order.
    fn values(&self, name: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        let named = pairs.filter(|(key, _)| key == name);
        named.map(|(_, value)| value.into_owned()).collect()
    }

    fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.values(name).pop() else { return Ok(None) };
        let number = text.parse().map_err(|_| ApiError::invalid(name, "Not a number"))?;
        Ok(Some(number))
    }
}

impl Btcpay {
    /// Does what the call asks for.
    pub(super) fn execute(&self, call: &Call) -> Result<Done, ApiError> {
        let segments: Vec<&str> = call.path.split('/').collect();
        let mut desk = self.desk();
        match segments.as_slice() {
            ["pull-payments", id, rest @ ..] if call.verb == Verb::GET => {
                desk.pull_payment(id, rest).map(done)
            }
            ["stores", store, rest @ ..] => {
                desk.admit(call, store)?;
                match call.verb {
                    Verb::GET => desk.read(call, rest).map(done),
                    Verb::POST => desk.change(call, rest),
                    _ => Err(ApiError::NO_ROUTE),
                }
            }
            _ => Err(ApiError::NO_ROUTE),
        }
    }
}

impl Desk {
    fn admit(&self, call: &Call, store: &str) -> Result<(), ApiError> {
        let key = call.key.as_ref().ok_or(ApiError::UNAUTHENTICATED)?;
        if !self.settings.keys.contains(key) {
            return Err(ApiError::UNAUTHENTICATED);
        }
        // A key is good for one store.
        if store == self.settings.store_id { Ok(()) } else { Err(ApiError::FORBIDDEN) }
    }

    fn read(&self, call: &Call, path: &[&str]) -> Result<Value, ApiError> {
        match path {
            ["invoices"] => self.list(call),
            ["invoices", id] => self.invoice(id).map(Invoice::object),
            ["invoices", id, "payment-methods"] => {
                let only_accounted = call.values("onlyAccountedPayments").pop();
                let all = only_accounted.as_deref() == Some("false");
                self.invoice(id).map(|invoice| invoice.payment_methods(all))
            }
            ["pull-payments"] => {
                let all = call.values("includeArchived").pop().as_deref() == Some("true");
                let newest = self.pull_payments.newest().map(|(_, pull)| pull);
                Ok(newest.filter(|pull| all || pull.is_open()).map(PullPayment::object).collect())
            }
            _ => Err(ApiError::NO_ROUTE),
        }
    }

    fn change(&mut self, call: &Call, path: &[&str]) -> Result<Done, ApiError> {
        match path {
            ["invoices"] => {
                let id = self.create(NewInvoice::read(&call.body)?, &call.host)?;
                let body = self.invoice(&id).map(Invoice::object)?;
                Ok(Done { body, created: Some(id) })
            }
            ["invoices", id, "status"] => {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Mark {
                    status: Status,
                }
                let Mark { status } = input::parse(&call.body)?;
                self.invoice(id)?;
                let event = self.mark(id, status);
                let event = event.ok_or_else(|| {
                    ApiError::invalid("status", "The invoice cannot be marked like that now")
                })?;
                self.outgoing.push(event);
                self.invoice(id).map(Invoice::object).map(done)
            }
            ["invoices", id, "refund"] => self.refund(id, &call.body, &call.host).map(done),
            _ => Err(ApiError::NO_ROUTE),
        }
    }

    fn invoice(&self, id: &str) -> Result<&Invoice, ApiError> {
        self.invoices.get(id).ok_or(ApiError::NO_INVOICE)
    }

    /// The invoices that the query asks for, newest first.
    fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let (orders, states) = (call.values("orderId"), call.values("status"));
        let skip = call.number("skip")?.unwrap_or(0);
        let take = call.number("take")?.unwrap_or(TAKE_DEFAULT);
        let first: i64 = call.number("startDate")?.unwrap_or(i64::MIN);
        let last: i64 = call.number("endDate")?.unwrap_or(i64::MAX);
        let wanted = |invoice: &&Invoice| {
            let has = |orders: &[String]| {
                invoice.order_id().is_some_and(|order| orders.iter().any(|it| it == order))
            };
            (orders.is_empty() || has(&orders))
                && (states.is_empty() || states.contains(&format!("{:?}", invoice.status)))
                && (first..=last).contains(&invoice.created)
        };
        let newest = self.invoices.newest().map(|(_, invoice)| invoice).filter(wanted);
        Ok(newest.skip(skip).take(take).map(Invoice::object).collect())
    }

    fn pull_payment(&self, id: &str, rest: &[&str]) -> Result<Value, ApiError> {
        let pull = self.pull_payments.get(id).ok_or(ApiError::NO_PULL_PAYMENT)?;
        match rest {
            [] => Ok(PullPayment::object(pull)),
            ["payouts"] => Ok(pull.payouts()),
            _ => Err(ApiError::NO_ROUTE),
        }
    }
}

fn done(body: Value) -> Done {
    Done { body, created: None }
}
