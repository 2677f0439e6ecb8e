//! Budgets that keep files and functions readable.

use crate::report::{Finding, Report};
use crate::source::{self, Parsed};
use crate::workspace::Workspace;

/// Lines of a file, without the tests inside it.
const FILE_LINES: usize = 400;
/// Lines of a file that only tests compile.
const TEST_FILE_LINES: usize = 1500;
/// Lines of a function outside tests, signature and braces included.
const FUNCTION_LINES: usize = 70;
const PARAMETERS: usize = 5;
/// Characters; the formatter does not break comments and macros.
const WIDTH: usize = 100;
/// How many of the largest files are shown.
const SHOWN: usize = 10;

/// Checks every Rust file of the workspace, and tells where the sizes stand.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let (parsed, mut findings) = source::parse(workspace.sources()?);
    findings.extend(parsed.iter().flat_map(oversized));
    let mut sizes: Vec<(usize, &str)> = parsed
        .iter()
        .filter(|file| !file.is_test)
        .map(|file| (counted_lines(file), file.file.path.as_str()))
        .collect();
    sizes.sort_unstable();
    Ok(Report { findings, notes: summary(&sizes) })
}

fn oversized(parsed: &Parsed) -> Vec<Finding> {
    let path = &parsed.file.path;
    let mut findings = Vec::new();
    let (lines, limit) = if parsed.is_test {
        (parsed.file.text.lines().count(), TEST_FILE_LINES)
    } else {
        (counted_lines(parsed), FILE_LINES)
    };
    if lines > limit {
        findings.push(Finding::of(path, format!("has {lines} lines, {limit} are the limit")));
    }
    for function in &parsed.facts.functions {
        let (name, start) = (&function.name, *function.lines.start());
        let lines = function.lines.end() + 1 - start;
        if lines > FUNCTION_LINES && !parsed.is_test && !function.in_test {
            let message = format!("`{name}` has {lines} lines, {FUNCTION_LINES} are the limit");
            findings.push(Finding::at(path, start, message));
        }
        if function.parameters > PARAMETERS {
            let count = function.parameters;
            let message = format!("`{name}` has {count} parameters, {PARAMETERS} are the limit");
            findings.push(Finding::at(path, start, message));
        }
    }
    findings.extend(wide_lines(parsed));
    findings
}

/// Lines outside items that only tests compile.
fn counted_lines(parsed: &Parsed) -> usize {
    let all = parsed.file.text.lines().count();
    (1..=all).filter(|line| !parsed.tests_line(*line)).count()
}

/// Lines that are too wide and hold neither a part of a string nor an address.
fn wide_lines(parsed: &Parsed) -> impl Iterator<Item = Finding> {
    let in_string = |line| parsed.facts.strings.iter().any(|string| string.contains(&line));
    (1..).zip(parsed.file.text.lines()).filter_map(move |(line, text)| {
        let width = text.chars().count();
        let refused = width > WIDTH && !text.contains("://") && !in_string(line);
        let message = || format!("is {width} characters wide, {WIDTH} are the limit");
        refused.then(|| Finding::at(&parsed.file.path, line, message()))
    })
}

/// `sizes` must be sorted.
fn summary(sizes: &[(usize, &str)]) -> Vec<String> {
    let largest = sizes.iter().rev().take(SHOWN);
    let mut notes: Vec<_> = largest.map(|(lines, path)| format!("{lines:>5} {path}")).collect();
    let (median, high) = (percentile(sizes, 50), percentile(sizes, 95));
    notes.push(format!("{} files, median {median} lines, p95 {high}", sizes.len()));
    notes
}

/// The smallest size that `percent` of the files do not exceed.
fn percentile(sizes: &[(usize, &str)], percent: usize) -> usize {
    let rank = (sizes.len() * percent).div_ceil(100).saturating_sub(1);
    sizes.get(rank).map_or(0, |(lines, _)| *lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile::new("sample", path.to_owned(), text.to_owned());
        let (parsed, unparsed) = source::parse(vec![file]);
        assert_eq!(unparsed, []);
        parsed.iter().flat_map(oversized).map(|finding| finding.to_string()).collect()
    }

    fn function(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn limits_a_file_without_its_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// test\n".repeat(300));
        let within = "// code\n".repeat(400) + &tests;
        assert_eq!(found("src/a.rs", &within), [""; 0]);
        let beyond = "// code\n".repeat(401) + &tests;
        assert_eq!(found("src/a.rs", &beyond), ["src/a.rs: has 401 lines, 400 are the limit"]);
    }

    #[test]
    fn gives_test_files_more_room_but_not_all() {
        assert_eq!(found("tests/it/a.rs", &"// test\n".repeat(1500)), [""; 0]);
        assert_eq!(found("src/a/tests.rs", &"// test\n".repeat(1501)).len(), 1);
    }

    #[test]
    fn limits_functions_outside_tests() {
        assert_eq!(found("src/a.rs", &function(70)), [""; 0]);
        let beyond = ["src/a.rs:1: `f` has 71 lines, 70 are the limit"];
        assert_eq!(found("src/a.rs", &function(71)), beyond);
        assert_eq!(found("tests/a.rs", &function(71)), [""; 0]);
        let inside = format!("#[cfg(test)]\nmod tests {{\n{}}}", function(71));
        assert_eq!(found("src/a.rs", &inside), [""; 0]);
    }

    #[test]
    fn limits_parameters_without_the_receiver() {
        let method = |count: usize| {
            let parameters =
                (0..count).fold(String::new(), |all, one| format!("{all}, p{one}: u8"));
            format!("impl S {{ fn f(&self{parameters}) {{}} }}")
        };
        assert_eq!(found("src/a.rs", &method(5)), [""; 0]);
        let beyond = ["src/a.rs:1: `f` has 6 parameters, 5 are the limit"];
        assert_eq!(found("src/a.rs", &method(6)), beyond);
        assert_eq!(
            found("src/a.rs", "trait T { fn f(a: A, b: B, c: C, d: D, e: E, f: F); }").len(),
            1
        );
    }

    #[test]
    fn limits_the_width_except_of_strings_and_addresses() {
        let comment = |width: usize| format!("// {}\n", "ä".repeat(width - 3));
        assert_eq!(found("src/a.rs", &comment(100)), [""; 0]);
        let beyond = ["src/a.rs:1: is 101 characters wide, 100 are the limit"];
        assert_eq!(found("src/a.rs", &comment(101)), beyond);
        let filler = "x".repeat(120);
        assert_eq!(found("src/a.rs", &format!("//! See https://{filler}")), [""; 0]);
        let text = format!("const A: &str = \"\n{filler}\n\";\n/// \"{filler}\"\nconst B: u8 = 1;");
        assert_eq!(
            found("src/a.rs", &text),
            ["src/a.rs:4: is 126 characters wide, 100 are the limit"]
        );
    }

    #[test]
    fn summarises_the_sizes() {
        let sizes: Vec<_> = (1..=20).map(|lines| (lines, "a.rs")).collect();
        let notes = summary(&sizes);
        assert_eq!(notes.len(), 11);
        assert_eq!(notes.first().unwrap(), "   20 a.rs");
        assert_eq!(notes.last().unwrap(), "20 files, median 10 lines, p95 19");
        assert_eq!(summary(&[]), ["0 files, median 0 lines, p95 0"]);
    }
}
