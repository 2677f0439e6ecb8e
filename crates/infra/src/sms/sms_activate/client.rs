use std::{sync::Arc, time::Duration};

use domain::{providers::ProviderError, time::Clock};
use reqwest::{Response, header::RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::reply::Reply;
use crate::system::SystemClock;

/// Where the family's clones answer when only their host is known.
const USUAL_PATH: &str = "/stubs/handler_api.php";

/// The address of a provider's handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// An address that no call can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https address")]
pub struct InvalidEndpoint;

impl Endpoint {
    /// Takes an address that ends in `.php` as it is and appends the usual path to any other.
    pub fn parse(base_url: &str) -> Result<Self, InvalidEndpoint> {
        let mut url: Url = base_url.trim().parse().map_err(|_| InvalidEndpoint)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(InvalidEndpoint);
        }
        let path = url.path().trim_end_matches('/');
        let names_script = path.rsplit_once('.').is_some_and(|(_, kind)| kind == "php");
        if !names_script {
            let path = format!("{path}{USUAL_PATH}");
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

/// Asks one provider. The key is in the query because the protocol has it there, so neither the
/// address nor an error that holds it is ever shown.
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    key: SecretString,
    clock: Arc<dyn Clock>,
}

/// How far a request may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) timeout: Duration,
    pub(super) body_bytes: usize,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoReply {
    /// The request never left.
    NotSent,
    /// It may have arrived.
    Lost(&'static str),
}

impl NoReply {
    pub(super) fn into_error(self) -> ProviderError {
        ProviderError::Unavailable(match self {
            Self::NotSent => "no connection",
            Self::Lost(reason) => reason,
        })
    }
}

impl Client {
    /// Speaks through `http`, whose limits apply to every request.
    pub fn new(http: reqwest::Client, endpoint: Endpoint, key: SecretString) -> Self {
        Self { http, endpoint, key, clock: Arc::new(SystemClock) }
    }

    /// One request, one reply.
    pub(super) async fn call(
        &self,
        action: &'static str,
        parameters: &[(&str, &str)],
        bounds: Bounds,
    ) -> Result<Reply, NoReply> {
        let named = [("api_key", self.key.expose_secret()), ("action", action)];
        let request = self.http.get(self.endpoint.0.clone()).query(&named).query(parameters);
        let response =
            request.timeout(bounds.timeout).send().await.map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        let body = body(response, bounds.body_bytes).await?;
        Ok(Reply { status, retry_after, received_at: self.clock.now(), body })
    }
}

fn lost(error: &reqwest::Error) -> NoReply {
    if error.is_connect() || error.is_builder() {
        NoReply::NotSent
    } else if error.is_timeout() {
        NoReply::Lost("no answer in time")
    } else {
        NoReply::Lost("the connection broke")
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

async fn body(mut response: Response, most_bytes: usize) -> Result<Vec<u8>, NoReply> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + chunk.len() > most_bytes {
            return Err(NoReply::Lost("an answer of excessive length"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Result<String, InvalidEndpoint> {
        Endpoint::parse(base_url).map(|endpoint| endpoint.0.to_string())
    }

    #[test]
    fn the_usual_path_is_appended_unless_a_script_is_named() {
        let usual = Ok("https://hero-sms.com/stubs/handler_api.php".to_owned());
        assert_eq!(endpoint("https://hero-sms.com"), usual);
        assert_eq!(endpoint("https://hero-sms.com/"), usual);
        assert_eq!(endpoint(" https://hero-sms.com/stubs/handler_api.php"), usual);
        let nested = Ok("http://127.0.0.1:9/p/alpha/stubs/handler_api.php".to_owned());
        assert_eq!(endpoint("http://127.0.0.1:9/p/alpha/"), nested);
        assert_eq!(endpoint("https://a.b/api/x.php"), Ok("https://a.b/api/x.php".to_owned()));
    }

    #[test]
    fn other_schemes_are_refused() {
        for bad in ["", "hero-sms.com", "ftp://hero-sms.com", "file:///etc/passwd", "https://"] {
            assert_eq!(endpoint(bad), Err(InvalidEndpoint), "{bad}");
        }
    }
}
