//! Calls to the API.

use domain::{
    gateways::{Checkout, CheckoutRequest, GatewayError, PaymentReport},
    ids::TopupId,
    ledger::Gateway,
};
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{
    Account, Shop,
    transaction::{Inquiry, Opened, Query, Status},
};
use crate::pay::call::{self, Failure};

/// What an inquiry that opened a page is answered with.
const SUCCESS: &str = "00";

pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) inquiry: Url,
    pub(super) status: Url,
}

impl Client {
    /// Opens a page to pay on.
    ///
    /// What becomes of a second inquiry with the same reference is not documented. So there is none
    /// once the first may have been heard, and a page whose address got lost is never seen by
    /// anybody.
    pub(super) async fn open(
        &self,
        request: &CheckoutRequest,
        account: &Account,
        shop: &Shop,
    ) -> Result<Checkout, GatewayError> {
        let inquiry = Inquiry::new(request, account, shop)
            .ok_or(GatewayError::Refused("the amount is out of range"))?;
        let opened =
            call::repeating(Gateway::Duitku, || async { self.inquire(&inquiry).await }).await?;
        opened.checkout(request, account)
    }

    async fn inquire(&self, inquiry: &Inquiry<'_>) -> Result<Opened, Failure> {
        let (status, answer) =
            self.post(&self.inquiry, inquiry).await.map_err(Failure::only_if_unsent)?;
        if !status.is_success() {
            return Err(refusal(status).only_if_unsent());
        }
        let opened: Opened = serde_json::from_slice(&answer)
            .map_err(|_| Failure::passing("the answer is not readable").only_if_unsent())?;
        if opened.status_code != SUCCESS {
            return Err(Failure::refused("it does not accept the request"));
        }
        Ok(opened)
    }

    /// How the payment for `topup` stands; nothing when they know none.
    pub(super) async fn status(
        &self,
        topup: TopupId,
        account: &Account,
    ) -> Result<Option<PaymentReport>, GatewayError> {
        let query = Query::new(topup, account);
        let found =
            call::repeating(Gateway::Duitku, || async { self.look_up(&query).await }).await?;
        found.map(|status| status.report(topup)).transpose()
    }

    async fn look_up(&self, query: &Query<'_>) -> Result<Option<Status>, Failure> {
        let (status, answer) = self.post(&self.status, query).await?;
        if status == StatusCode::NOT_FOUND
            || (status == StatusCode::BAD_REQUEST && is_unknown(&answer))
        {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(refusal(status));
        }
        let found = serde_json::from_slice(&answer);
        found.map(Some).map_err(|_| Failure::passing("the answer is not readable"))
    }

    async fn post(
        &self,
        url: &Url,
        body: &(impl Serialize + Sync),
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        call::exchange(self.http.post(url.clone()).json(body)).await
    }
}

/// Whether a refusal says that there is no such payment: its text is all there is to tell.
fn is_unknown(answer: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let texts = ["Message", "message", "statusMessage"].into_iter();
    let mut texts = texts.filter_map(|name| answer.get(name)?.as_str());
    texts.any(|text| text.to_ascii_lowercase().contains("not found"))
}

fn refusal(status: StatusCode) -> Failure {
    tracing::warn!(http.status = status.as_u16(), "Duitku refuses a call");
    Failure::of_status(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_payment_is_told_from_other_refusals() {
        for answer in [
            r#"{"Message":"Transaction not found"}"#,
            r#"{"message":"transaction Not Found"}"#,
            r#"{"statusCode":"02","statusMessage":"Order not found"}"#,
        ] {
            assert!(is_unknown(answer.as_bytes()), "{answer}");
        }
        for answer in
            [r#"{"Message":"Wrong signature"}"#, "{}", "", "not found", r#"["not found"]"#]
        {
            assert!(!is_unknown(answer.as_bytes()), "{answer}");
        }
    }
}
