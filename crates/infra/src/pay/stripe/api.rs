//! The calls that are made, by name.

use domain::{gateways::GatewayError, time::Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded::Serializer;

use super::{
    client::{Client, Failure},
    dispute::Dispute,
    event,
    event::Event,
    refund::Refund,
    session::Session,
};

/// The most objects that Stripe puts on one page.
const PAGE: usize = 100;
/// Refunds or disputes of one payment; there are hardly ever more than a few.
const PAGES_OF_ONE_PAYMENT: usize = 10;
/// Events after an outage: twenty thousand, about as many bytes as one answer may have.
const PAGES_OF_EVENTS: usize = 200;

/// Stripe as far as we use it.
pub(super) struct Api {
    client: Client,
}

/// A part of a list.
#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
}

impl Api {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Opens a session, or finds the one that an earlier call with `key` opened.
    pub(super) async fn open(&self, key: String, form: String) -> Result<Session, GatewayError> {
        let opened = self.client.post("checkout/sessions", key, form).await;
        opened.map_err(|failure| failure.error)
    }

    /// The session with this id, together with its payment.
    pub(super) async fn session(&self, id: &str) -> Result<Option<Session>, GatewayError> {
        let path = format!("checkout/sessions/{id}");
        self.client.get(&path, &query([("expand[0]", "payment_intent")])).await
    }

    /// The session that a payment was made in.
    pub(super) async fn session_of(&self, intent: &str) -> Result<Option<Session>, GatewayError> {
        let query = query([
            ("payment_intent", intent),
            ("limit", "1"),
            ("expand[0]", "data.payment_intent"),
        ]);
        let page: Option<Page<Session>> = self.client.get("checkout/sessions", &query).await?;
        Ok(page.and_then(|page| page.data.into_iter().next()))
    }

    /// Everything given back of a payment.
    pub(super) async fn refunds(&self, intent: &str) -> Result<Vec<Refund>, GatewayError> {
        let filter = [("payment_intent", intent.to_owned())];
        self.list("refunds", &filter, PAGES_OF_ONE_PAYMENT, |it: &Refund| &it.id).await
    }

    /// Everything a payer wants back of a payment.
    pub(super) async fn disputes(&self, intent: &str) -> Result<Vec<Dispute>, GatewayError> {
        let filter = [("payment_intent", intent.to_owned())];
        self.list("disputes", &filter, PAGES_OF_ONE_PAYMENT, |it: &Dispute| &it.id).await
    }

    /// Gives back, or finds what an earlier call with `key` gave back. Refused only when it is
    /// certain that nothing was.
    pub(super) async fn give_back(
        &self,
        key: String,
        form: String,
    ) -> Result<Refund, GatewayError> {
        let given = self.client.post("refunds", key, form).await;
        given.map_err(|failure| match failure {
            Failure { is_verdict: true, error, .. } => error,
            Failure { error, .. } => unsure(error),
        })
    }

    /// Events since `since` that reached none of our webhooks, newest first.
    pub(super) async fn undelivered(&self, since: Timestamp) -> Result<Vec<Event>, GatewayError> {
        let mut filter = vec![
            ("created[gte]", since.timestamp().to_string()),
            ("delivery_success", "false".to_owned()),
        ];
        let names: Vec<String> = (0..event::KINDS.len()).map(|at| format!("types[{at}]")).collect();
        filter.extend(
            names.iter().zip(event::KINDS).map(|(name, kind)| (name.as_str(), kind.to_owned())),
        );
        self.list("events", &filter, PAGES_OF_EVENTS, |it: &Event| &it.id).await
    }

    /// All of a list. One that is longer than `pages` is not cut, because nobody would notice.
    async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, String)],
        pages: usize,
        id: impl Fn(&T) -> &String + Send,
    ) -> Result<Vec<T>, GatewayError> {
        let limit = PAGE.to_string();
        let mut all: Vec<T> = Vec::new();
        for _ in 0..pages {
            let filter = filter.iter().map(|(name, value)| (*name, value.as_str()));
            let after = all.last().map(|it| ("starting_after", id(it).as_str()));
            let query = query(filter.chain([("limit", limit.as_str())]).chain(after));
            let page: Option<Page<T>> = self.client.get(path, &query).await?;
            let Some(page) = page else { return Ok(all) };
            let is_last = !page.has_more || page.data.is_empty();
            all.extend(page.data);
            if is_last {
                return Ok(all);
            }
        }
        Err(GatewayError::Refused("there is more than we read at once"))
    }
}

/// The same, for callers who would take a refusal for certainty.
pub(super) fn unsure(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::Refused(why) => GatewayError::Unavailable(why),
        error @ GatewayError::Unavailable(_) => error,
    }
}

fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
