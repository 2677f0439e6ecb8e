use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ids::ExternalId,
    money::{Cost, Deposit},
    providers::{
        AcquireError, AcquireRequest, Activation, ActiveActivation, CancelOutcome, Listing,
        NumberProvider, ProviderCatalog, ProviderError, Refusal, UpstreamStatus,
    },
};
use tokio::time::Instant;

use super::{
    again, balance, catalog,
    change::{self, Change},
    client::{Bounds, Client, NoReply},
    listing::{self, Page},
    purchase::{self, NotSold},
    reply::Reply,
    status::{self, Detail},
    value::decimal,
};

/// Far above any reply about one activation or a hundred.
const BODY_BYTES: usize = 64 * 1024;
/// Above any provider's whole price list.
const CATALOG_BYTES: usize = 8 * 1024 * 1024;
/// What providers that page list at most per call.
const PAGE: usize = 100;
/// Rows asked for again with each further page: they show that the list did not move meanwhile.
const OVERLAP: usize = 10;
/// Pages until a list is taken for endless.
const MOST_PAGES: usize = 100;

/// A provider of the `handler_api.php` family.
pub struct SmsActivate {
    client: Client,
    /// Spans a whole call of the port, as far as this adapter can keep to it.
    timeout: Duration,
    /// Learned from its answers: no getNumberV2.
    lacks_priced_purchase: AtomicBool,
    /// Learned from its answers: no getStatusV2.
    lacks_messages: AtomicBool,
}

impl SmsActivate {
    /// Asks through `client`, with `timeout` for each request.
    pub fn new(client: Client, timeout: Duration) -> Self {
        let lacks_priced_purchase = AtomicBool::new(false);
        Self { client, timeout, lacks_priced_purchase, lacks_messages: AtomicBool::new(false) }
    }

    async fn call(
        &self,
        action: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, NoReply> {
        let bounds = Bounds { timeout: self.timeout, body_bytes: BODY_BYTES };
        self.client.call(action, parameters, bounds).await
    }

    async fn ask(
        &self,
        action: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<Reply, ProviderError> {
        self.call(action, parameters).await.map_err(NoReply::into_error)
    }

    async fn ask_for_list(&self, action: &'static str) -> Result<Reply, ProviderError> {
        let bounds = Bounds { timeout: self.timeout * 3, body_bytes: CATALOG_BYTES };
        let reply = self.client.call(action, &[("lang", "en")], bounds).await;
        reply.map_err(NoReply::into_error)
    }

    async fn buy(
        &self,
        action: &'static str,
        request: &AcquireRequest,
    ) -> Result<Activation, NotSold> {
        let max_price = decimal(request.max_cost);
        let parameters = [
            ("service", request.service.as_str()),
            ("country", request.country.as_str()),
            ("maxPrice", max_price.as_str()),
        ];
        let reply = self.call(action, &parameters).await;
        purchase::sold(&reply.map_err(|error| NotSold::For(unsold(error)))?)
    }

    async fn plain_status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        status::status(&self.ask("getStatus", &[("id", id.as_str())]).await?)
    }

    /// The whole message, where the provider tells it and there is time left: what is known
    /// already must not be lost for it.
    async fn message(&self, id: &ExternalId, started: Instant) -> Option<UpstreamStatus> {
        if self.lacks_messages.load(Ordering::Relaxed) {
            return None;
        }
        let deadline = started + self.timeout * 9 / 10;
        let parameters = [("id", id.as_str())];
        let asked = self.call("getStatusV2", &parameters);
        let reply = tokio::time::timeout_at(deadline, asked).await.ok()?.ok()?;
        match status::detail(&reply) {
            Detail::Message { code, text } => {
                Some(UpstreamStatus::Received { code, text: Some(text) })
            }
            Detail::Nothing => None,
            Detail::UnknownAction => {
                self.lacks_messages.store(true, Ordering::Relaxed);
                None
            }
        }
    }

    async fn change(
        &self,
        id: &ExternalId,
        wanted: &str,
        done: &[&str],
    ) -> Result<Change, ProviderError> {
        let parameters = [("id", id.as_str()), ("status", wanted)];
        change::change(&self.ask("setStatus", &parameters).await?, done)
    }

    async fn page(&self, start: usize) -> Result<Page, ProviderError> {
        let (start, limit) = (start.to_string(), PAGE.to_string());
        let parameters = [("start", start.as_str()), ("limit", limit.as_str())];
        let bounds = Bounds { timeout: self.timeout, body_bytes: CATALOG_BYTES };
        let reply = self.client.call("getActiveActivations", &parameters, bounds).await;
        listing::page(&reply.map_err(NoReply::into_error)?)
    }
}

#[async_trait]
impl NumberProvider for SmsActivate {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Activation, AcquireError> {
        // The newer way is tried first because only it tells the cost.
        if !self.lacks_priced_purchase.load(Ordering::Relaxed) {
            match self.buy("getNumberV2", request).await {
                Ok(activation) => return Ok(activation),
                Err(NotSold::For(error)) => return Err(error),
                Err(NotSold::UnknownAction) => {
                    self.lacks_priced_purchase.store(true, Ordering::Relaxed);
                }
            }
        }
        self.buy("getNumber", request).await.map_err(|error| match error {
            NotSold::For(error) => error,
            NotSold::UnknownAction => AcquireError::Refused(Refusal::Mapping),
        })
    }

