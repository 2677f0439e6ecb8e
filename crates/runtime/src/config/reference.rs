use std::fmt::Write as _;

use super::keys::Record;
use super::source::{Source, env_name};
use super::{Keys, Section};

/// A key a binary reads.
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) expected: String,
    pub(super) required: bool,
    pub(super) default: Option<String>,
}

/// A TOML file with every key `T` reads: required ones empty, the others commented out.
pub fn reference<T: Section>() -> String {
    let source = Source::empty();
    let mut record = Record { describing: true, ..Record::default() };
    T::read(&mut Keys::root(&source, &mut record));
    let mut entries: Vec<_> = record
        .entries
        .iter()
        .map(|e| (e.path.rsplit_once('.').unwrap_or(("", &e.path)), e))
        .collect();
    entries.sort_by_key(|((section, _), _)| *section);
    let mut text = String::new();
    let mut current = "";
    for ((section, key), entry) in entries {
        if section != current {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{section}]");
            current = section;
        }
        let _ = writeln!(text, "# {} ({})", sentence(&entry.expected), env_name(&entry.path));
        let _ = match (&entry.default, entry.required) {
            (Some(default), _) => writeln!(text, "#{key} = {default}"),
            (None, true) => writeln!(text, "{key} = \"\" # required"),
            (None, false) => writeln!(text, "#{key} ="),
        };
    }
    text
}

fn sentence(expected: &str) -> String {
    let mut letters = expected.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
