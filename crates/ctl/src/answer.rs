use std::{fmt::Display, io, io::Write as _};

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use serde_json::Value;

use crate::failure::Exit;

/// What a command found, for people and for scripts.
#[derive(Debug)]
pub struct Answer {
    /// For scripts.
    pub json: Value,
    /// For people.
    pub text: String,
    /// How the command ends.
    pub exit: Exit,
}

impl Answer {
    /// A sentence.
    pub fn say(json: Value, text: impl Display) -> Self {
        Self { json, text: text.to_string(), exit: Exit::Ok }
    }

    /// The names and values of one thing, below each other.
    pub fn facts<const N: usize>(json: Value, facts: [(&str, String); N]) -> Self {
        let mut table = plain();
        for (name, value) in facts {
            table.add_row([name.to_owned(), value]);
        }
        Self::say(json, printed(&table))
    }

    /// Several things, one in each row.
    pub fn rows<const N: usize>(json: Value, header: [&str; N], rows: Vec<[String; N]>) -> Self {
        if rows.is_empty() {
            return Self::say(json, "none");
        }
        let mut table = plain();
        if header.iter().any(|name| !name.is_empty()) {
            table.set_header(header.map(str::to_uppercase));
        }
        table.add_rows(rows);
        Self::say(json, printed(&table))
    }

    /// Adds a line for people.
    #[must_use]
    pub fn and(self, line: impl Display) -> Self {
        Self { text: format!("{}\n{line}", self.text), ..self }
    }

    /// Ends with `exit`.
    #[must_use]
    pub fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// Prints it to standard output.
    pub fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if as_json { writeln!(out, "{}", self.json) } else { writeln!(out, "{}", self.text) }
    }
}

/// Without the blank that stands for the frame on the left.
fn printed(table: &Table) -> String {
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Columns by blanks alone, so that lines can be cut and copied; nothing is wrapped or cut off.
fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prints_columns_without_frames() {
        let rows = vec![["1".to_owned(), "alpha".to_owned()], ["2".to_owned(), "b".to_owned()]];
        let answer = Answer::rows(json!([]), ["id", "code"], rows);
        let lines: Vec<_> = answer.text.lines().collect();
        assert_eq!(lines, ["ID  CODE", "1   alpha", "2   b"]);
        assert_eq!(Answer::rows(json!([]), ["id"], Vec::new()).text, "none");
    }
}
