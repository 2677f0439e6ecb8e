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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n";

    /// Calls a service that sends `pieces` and closes; answers what it was asked.
    async fn exchange<T>(pieces: &[&str], call: impl AsyncFnOnce(JsonClient) -> T) -> (T, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let client = JsonClient::new(&base, Duration::from_secs(10)).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            String::from_utf8_lossy(&request[..length]).into_owned()
        };
        tokio::join!(call(client.with_token("secret".into())), serve)
    }

    #[tokio::test]
    async fn asks_as_the_owner_of_its_token_and_reads_the_answer() {
        let answer = [HEAD, "content-length: 7\r\n\r\n", "{\"a\":1}"];
        let (body, request) = exchange(&answer, async |client| client.get("/x?y=1").await).await;
        assert_eq!(body.unwrap(), json!({ "a": 1 }));
        assert!(request.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
    }

    #[tokio::test]
    async fn a_refusal_tells_status_and_body() {
        let refusal = "HTTP/1.1 409 Conflict\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
        let post = async |client: JsonClient| client.post("/x", &json!({})).await;
        let (answer, _) = exchange(&[refusal], post).await;
        let CallError::Refused { status, body } = answer.unwrap_err() else { panic!("taken") };
        assert_eq!((status, body), (409, json!({ "a": 1 })));
    }

    #[tokio::test]
    async fn a_stream_is_read_line_by_line_however_it_is_cut() {
        let pieces = [HEAD, "\r\nevent: a\nda", "ta: {\"ü\":", "1}\r\n\n", "last"];
        let read = async |client: JsonClient| {
            let mut lines = client.lines("/events").await.unwrap();
            let mut read = Vec::new();
            while let Some(line) = lines.next().await.unwrap() {
                read.push(line);
            }
            read
        };
        let (lines, _) = exchange(&pieces, read).await;
        assert_eq!(lines, ["event: a", "data: {\"ü\":1}", ""]);
    }
}
