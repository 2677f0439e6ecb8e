use serde_json::{Map, Value};

use super::{
    desk::{Btcpay, Desk},
    error::ApiError,
    exact::Exact,
    input::{NewInvoice, SpeedPolicy},
    invoice::{Additional, Invoice, Status},
    method::{Method, Payment, PaymentStatus},
    refund::PayoutState,
};
use crate::protocols::gateway::{ActError, PayKind};

/// Coins on their way to an invoice.
#[derive(Debug, Default)]
pub(crate) struct Coins {
    pub(crate) kind: PayKind,
    /// Instead of what `kind` comes to, in coins.
    pub(crate) value: Option<Exact>,
    pub(crate) method: Method,
    /// Leaves a payment on chain without a confirmation.
    pub(crate) is_unconfirmed: bool,
}

/// What payers, miners and the shop's operator do. Nothing is sent yet: the ids of the events come
/// back.
impl Btcpay {
    /// Sends coins to an invoice.
    pub(crate) fn pay(&self, id: &str, coins: &Coins) -> Result<Vec<String>, ActError> {
        self.desk().pay(id, coins)
    }

    /// Confirms all payments of an invoice that wait for it.
    pub(crate) fn confirm(&self, id: &str) -> Result<Vec<String>, ActError> {
        self.desk().confirm(id)
    }

    /// Replaces all payments that are not confirmed yet by transactions to somebody else.
    pub(crate) fn double_spend(&self, id: &str) -> Result<Vec<String>, ActError> {
        self.desk().double_spend(id)
    }

    /// Ends the time to pay.
    pub(crate) fn expire(&self, id: &str) -> Result<Vec<String>, ActError> {
        let mut desk = self.desk();
        let now = desk.now.unix_seconds();
        let invoice = desk.invoices.get_mut(id).ok_or(ActError::Unknown)?;
        if invoice.status != Status::New {
            return Err(ActError::Conflict(format!("{:?}", invoice.status)));
        }
        invoice.expires_at = now;
        Ok(desk.follow(id))
    }

    /// Ends watching the chain for confirmations.
    pub(crate) fn stop_watching(&self, id: &str) -> Result<Vec<String>, ActError> {
        let mut desk = self.desk();
        let now = desk.now.unix_seconds();
        desk.invoices.get_mut(id).ok_or(ActError::Unknown)?.monitored_until = now;
        Ok(desk.follow(id))
    }

    /// A person decides what becomes of an invoice.
    pub(crate) fn mark(&self, id: &str, status: Status) -> Result<Vec<String>, ActError> {
        let mut desk = self.desk();
        desk.invoices.get(id).ok_or(ActError::Unknown)?;
        let event = desk.mark(id, status);
        let event = event.ok_or_else(|| ActError::Conflict("not to be marked so".to_owned()))?;
        Ok(vec![event])
    }

    /// The payer claims a refund, or the claim moves on.
    pub(crate) fn claim(&self, id: &str, state: PayoutState) -> Result<(), ActError> {
        self.desk().claim(id, state)
    }

    /// The operator withdraws a refund that was not paid out.
    pub(crate) fn archive(&self, id: &str) -> Result<(), ActError> {
        self.desk().archive(id)
    }

    /// Opens an invoice that the shop's server did not ask for.
    pub(crate) fn open(&self, document: &Value, host: &str) -> Result<String, ActError> {
        let new = NewInvoice::read(document.to_string().as_bytes());
        let opened = new.and_then(|new| self.desk().create(new, host));
        let opened = opened.map_err(|error| ActError::Conflict(format!("{error:?}")))?;
        Ok(opened)
    }

    /// The invoice as the API shows it; nothing when there is none.
    pub(crate) fn invoice(&self, id: &str) -> Option<Value> {
        self.desk().invoices.get(id).map(Invoice::object)
    }

    /// Records an event of any type about any invoice.
    pub(crate) fn invent(&self, kind: &str, id: &str, metadata: Map<String, Value>) -> String {
        self.desk().invent(kind, id, metadata)
    }
}

