//! What a task found, and how it is printed.

use std::fmt;
use std::io::{self, Write};

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the workspace root, with forward slashes.
    pub(crate) path: String,
    /// Absent where the whole file is meant.
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), message: message.into() }
    }

    pub(crate) fn of(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.path, self.message),
            None => write!(out, "{}: {}", self.path, self.message),
        }
    }
}

/// The outcome of a task.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    /// Printed as they are; they never make a task fail.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn of(findings: Vec<Finding>) -> Self {
        Self { findings, notes: Vec::new() }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Notes first, then every finding in the order of the files, then a verdict.
    pub(crate) fn print(&self, out: &mut impl Write, task: &str) -> io::Result<()> {
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort();
        for finding in &findings {
            writeln!(out, "{finding}")?;
        }
        match findings.len() {
            0 => writeln!(out, "{task}: ok"),
            1 => writeln!(out, "{task}: 1 broken rule"),
            count => writeln!(out, "{task}: {count} broken rules"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_findings_by_file_and_line() {
        let report = Report {
            findings: vec![Finding::at("b.rs", 10, "late"), Finding::at("b.rs", 9, "early")],
            notes: vec!["noted".to_owned()],
        };
        let mut out = Vec::new();
        report.print(&mut out, "arch").unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "noted\nb.rs:9: early\nb.rs:10: late\narch: 2 broken rules\n");
        assert!(!report.is_clean());
    }
}
