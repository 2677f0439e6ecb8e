//! The programs in docs/guide.

use std::path::Path;

/// What is shown and not run.
const SHOWN: [&str; 2] = ["json", "text"];

/// A piece of code between fences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What the fence names first.
    pub(crate) language: String,
    /// What it names after that.
    pub(crate) mark: String,
    pub(crate) text: String,
}

/// The programs of one page.
#[derive(Debug, Default)]
pub(crate) struct Snippets {
    /// Name of the page.
    pub(crate) page: String,
    /// A program per language with the lines that it has to print.
    pub(crate) programs: Vec<(Block, Vec<String>)>,
    /// What the page marks otherwise, for a test of its own.
    pub(crate) parts: Vec<Block>,
}

impl Snippets {
    /// Those of every page, which must all be understood: no snippet escapes.
    pub(crate) fn of_the_guide() -> Vec<Self> {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
        let pages = std::fs::read_dir(guide).unwrap().map(|page| page.unwrap().path());
        let mut pages: Vec<_> = pages.collect();
        pages.sort();
        let read = |page: std::path::PathBuf| {
            let name = page.file_stem().unwrap().to_string_lossy().into_owned();
            Self::of(name, &std::fs::read_to_string(page).unwrap())
        };
        pages.into_iter().map(read).collect()
    }

    pub(crate) fn of(page: String, text: &str) -> Self {
        let mut found = Self { page, ..Self::default() };
        let mut last = None;
        for block in blocks(text) {
            match (block.language.as_str(), block.mark.as_str()) {
                ("text", "prints") => {
                    let last: usize = last.expect("nothing before it prints anything");
                    found.programs[last].1.extend(block.text.lines().map(str::to_owned));
                }
                (language, "") if SHOWN.contains(&language) => {}
                ("bash" | "python" | "js", "") => last = Some(found.add(block)),
                ("python" | "js", _) => found.parts.push(block),
                other => panic!("{}: nobody knows what a block of {other:?} is", found.page),
            }
        }
        found
    }

    /// Adds to the program of that language, or begins it.
    fn add(&mut self, block: Block) -> usize {
        let known = self.programs.iter().position(|(it, _)| it.language == block.language);
        if let Some(place) = known {
            let program = &mut self.programs[place].0.text;
            *program = format!("{program}\n{}", block.text);
            place
        } else {
            self.programs.push((block, Vec::new()));
            self.programs.len() - 1
        }
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(""), Some(_)) => blocks.extend(open.take()),
            (Some(fence), None) => {
                let (language, mark) = fence.split_once(' ').unwrap_or((fence, ""));
                let (language, mark) = (language.to_owned(), mark.to_owned());
                open = Some(Block { language, mark, text: String::new() });
            }
            (_, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed: {open:?}");
    blocks
}

/// Whether these lines are printed, in this order; `…` stands for anything.
pub(crate) fn prints(printed: &str, wanted: &[String]) -> Result<(), String> {
    let mut lines = printed.lines();
    for pattern in wanted {
        if !lines.any(|line| fits(line, pattern)) {
            return Err(format!("{pattern:?} is not printed in:\n{printed}"));
        }
    }
    Ok(())
}

fn fits(line: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('…') else { return line == pattern };
    let (between, last) = rest.rsplit_once('…').unwrap_or(("", rest));
    let inner = line.strip_prefix(first).and_then(|line| line.strip_suffix(last));
    let Some(mut inner) = inner else { return false };
    between.split('…').all(|part| {
        let found = inner.split_once(part);
        inner = found.map_or("", |(_, behind)| behind);
        found.is_some()
    })
}
