//! A Rust file seen by the rules: what it names, its functions, and which lines are tests.

mod tokens;
mod visitor;

use std::ops::RangeInclusive;

use crate::report::Finding;

/// Lines of a file, counted from one.
pub(crate) type Lines = RangeInclusive<usize>;

/// A path somebody wrote, such as `sqlx::query`, with `use` trees flattened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// Stands inside an item that only tests compile.
    pub(crate) in_test: bool,
}

/// A function with a body or, in a trait, without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// From `fn` to the closing brace; attributes and docs do not count.
    pub(crate) lines: Lines,
    /// Without the receiver.
    pub(crate) parameters: usize,
    pub(crate) in_test: bool,
}

/// What the rules need to know of one file.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) functions: Vec<Function>,
    /// Lines with an `allow` attribute.
    pub(crate) allows: Vec<usize>,
    /// Items under `#[cfg(test)]` or `#[test]`.
    pub(crate) test_items: Vec<Lines>,
    /// Names of `#[cfg(test)] mod name;`, whose file is a test as well.
    pub(crate) test_modules: Vec<String>,
    /// String literals, which may be wider than a line.
    pub(crate) strings: Vec<Lines>,
}

/// One file of one crate.
pub(crate) struct SourceFile {
    /// The package that owns it.
    pub(crate) package: String,
    /// Relative to the workspace root.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn new(package: &str, path: String, text: String) -> Self {
        Self { package: package.to_owned(), path, text }
    }

    /// Parses the file; one that does not parse is itself a finding.
    pub(crate) fn facts(&self) -> Result<Facts, Finding> {
        visitor::facts(&self.text).map_err(|error| {
            let line = error.span().start().line;
            Finding::at(&self.path, line, format!("does not parse: {error}"))
        })
    }

    /// Below `tests/` or `benches/` of the crate, or a module file named `tests`.
    pub(crate) fn is_test_file(&self) -> bool {
        let mut parts = self.path.split('/').rev();
        let name = parts.next().unwrap_or_default();
        name == "tests.rs" || parts.any(|folder| folder == "tests" || folder == "benches")
    }

    /// The file or folder of a child module, as a prefix of paths: `src/a/b` for `mod b;` in
    /// `src/a.rs` or `src/a/mod.rs`.
    pub(crate) fn child_module(&self, name: &str) -> String {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        match file {
            "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}/{name}"),
            _ => format!("{}/{name}", self.path.trim_end_matches(".rs")),
        }
    }
}

/// A file together with its facts and whether only tests compile it.
pub(crate) struct Parsed {
    pub(crate) file: SourceFile,
    pub(crate) facts: Facts,
    pub(crate) is_test: bool,
}

impl Parsed {
    /// Whether `line` is compiled for tests only.
    pub(crate) fn tests_line(&self, line: usize) -> bool {
        self.is_test || self.facts.test_items.iter().any(|item| item.contains(&line))
    }
}

/// Parses all files and works out which of them are tests.
pub(crate) fn parse(files: Vec<SourceFile>) -> (Vec<Parsed>, Vec<Finding>) {
    let (mut parsed, mut findings) = (Vec::new(), Vec::new());
    for file in files {
        match file.facts() {
            Ok(facts) => parsed.push(Parsed { is_test: file.is_test_file(), file, facts }),
            Err(finding) => findings.push(finding),
        }
    }
    let modules: Vec<String> = parsed
        .iter()
        .flat_map(|one| one.facts.test_modules.iter().map(|name| one.file.child_module(name)))
        .collect();
    for one in &mut parsed {
        one.is_test |= modules.iter().any(|module| {
            let rest = one.file.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
    (parsed, findings)
}

#[cfg(test)]
mod tests;
