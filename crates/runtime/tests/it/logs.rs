use std::io;
use std::sync::{Arc, Mutex};

use runtime::telemetry::JsonLines;
use serde_json::Value;
use tracing::{info, info_span, warn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// Keeps what is written, for reading it back.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Memory {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// What `work` logs, line by line.
fn logged(work: impl FnOnce()) -> Vec<Value> {
    let memory = Memory::default();
    let subscriber = tracing_subscriber::registry().with(JsonLines::new(memory.clone()));
    tracing::subscriber::with_default(subscriber, work);
    let bytes = memory.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn fields_of_event_and_spans_stand_side_by_side() {
    let lines = logged(|| {
        let _outer = info_span!("request", request_id = "r-1", order.id = 1).entered();
        let _inner = info_span!("step", order.id = 42, late = tracing::field::Empty).entered();
        tracing::Span::current().record("late", true);
        info!(user.id = 7_u64, ratio = 0.5, "bought \"it\"\n");
    });
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["order.id"], 42);
    assert_eq!(line["late"], true);
    assert_eq!(line["user.id"], 7);
    assert_eq!(line["ratio"], 0.5);
    assert_eq!(line["message"], "bought \"it\"\n");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["target"], "it::logs");
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
}

#[test]
fn a_field_cannot_pass_for_one_of_ours() {
    let lines = logged(|| warn!(level = "TRACE", target = "elsewhere", "odd"));
    assert_eq!(lines[0]["level"], "WARN");
    assert_eq!(lines[0]["_level"], "TRACE");
    assert_eq!(lines[0]["_target"], "elsewhere");
}
