use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::strict;

/// Longest answer that is read; lists of ours are far shorter.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// An event stream is never silent for longer: heartbeats come every fifteen seconds.
const SILENCE: Duration = Duration::from_secs(45);

/// Speaks JSON with services of our own, for tools and demonstrations.
#[derive(Debug, Clone)]
pub struct JsonClient {
    calls: Client,
    streams: Client,
    base: String,
    token: Option<SecretString>,
}

impl JsonClient {
    /// Calls the service at `base`; `timeout` spans a whole call. Fails only where TLS cannot be
    /// set up.
    pub fn new(base: &str, timeout: Duration) -> Result<Self, CallError> {
        let connecting = || strict().connect_timeout(timeout);
        Ok(Self {
            calls: connecting().timeout(timeout).build()?,
            streams: connecting().read_timeout(SILENCE).build()?,
            base: base.trim_end_matches('/').to_owned(),
            token: None,
        })
    }

    /// The same as the owner of `token`.
    #[must_use]
    pub fn with_token(self, token: SecretString) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Result<Value, CallError> {
        self.call(self.calls.get(self.url(path))).await
    }

    /// Sends `body` to `path`.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.call(self.calls.post(self.url(path)).json(body)).await
    }

    /// Opens the event stream at `path`.
    pub async fn lines(&self, path: &str) -> Result<Lines, CallError> {
        let response = self.signed(self.streams.get(self.url(path))).send().await?;
        let status = response.status();
        if status.is_success() {
            return Ok(Lines { response, buffer: Vec::new() });
        }
        let body = read(response).await?;
        Err(CallError::Refused { status: status.as_u16(), body })
    }

    async fn call(&self, request: RequestBuilder) -> Result<Value, CallError> {
        let response = self.signed(request).send().await?;
        let status = response.status();
        let body = read(response).await?;
        match status {
            StatusCode::NO_CONTENT => Ok(Value::Null),
            status if status.is_success() => Ok(body),
            status => Err(CallError::Refused { status: status.as_u16(), body }),
        }
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Null when the body is not JSON: the status says enough then.
async fn read(mut response: Response) -> Result<Value, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(CallError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// The lines of an event stream as they come.
#[derive(Debug)]
pub struct Lines {
    response: Response,
    buffer: Vec<u8>,
}

impl Lines {
    /// The next line without its end; nothing when the stream is over. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Result<Option<String>, CallError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            match self.response.chunk().await? {
                Some(chunk) if self.buffer.len() + chunk.len() <= MAX_BYTES => {
                    self.buffer.extend_from_slice(&chunk);
                }
                Some(_) => return Err(CallError::TooLong),
                None => return Ok(None),
            }
        }
    }
}

/// Why a service gave no answer to work with.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer.
    #[error("no answer")]
    Unreachable(#[from] reqwest::Error),
    /// A refusal.
    #[error("answered {status}: {body}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said, if that is JSON.
        body: Value,
    },
    /// More than is ever sent.
    #[error("the answer is too long")]
    TooLong,
}
