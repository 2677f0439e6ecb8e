//! Server-sent events as a browser reads them.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

type Lines = Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamEvent {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// An open stream. It reads only when asked for the next event.
pub(crate) struct Events {
    pieces: Lines,
    buffer: Vec<u8>,
    /// Id of the last event read: where a reconnecting browser would resume.
    pub(crate) last_id: String,
}

impl Events {
    pub(super) fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let kind = response.headers().get("content-type").unwrap().to_str().unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        // A cut connection is an end, as it is for a browser.
        let pieces = response.bytes_stream().map_ok(Vec::from);
        let pieces = pieces.take_while(|piece| std::future::ready(piece.is_ok()));
        let pieces = pieces.filter_map(|piece| std::future::ready(piece.ok()));
        Self { pieces: Box::pin(pieces), buffer: Vec::new(), last_id: String::new() }
    }

    /// The next event, which has to come soon.
    pub(crate) async fn next(&mut self) -> StreamEvent {
        self.next_within(Duration::from_secs(15)).await.expect("the stream ended or is silent")
    }

    /// The next event; nothing when none comes in time or the stream ends.
    pub(crate) async fn next_within(&mut self, limit: Duration) -> Option<StreamEvent> {
        timeout(limit, self.read()).await.ok().flatten()
    }

    /// Skips to the next event of that kind about that order.
    pub(crate) async fn about(&mut self, kind: &str, order: i64) -> StreamEvent {
        loop {
            let event = self.next().await;
            if event.kind == kind && event.data["data"]["id"] == order {
                return event;
            }
        }
    }

    /// What comes until `count` events that tell of orders are there.
    pub(crate) async fn collect(&mut self, count: usize) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        while events.len() < count {
            let event = self.next().await;
            if event.kind.starts_with("order.") {
                events.push(event);
            }
        }
        events
    }

    /// Waits for the end of the stream and drops what still comes.
    pub(crate) async fn closed(&mut self) {
        let end = async { while self.read().await.is_some() {} };
        timeout(Duration::from_secs(15), end).await.expect("the stream does not end");
    }

    async fn read(&mut self) -> Option<StreamEvent> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let block = String::from_utf8(block).unwrap();
                if let Some(id) = field(&block, "id") {
                    self.last_id = id;
                }
                if let Some(data) = field(&block, "data") {
                    let data = serde_json::from_str(&data).unwrap();
                    let kind = field(&block, "event").unwrap_or_else(|| "message".to_owned());
                    return Some(StreamEvent { id: self.last_id.clone(), kind, data });
                }
            }
            let piece = self.pieces.next().await?;
            self.buffer.extend(piece);
        }
    }
}

fn field(block: &str, name: &str) -> Option<String> {
    let mut fields = block.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(key, _)| *key == name)?;
    Some(value.strip_prefix(' ').unwrap_or(value).to_owned())
}
