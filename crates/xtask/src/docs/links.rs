//! Links that lead nowhere.

use std::fs;

use cargo_metadata::camino::Utf8Path;

use super::markdown;
use crate::report::Finding;

/// Relative links of `text` whose file or heading does not exist. `folder` is where the document
/// lies, `document` its file, `shown` its path in findings.
pub(super) fn broken(
    text: &str,
    folder: &Utf8Path,
    document: &Utf8Path,
    shown: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for link in markdown::links(text) {
        if is_external(link.target) {
            continue;
        }
        let (file, anchor) = link.target.split_once('#').unwrap_or((link.target, ""));
        let path = match file {
            "" => document.to_owned(),
            file => folder.join(file),
        };
        let problem = if !path.exists() {
            Some("leads to no file")
        } else if has_anchor(&path, anchor) {
            None
        } else {
            Some("leads to no heading")
        };
        if let Some(problem) = problem {
            findings.push(Finding::at(shown, link.line, format!("`{}` {problem}", link.target)));
        }
    }
    findings
}

fn is_external(target: &str) -> bool {
    let scheme = target.split(['/', '#']).next().unwrap_or_default();
    scheme.contains(':') || target.starts_with("//")
}

/// True as well for files whose anchors are not headings, such as lines of source code.
fn has_anchor(path: &Utf8Path, anchor: &str) -> bool {
    if anchor.is_empty() || path.extension() != Some("md") {
        return true;
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    markdown::anchors(&text).iter().any(|heading| heading == anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
        let document = folder.join("Cargo.toml");
        broken(text, folder, &document, "a.md").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn accepts_what_exists_and_what_is_elsewhere() {
        let text = "[a](Cargo.toml) [b](src/main.rs#L3) [c](https://example.org/x) \
                    [d](mailto:a@example.org) [e](src) [f](../xtask/src/)";
        assert_eq!(problems(text), [""; 0]);
    }

    #[test]
    fn refuses_what_does_not_exist() {
        let found = problems("\n[a](missing.md) [b](src/missing.rs#L3)");
        let expected = [
            "a.md:2: `missing.md` leads to no file",
            "a.md:2: `src/missing.rs#L3` leads to no file",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn looks_for_the_heading() {
        let folder = std::env::temp_dir().join(format!("xtask-links-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = Utf8Path::from_path(&folder).unwrap();
        let text = "# Here\n[a](#here) [b](b.md#here) [c](#there) [d](b.md#there)";
        let document = folder.join("b.md");
        fs::write(&document, text).unwrap();
        let found = broken(text, folder, &document, "b.md");
        fs::remove_dir_all(folder).unwrap();
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let expected =
            ["b.md:2: `#there` leads to no heading", "b.md:2: `b.md#there` leads to no heading"];
        assert_eq!(found, expected);
    }
}
