use anyhow::Context;

use super::Entry;

/// Reads a history back. The last line may be torn when the run was killed.
pub(crate) fn read(text: &str) -> anyhow::Result<Vec<Entry>> {
    let last = text.lines().count();
    let mut entries = Vec::with_capacity(last);
    for (number, line) in (1..).zip(text.lines()) {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if number == last => {}
            Err(error) => return Err(error).with_context(|| format!("line {number}: {line}")),
        }
    }
    Ok(entries)
}
