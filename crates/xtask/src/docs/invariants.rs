//! Invariants: what the document declares and what tests and migrations cite.

use std::collections::BTreeMap;

use super::markdown;
use crate::report::Finding;

/// An invariant named somewhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Citation {
    pub(super) id: String,
    pub(super) path: String,
    pub(super) line: usize,
}

/// Invariants with the line that declares each: the ids at the start of a heading, list item or
/// table row.
pub(super) fn declared(document: &str) -> BTreeMap<String, usize> {
    let mut declared = BTreeMap::new();
    for (line, text) in markdown::prose(document) {
        let content = text.trim_start_matches(['#', '|', '-', '*', '`', ' ']);
        let marked = content.len() < text.len();
        if let Some(id) = ids(content).first().filter(|id| marked && content.starts_with(**id)) {
            declared.entry((*id).to_owned()).or_insert(line);
        }
    }
    declared
}

/// Invariants that `text` names.
pub(super) fn cited(text: &str, path: &str) -> Vec<Citation> {
    let mut cited = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let found = ids(text).into_iter();
        cited.extend(found.map(|id| Citation { id: id.to_owned(), path: path.to_owned(), line }));
    }
    cited
}

/// Citations of what is not declared, and declarations that nothing cites.
pub(super) fn broken(
    declared: &BTreeMap<String, usize>,
    cited: &[Citation],
    document: &str,
) -> Vec<Finding> {
    let unknown = cited.iter().filter(|citation| !declared.contains_key(&citation.id));
    let unknown = unknown.map(|citation| {
        let message = format!("{} is not declared in {document}", citation.id);
        Finding::at(&citation.path, citation.line, message)
    });
    let untested = declared.iter().filter(|(id, _)| !cited.iter().any(|one| one.id == **id));
    let untested = untested.map(|(id, line)| {
        Finding::at(document, *line, format!("no test and no migration cites {id}"))
    });
    unknown.chain(untested).collect()
}

/// Words of the form `I-7` or `L7`.
fn ids(text: &str) -> Vec<&str> {
    let separates = |letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '-');
    text.split(separates).flat_map(id_words).collect()
}

/// `word` itself, or both ends of a range such as `L1-L6`.
fn id_words(word: &str) -> Vec<&str> {
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|d| d.is_ascii_digit());
    let is_id = |word: &str| {
        let digits = word.strip_prefix("I-").or_else(|| word.strip_prefix('L'));
        digits.is_some_and(is_number)
    };
    match word.split_once('-') {
        _ if is_id(word) => vec![word],
        Some((first, last)) if is_id(first) && is_id(last) => vec![first, last],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ids_as_whole_words() {
        assert_eq!(
            ids("L1, (I-2) `L3`: L4–L5 L6-L7 I-8."),
            ["L1", "I-2", "L3", "L4", "L5", "L6", "L7", "I-8"]
        );
        assert_eq!(ids("XL1 L1a L_1 L I- I-a API-1 L1_CACHE UTF-8 l1"), [""; 0]);
    }

    #[test]
    fn declares_at_the_start_of_headings_items_and_rows() {
        let document = "Not L9.\nL8 neither.\n## L1 Zero sum\n- **I-2** text, see L7\n| `L3` | rule |\n```\n- L6\n```";
        let declared: Vec<_> = declared(document).into_iter().collect();
        let expected = [("I-2".to_owned(), 4), ("L1".to_owned(), 3), ("L3".to_owned(), 5)];
        assert_eq!(declared, expected);
    }

    #[test]
    fn wants_citations_and_declarations_to_match() {
        let declared = declared("- L1\n- L2\n- I-3");
        let cited = cited("// L1 and\n// I-3, I-4", "tests/it.rs");
        let found: Vec<_> =
            broken(&declared, &cited, "invariants.md").iter().map(ToString::to_string).collect();
        let expected = [
            "tests/it.rs:2: I-4 is not declared in invariants.md",
            "invariants.md:2: no test and no migration cites L2",
        ];
        assert_eq!(found, expected);
    }
}
