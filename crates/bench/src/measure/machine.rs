use std::fs;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::stack::Ground;

/// What the figures were measured on, as pairs of a label and a value.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) date: String,
    pub(crate) commit: String,
}

impl Machine {
    pub(super) async fn look(ground: &Ground<'_>) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism()?.get();
        let mut facts = vec![
            ("processor".to_owned(), format!("{}, {cores} visible", processor()?)),
            ("memory".to_owned(), memory()?),
            ("kernel".to_owned(), said("uname", &["-sr"]).await),
            ("Redis".to_owned(), first_words(&said("redis-server", &["--version"]).await, 3)),
            ("pgbench".to_owned(), said("pgbench", &["--version"]).await),
            ("build profile".to_owned(), ground.profile()),
            ("compiler".to_owned(), said("rustc", &["--version"]).await),
        ];
        let settings = ground.databases.server.settings().await?;
        let settings: Vec<_> =
            settings.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
        facts.push(("PostgreSQL".to_owned(), settings.join(", ")));
        Ok(Self { facts, date: date().await, commit: commit().await })
    }

    pub(crate) fn json(&self) -> Value {
        let facts = self.facts.iter().map(|(label, value)| (label.clone(), json!(value)));
        json!({
            "date": self.date,
            "commit": self.commit,
            "facts": facts.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// Now, as people write it.
pub(crate) async fn date() -> String {
    said("date", &["-u", "+%F %H:%M UTC"]).await
}

/// What is measured.
pub(crate) async fn commit() -> String {
    said("git", &["rev-parse", "--short", "HEAD"]).await
}

fn processor() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Ok(model.map_or("unknown", |(_, name)| name).to_owned())
}

fn memory() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let kib =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    let kib: u64 = kib.unwrap_or_default().parse()?;
    Ok(format!("{} GiB", kib.div_ceil(1024 * 1024)))
}

fn first_words(text: &str, many: usize) -> String {
    text.split_whitespace().take(many).collect::<Vec<_>>().join(" ")
}

/// The first line a program prints; one that is missing is not worth stopping for.
async fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().await;
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned();
    if line.is_empty() { "unknown".to_owned() } else { line }
}
