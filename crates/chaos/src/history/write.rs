use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::Context;

use super::{Answer, Call, Entry, What};

/// Writes the history. Each line is handed to the system before the run goes on, so that whatever
/// ends the run leaves everything that led to it.
pub(crate) struct History {
    started: Instant,
    calls: AtomicU64,
    file: Mutex<BufWriter<File>>,
}

impl History {
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let file = Mutex::new(BufWriter::new(file));
        Ok(Self { started: Instant::now(), calls: AtomicU64::new(0), file })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn tell(&self, what: What) -> anyhow::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut *file, &Entry { at_ms: self.now_ms(), what })?;
        file.write_all(b"\n")?;
        file.flush().context("cannot write the history")
    }

    pub(crate) fn note(&self, text: impl Into<String>) -> anyhow::Result<()> {
        self.tell(What::Note { text: text.into() })
    }

    /// A call begins; its number comes back.
    pub(crate) fn invoke(&self, customer: i64, via: &str, what: Call) -> anyhow::Result<u64> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.tell(What::Invoke { call, customer, via: via.to_owned(), what })?;
        Ok(call)
    }

    pub(crate) fn answer(&self, call: u64, answer: Answer) -> anyhow::Result<()> {
        self.tell(What::Return { call, answer })
    }
}
