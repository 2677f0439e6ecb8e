use url::form_urlencoded;

use super::{
    desk::{Desk, Stripe},
    dispute::{Complaint, DisputeStatus},
    event::Origin,
    form::Form,
    payment::{ActError, Outcome},
    refund::{Order, RefundStatus},
    session::{self, Session},
};

/// A session that somebody else than the shop's server opens.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    /// The session to repeat; a plain one is made when absent.
    pub(crate) like: Option<String>,
    pub(crate) reference: Option<String>,
    /// In minor units; of a plain session only.
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) host: String,
}

/// Which payment an act is about.
#[derive(Debug)]
pub(crate) enum Paid {
    Session(String),
    Intent(String),
}

/// What payers, banks and the shop's operator do at the gateway. Nothing is sent yet: the ids of
/// the events come back.
impl Stripe {
    /// Completes a session.
    pub(crate) fn pay(&self, session: &str, outcome: &Outcome) -> Result<String, ActError> {
        self.desk().complete(session, outcome)
    }

    /// Declines an attempt, or fails a payment that was to come later.
    pub(crate) fn fail(&self, session: &str) -> Result<String, ActError> {
        self.desk().fail(session)
    }

    /// Gives money back by hand.
    pub(crate) fn give_back(
        &self,
        paid: &Paid,
        amount: Option<u64>,
    ) -> Result<(String, Vec<String>), ActError> {
        let mut desk = self.desk();
        let order = Order { intent: desk.intent(paid)?, amount, ..Order::default() };
        let refund = desk.refund(order, &Origin::default());
        let (refund, events) =
            refund.map_err(|error| ActError::NotNow(error.message().to_owned()))?;
        Ok((refund["id"].as_str().unwrap_or_default().to_owned(), events))
    }

    /// Moves a refund on.
    pub(crate) fn settle_refund(
        &self,
        id: &str,
        status: RefundStatus,
        failure_reason: Option<String>,
    ) -> Result<Vec<String>, ActError> {
        self.desk().settle_refund(id, status, failure_reason)
    }

    /// Asks the bank for the money back.
    pub(crate) fn dispute(
        &self,
        paid: &Paid,
        complaint: Complaint,
    ) -> Result<(String, Vec<String>), ActError> {
        let mut desk = self.desk();
        let intent = desk.intent(paid)?;
        desk.dispute(&intent, complaint)
    }

    /// Moves a dispute on.
    pub(crate) fn decide_dispute(
        &self,
        id: &str,
        next: DisputeStatus,
    ) -> Result<Vec<String>, ActError> {
        self.desk().decide_dispute(id, next)
    }

    /// Opens a session and returns its id.
    pub(crate) fn open(&self, opening: &Opening) -> Result<String, ActError> {
        let mut desk = self.desk();
        let id = desk.new_id("cs_test_", 58);
        let now = desk.now.unix_seconds();
        let session = match &opening.like {
            Some(like) => {
                let like = desk.sessions.get(like).ok_or(ActError::Unknown("session"))?;
                like.again(id.clone(), opening.reference.clone(), now)
            }
            None => plain(id.clone(), opening, now)?,
        };
        desk.open(session);
        Ok(id)
    }
}

impl Desk {
    fn intent(&self, paid: &Paid) -> Result<String, ActError> {
        match paid {
            Paid::Intent(intent) => Ok(intent.clone()),
            Paid::Session(id) => {
                let session = self.sessions.get(id).ok_or(ActError::Unknown("session"))?;
                let nothing = || ActError::NotNow("nothing was paid".to_owned());
                session.payment_intent.clone().ok_or_else(nothing)
            }
        }
    }
}

fn plain(id: String, opening: &Opening, now: i64) -> Result<Session, ActError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("mode", "payment")
        .append_pair("success_url", "https://shop.invalid/paid")
        .append_pair("line_items[0][quantity]", "1")
        .append_pair("line_items[0][price_data][currency]", &opening.currency)
        .append_pair("line_items[0][price_data][unit_amount]", &opening.amount.to_string())
        .append_pair("line_items[0][price_data][product_data][name]", "Something else");
    if let Some(reference) = &opening.reference {
        form.append_pair("client_reference_id", reference);
    }
    let form = Form::parse(form.finish().as_bytes(), session::CREATE);
    form.and_then(|form| Session::create(id, &form, &opening.host, now))
        .map_err(|error| ActError::NotNow(error.message().to_owned()))
}
