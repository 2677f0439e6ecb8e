//! Exchange rates over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    rates::{IdrPerUsd, RateError, RateSource},
    time::Timestamp,
};
use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::http;

/// Rates of all currencies of the world fit several times.
const BODY_LIMIT: usize = 64 * 1024;

/// Asks a source that answers as open.er-api.com does.
#[derive(Debug)]
pub struct HttpRates {
    http: Client,
    url: Url,
}

impl HttpRates {
    /// Asks at `url`; `timeout` spans a whole call.
    pub fn new(url: &str, timeout: Duration) -> Result<Self, RatesSetupError> {
        let url = Url::parse(url).map_err(|_| RatesSetupError::Url)?;
        let http = http::gateway_client(timeout).map_err(RatesSetupError::Client)?;
        Ok(Self { http, url })
    }
}

#[async_trait]
impl RateSource for HttpRates {
    async fn fetch(&self) -> Result<(IdrPerUsd, Timestamp), RateError> {
        let response = self.http.get(self.url.clone()).send().await;
        let response = response.map_err(|error| RateError::Unavailable(reason(&error)))?;
        if !response.status().is_success() {
            return Err(RateError::Unavailable("it answered with an error"));
        }
        parse(&read(response).await?)
    }
}

fn reason(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "it did not answer in time",
        error if error.is_connect() => "it cannot be reached",
        _ => "the connection broke",
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, RateError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) <= BODY_LIMIT => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err(RateError::Unavailable("its answer is too long")),
            Ok(None) => return Ok(body),
            Err(error) => return Err(RateError::Unavailable(reason(&error))),
        }
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    result: &'a str,
    base_code: &'a str,
    time_last_update_unix: i64,
    #[serde(borrow)]
    rates: Rates<'a>,
}

/// The number as it is written: no float comes near it.
#[derive(Deserialize)]
struct Rates<'a> {
    #[serde(rename = "IDR", borrow)]
    idr: &'a RawValue,
}

/// Reads an answer. What is not understood is no rate.
pub fn parse(body: &[u8]) -> Result<(IdrPerUsd, Timestamp), RateError> {
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|_| RateError::Unavailable("it is not readable"))?;
    if answer.result != "success" || answer.base_code != "USD" {
        return Err(RateError::Unavailable("it has no rate of the dollar"));
    }
    let rate = whole(answer.rates.idr.get()).and_then(IdrPerUsd::new);
    let rate = rate.ok_or(RateError::Absurd("it is out of all bounds"))?;
    let made = Timestamp::from_timestamp(answer.time_last_update_unix, 0);
    Ok((rate, made.ok_or(RateError::Absurd("it has no usable time"))?))
}

/// The whole rupiah of a plain decimal; what is behind the point is dropped, so that a dollar is
/// never sold for more than it costs.
fn whole(number: &str) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) { None } else { whole.parse().ok() }
}

/// Why a source cannot be used as set up.
#[derive(Debug, thiserror::Error)]
pub enum RatesSetupError {
    /// Not an address.
    #[error("the source of exchange rates must be an address")]
    Url,
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rate: &str) -> String {
        format!(
            r#"{{"result":"success","provider":"x","time_last_update_unix":1795132800,
                "base_code":"USD","rates":{{"USD":1,"AED":3.6725,"IDR":{rate},"ZWL":322.0}}}}"#
        )
    }

    fn rupiah(body: &str) -> Result<i64, RateError> {
        parse(body.as_bytes()).map(|(rate, _)| rate.get())
    }

    #[test]
    fn reads_the_number_as_it_is_written() {
        for (text, expected) in
            [("16123.45", 16_123), ("16123", 16_123), ("16123.999999", 16_123), ("1000", 1000)]
        {
            assert_eq!(rupiah(&answer(text)), Ok(expected), "{text}");
        }
        let (_, made) = parse(answer("16123.45").as_bytes()).unwrap();
        assert_eq!(made.timestamp(), 1_795_132_800);
    }

    #[test]
    fn believes_nothing_absurd() {
        for text in ["999.99", "1000001", "-16123", "1e4", "0", "99999999999999999999999"] {
            assert!(matches!(rupiah(&answer(text)), Err(RateError::Absurd(_))), "{text}");
        }
        let timeless = answer("16000").replace("1795132800", "9223372036854775807");
        assert!(matches!(rupiah(&timeless), Err(RateError::Absurd(_))));
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        let good = answer("16123.45");
        for body in [
            String::new(),
            "<html>".to_owned(),
            "{}".to_owned(),
            good.replace("success", "error"),
            good.replace(r#""base_code":"USD""#, r#""base_code":"EUR""#),
            good.replace("IDR", "IDX"),
            good.replace("16123.45", "null").replace("IDR", "XXX"),
            good.replace("1795132800", "\"soon\""),
        ] {
            assert!(matches!(rupiah(&body), Err(RateError::Unavailable(_))), "{body}");
        }
        assert!(matches!(rupiah(&answer("\"16123\"")), Err(RateError::Absurd(_))));
    }

    #[test]
    fn survives_every_cut() {
        let good = answer("16123.45");
        for length in 0..good.len() {
            assert!(rupiah(&good[..length]).is_err());
        }
    }
}
