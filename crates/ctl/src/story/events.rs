use std::time::Duration;

use anyhow::{Context as _, bail};
use infra::http::Lines;
use serde_json::Value;
use tokio::time::timeout;

use super::{api::integer, stage::Stage};

/// The customer's event stream, read while somebody waits for an event.
pub(super) struct Events {
    lines: Lines,
    /// Came while another one was waited for.
    unread: Vec<Event>,
}

struct Event {
    kind: String,
    order: Value,
}

impl Events {
    /// Opens the stream and reads the state with which it begins.
    pub(super) async fn open(stage: &Stage) -> anyhow::Result<Self> {
        let lines = stage.api.lines("/v1/orders/stream").await?;
        let mut events = Self { lines, unread: Vec::new() };
        let first = timeout(Duration::from_secs(10), events.next()).await;
        first.context("the stream stays silent")??;
        stage.tell("opens the event stream").await?;
        Ok(events)
    }

    /// The order as it was when `kind` happened to it.
    pub(super) async fn wait_for(
        &mut self,
        kind: &str,
        order: i64,
        patience: Duration,
    ) -> anyhow::Result<Value> {
        let wanted = |event: &Event| {
            event.kind == kind && integer(&event.order, "/id").is_ok_and(|id| id == order)
        };
        if let Some(position) = self.unread.iter().position(wanted) {
            return Ok(self.unread.remove(position).order);
        }
        let waiting = async {
            loop {
                let event = self.next().await?;
                if wanted(&event) {
                    return Ok(event.order);
                }
                self.unread.push(event);
            }
        };
        let outcome = timeout(patience, waiting).await;
        outcome.with_context(|| format!("no {kind} for order {order} within {patience:?}"))?
    }

    async fn next(&mut self) -> anyhow::Result<Event> {
        let (mut kind, mut data) = (String::new(), String::new());
        while let Some(line) = self.lines.next().await? {
            if let Some(text) = line.strip_prefix("event:") {
                text.trim().clone_into(&mut kind);
            } else if let Some(text) = line.strip_prefix("data:") {
                data.push_str(text.trim());
            } else if line.is_empty() && !kind.is_empty() {
                let body: Value = serde_json::from_str(&data).unwrap_or_default();
                let order = body.get("data").cloned().unwrap_or_default();
                return Ok(Event { kind, order });
            }
        }
        bail!("the stream ended")
    }
}