    async fn reactivation_cost(&self, id: &ExternalId) -> Result<Cost, ProviderError> {
        let parameters = [("activationId", id.as_str())];
        again::cost(&self.ask("checkExtraActivation", &parameters).await?)
    }

    async fn reactivate(&self, id: &ExternalId) -> Result<Activation, AcquireError> {
        let parameters = [("activationId", id.as_str())];
        again::sold(&self.call("getExtraActivation", &parameters).await.map_err(unsold)?)
    }

    async fn status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        let started = Instant::now();
        let found = self.plain_status(id).await?;
        let UpstreamStatus::Received { code, text: None } = found else { return Ok(found) };
        Ok(match self.message(id, started).await {
            Some(UpstreamStatus::Received { code: newer, text }) => {
                UpstreamStatus::Received { code: newer.or(code), text }
            }
            _ => UpstreamStatus::Received { code, text: None },
        })
    }

    async fn cancel(&self, id: &ExternalId) -> Result<CancelOutcome, ProviderError> {
        match self.change(id, "8", &["ACCESS_CANCEL", "STATUS_CANCEL"]).await? {
            Change::Done => return Ok(CancelOutcome::Canceled),
            Change::TooEarly => return Ok(CancelOutcome::TooEarly),
            Change::Delivered => return Ok(CancelOutcome::Delivered),
            // Old ids vanish at some providers, so that one "not known" proves little.
            Change::Contested | Change::Missing => {}
        }
        match self.plain_status(id).await? {
            UpstreamStatus::Ended => Ok(CancelOutcome::Canceled),
            UpstreamStatus::Received { .. } => Ok(CancelOutcome::Delivered),
            UpstreamStatus::Missing => Ok(CancelOutcome::Missing),
            UpstreamStatus::Waiting => Err(ProviderError::Unavailable("not canceled, yet waiting")),
        }
    }

    async fn finish(&self, id: &ExternalId) -> Result<(), ProviderError> {
        if self.change(id, "6", &["ACCESS_ACTIVATION", "STATUS_FINISH"]).await? == Change::Done {
            return Ok(());
        }
        match self.plain_status(id).await? {
            UpstreamStatus::Ended | UpstreamStatus::Missing => Ok(()),
            UpstreamStatus::Received { .. } | UpstreamStatus::Waiting => {
                Err(ProviderError::Unavailable("not finished, yet running"))
            }
        }
    }

    async fn resend(&self, id: &ExternalId) -> Result<(), ProviderError> {
        match self.change(id, "3", &["ACCESS_RETRY_GET"]).await? {
            Change::Done => Ok(()),
            _ => Err(ProviderError::Refused("no further SMS allowed")),
        }
    }

    async fn active(&self) -> Result<Listing, ProviderError> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..MOST_PAGES {
            let start = all.len().saturating_sub(OVERLAP);
            let Page::Rows(rows) = self.page(start).await? else {
                return Ok(Listing::Unsupported);
            };
            let (count, before) = (rows.len(), all.len());
            all.extend(rows.into_iter().filter(|row| seen.insert(id_of(row))));
            let added = all.len() - before;
            if before > 0 && added == count {
                // Nothing of the page before is on it: rows in between may have been missed.
                return Err(ProviderError::Unavailable("the list moved while it was read"));
            }
            if count < PAGE || added == 0 {
                return Ok(Listing::Complete(all));
            }
        }
        Err(ProviderError::Unavailable("the list has no end"))
    }

    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError> {
        let (countries, services, prices) = tokio::try_join!(
            self.ask_for_list("getCountries"),
            self.ask_for_list("getServicesList"),
            self.ask_for_list("getPrices"),
        )?;
        catalog::catalog(&countries, &services, &prices)
    }

    async fn balance(&self) -> Result<Deposit, ProviderError> {
        balance::balance(&self.ask("getBalance", &[]).await?)
    }
}

/// What a purchase without a reply came to.
fn unsold(error: NoReply) -> AcquireError {
    match error {
        NoReply::NotSent => AcquireError::Refused(Refusal::NotAsked("no connection")),
        NoReply::Lost(reason) => AcquireError::Unknown { reason, answered: false },
    }
}

fn id_of(row: &ActiveActivation) -> ExternalId {
    row.activation.external_id.clone()
}
