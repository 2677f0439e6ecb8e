//! How webhooks fare: measured by tests of crates/e2e, which leave their figures in files.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{
    cli::Cli,
    measure::{commit, date},
};

/// What begins the part of the document.
const HEADING: &str = "## Telling customers' servers\n";

/// What stands there where the tests did not run.
pub(super) const NOT_MEASURED: &str =
    "Not measured in this run: `make bench-webhooks` writes this part.";

/// Writes that part of the document anew and leaves the others as they are.
pub(crate) async fn refresh(cli: &Cli) -> anyhow::Result<()> {
    let path = &cli.document;
    let document =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let part = part(cli, &date().await, &commit().await)?;
    let document = replace(&document, &part).context("the document has no such part")?;
    fs::write(path, document).with_context(|| format!("cannot write {}", path.display()))
}

fn replace(document: &str, part: &str) -> Option<String> {
    let (before, after) = document.split_once(HEADING)?;
    let rest = after.find("\n## ").map_or("", |at| &after[at..]);
    Some(format!("{before}{HEADING}\n{}\n{rest}", part.trim_end()))
}

/// What stands below the heading.
pub(super) fn part(cli: &Cli, date: &str, commit: &str) -> anyhow::Result<String> {
    let beside = read(&cli.figures.join("webhooks-beside.json"))?;
    let killed = read(&cli.figures.join("webhooks-killed.json"))?;
    let profile = cli.bin_dir.file_name().unwrap_or_default().display();
    let ms = |name: &str| beside[name].as_f64().map(|ms| format!("{ms:.0}")).context("no time");
    let [p50, p99, max] = [ms("p50_ms")?, ms("p99_ms")?, ms("max_ms")?];
    let seconds = killed["seconds"].as_f64().context("no duration")?;
    ensure!(killed["delivered"].is_u64() && killed["repeats"].is_u64(), "no count of messages");
    Ok(format!(
        "\
Run of {date}, commit `{commit}`, {profile} build. Two tests of crates/e2e measure it;
`make bench-webhooks` repeats them and writes this part alone.

{messages} messages go to a server that does well, about ten a second, while four do badly with
{backlog} messages of their own: one never answers in time, one fails, one redirects, one takes
0.7 s for each. A message has waited from its event until it came: through outbox, relay and queue.

| | p50 ms | p99 ms | longest ms |
|---|---:|---:|---:|
| waited beside bad servers | {p50} | {p99} | {max} |

{delivered} messages go to one server, two at a time, while the two workers that send them are
killed in turn.

| delivered | came more than once | kills | seconds |
|---:|---:|---:|---:|
| {delivered} of {delivered} | {repeats} | {kills} | {seconds:.1} |
",
        messages = beside["messages"],
        backlog = beside["backlog"],
        delivered = killed["delivered"],
        repeats = killed["repeats"],
        kills = killed["kills"],
    ))
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("{} is missing: make bench-webhooks", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_its_part_alone() {
        let document = format!("# A\n\n{HEADING}\nold\n\n## B\n\nb\n");
        let refreshed = replace(&document, "new\n").unwrap();
        assert_eq!(refreshed, format!("# A\n\n{HEADING}\nnew\n\n## B\n\nb\n"));
        assert_eq!(replace(&refreshed, "new\n").unwrap(), refreshed);
        assert_eq!(replace("# A\n", "new"), None);
    }

    #[test]
    fn the_document_has_its_heading() {
        assert!(include_str!("../../templates/benchmarks.md").contains(HEADING));
    }
}
