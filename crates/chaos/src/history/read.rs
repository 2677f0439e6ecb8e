use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::Context;

use super::Entry;

/// Reads a history back. The last line may be torn when the run was killed.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines: Vec<String> = BufReader::new(file).lines().collect::<Result<_, _>>()?;
    let last = lines.len();
    let mut entries = Vec::with_capacity(last);
    for (number, line) in (1..).zip(lines) {
        match serde_json::from_str(&line) {
            Ok(entry) => entries.push(entry),
            Err(_) if number == last => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{}:{number}", path.display()));
            }
        }
    }
    Ok(entries)
}