impl Desk {
    /// Opens an invoice and returns its id.
    pub(super) fn create(&mut self, new: NewInvoice, host: &str) -> Result<String, ApiError> {
        let currency = new.currency.unwrap_or_else(|| "USD".to_owned()).to_uppercase();
        let rate = self.settings.rates.get(&currency).copied();
        let rate = rate.ok_or_else(|| ApiError::invalid("currency", "Invalid currency"))?;
        let id = self.ids.digits(22);
        let now = self.now.unix_seconds();
        let minutes = |minutes: u32| i64::from(minutes) * 60;
        let expires_at = now + minutes(new.checkout.expiration_minutes);
        let invoice = Invoice {
            id: id.clone(),
            store_id: self.settings.store_id.clone(),
            amount: new.amount,
            currency,
            rate,
            metadata: new.metadata,
            created: now,
            expires_at,
            monitored_until: expires_at + minutes(new.checkout.monitoring_minutes),
            checkout: new.checkout,
            status: Status::New,
            additional: Additional::None,
            payments: Vec::new(),
            checkout_link: format!("http://{host}/i/{id}"),
        };
        self.due.insert((invoice.expires_at, id.clone()));
        self.due.insert((invoice.monitored_until, id.clone()));
        self.invoices.insert(&id, invoice);
        let event = self.record("InvoiceCreated", &id, Value::Object(Map::new()));
        self.outgoing.extend(event);
        Ok(id)
    }

    pub(super) fn mark(&mut self, id: &str, status: Status) -> Option<String> {
        let change = self.invoices.get_mut(id)?.mark(status)?;
        let (kind, extra) = change.event();
        self.record(kind, id, extra)
    }

    fn pay(&mut self, id: &str, coins: &Coins) -> Result<Vec<String>, ActError> {
        let payment_id = match coins.method {
            Method::Chain => format!("{}-0", self.ids.digits(64)),
            Method::Lightning => self.ids.digits(64),
        };
        let now = self.now.unix_seconds();
        let invoice = self.invoices.get_mut(id).ok_or(ActError::Unknown)?;
        let mut events = Vec::new();
        if coins.kind == PayKind::Late && invoice.status == Status::New {
            invoice.expires_at = now;
            events.extend(self.follow(id));
        }
        let invoice = self.invoices.get_mut(id).ok_or(ActError::Unknown)?;
        let value = coins.value.map_or_else(|| coins.value_for(invoice), Ok)?;
        let payment = Payment {
            id: payment_id,
            method: coins.method,
            value,
            received: now,
            status: PaymentStatus::Processing,
        };
        let is_fast = invoice.checkout.speed_policy == SpeedPolicy::High;
        invoice.payments.push(payment.clone());
        events.extend(self.record_payment("InvoiceReceivedPayment", id, &payment));
        events.extend(self.follow(id));
        if !coins.is_unconfirmed || is_fast || coins.method == Method::Lightning {
            events.extend(self.confirm(id)?);
        }
        Ok(events)
    }

    fn confirm(&mut self, id: &str) -> Result<Vec<String>, ActError> {
        let mut events = Vec::new();
        for payment in self.unconfirmed(id, PaymentStatus::Settled)? {
            events.extend(self.record_payment("InvoicePaymentSettled", id, &payment));
        }
        events.extend(self.follow(id));
        Ok(events)
    }

    fn double_spend(&mut self, id: &str) -> Result<Vec<String>, ActError> {
        self.unconfirmed(id, PaymentStatus::Invalid)?;
        Ok(self.follow(id))
    }

    /// Moves the payments that wait for a confirmation on and returns them.
    fn unconfirmed(&mut self, id: &str, to: PaymentStatus) -> Result<Vec<Payment>, ActError> {
        let invoice = self.invoices.get_mut(id).ok_or(ActError::Unknown)?;
        let waiting = invoice.payments.iter_mut();
        let waiting = waiting.filter(|payment| payment.status == PaymentStatus::Processing);
        let moved: Vec<Payment> = waiting
            .map(|payment| {
                payment.status = to;
                payment.clone()
            })
            .collect();
        if moved.is_empty() {
            return Err(ActError::Conflict("no payment waits for a confirmation".to_owned()));
        }
        Ok(moved)
    }
}

impl Coins {
    fn value_for(&self, invoice: &Invoice) -> Result<Exact, ActError> {
        let places = self.method.places();
        let whole = invoice.amount.unwrap_or(Exact::new(10, 0)).over_up(invoice.rate, places);
        let due = if invoice.amount.is_some() { invoice.due(self.method) } else { whole };
        match self.kind {
            PayKind::Second if due.is_positive() => {
                Err(ActError::Conflict("not paid for the first time yet".to_owned()))
            }
            PayKind::Second => Ok(whole),
            _ if !due.is_positive() => Err(ActError::Conflict("paid".to_owned())),
            PayKind::Exact | PayKind::Late => Ok(due),
            PayKind::Over => Ok(due.plus(whole.over_up(Exact::new(10, 0), places))),
            PayKind::Under => Ok(due.over_up(Exact::new(2, 0), places)),
        }
    }
}
