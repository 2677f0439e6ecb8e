//! Server-sent events as a browser reads them.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// Servers send a sign of life more often than that.
const SILENCE: Duration = Duration::from_secs(20);

/// One event of a stream.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    pub(super) id: Option<u64>,
    pub(super) kind: String,
    pub(super) data: Value,
}

/// An open stream.
pub(super) struct Stream {
    response: Response,
    buffer: Vec<u8>,
}

impl Stream {
    pub(super) const fn of(response: Response) -> Self {
        Self { response, buffer: Vec::new() }
    }

    /// The next event; nothing when the stream ends, breaks or goes silent.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(block) = take_block(&mut self.buffer) {
                if let Some(event) = read(&block) {
                    return Some(event);
                }
            }
            let piece = timeout(SILENCE, self.response.chunk()).await.ok()?.ok()??;
            self.buffer.extend_from_slice(&piece);
        }
    }
}

/// What stands before the first empty line.
fn take_block(buffer: &mut Vec<u8>) -> Option<String> {
    let end = buffer.windows(2).position(|pair| pair == b"\n\n")?;
    let block: Vec<u8> = buffer.drain(..end + 2).collect();
    String::from_utf8(block).ok()
}

/// A block without data, such as a sign of life, is no event.
fn read(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut fields = block.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = fields.find(|(key, _)| *key == name)?;
        Some(value.strip_prefix(' ').unwrap_or(value))
    };
    let data = serde_json::from_str(field("data")?).ok()?;
    let id = field("id").and_then(|id| id.parse().ok());
    Some(Event { id, kind: field("event").unwrap_or("message").to_owned(), data })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_events_and_skips_signs_of_life() {
        let mut buffer = b": alive\n\nid: 7\nevent: a\ndata: {\"b\":1}\n\nid: 8".to_vec();
        assert_eq!(take_block(&mut buffer).and_then(|block| read(&block)), None);
        let event = take_block(&mut buffer).and_then(|block| read(&block));
        let wanted = Event { id: Some(7), kind: "a".to_owned(), data: json!({ "b": 1 }) };
        assert_eq!(event, Some(wanted));
        assert_eq!(take_block(&mut buffer), None);
    }
}
