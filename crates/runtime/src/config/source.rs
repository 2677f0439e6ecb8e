use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

use super::faults::Faults;
use super::value::Raw;

/// Prefix of every variable that belongs to us; a double underscore separates the levels.
const PREFIX: &str = "SWITCHBOARD__";
/// Names the TOML file when the command line does not.
const FILE_VARIABLE: &str = "SWITCHBOARD_CONFIG";

/// The raw settings: one optional file below the environment.
pub struct Source {
    file: Table,
    env: BTreeMap<String, String>,
    unreadable: Vec<String>,
}

impl Source {
    /// Reads the process environment and the file named by `config` or, failing that, by
    /// `SWITCHBOARD_CONFIG`. Without either there is no file.
    ///
    /// # Errors
    /// If the file cannot be read or is not TOML.
    pub fn from_process(config: Option<&Path>) -> Result<Self, Faults> {
        let named = std::env::var_os(FILE_VARIABLE).filter(|name| !name.is_empty());
        let path = config.map(Path::to_path_buf).or_else(|| named.map(PathBuf::from));
        let text = path.as_deref().map(read_file).transpose()?;
        Self::new(text.as_deref().unwrap_or_default(), std::env::vars_os())
    }

    /// Takes the file's text and the environment as given. Empty variables count as absent.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub fn new<K, V>(toml: &str, env: impl IntoIterator<Item = (K, V)>) -> Result<Self, Faults>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let mut source = Self { file: parse(toml)?, ..Self::empty() };
        for (name, value) in env {
            let (name, value) = (name.into(), value.into());
            let Some(path) = path_of(&name) else { continue };
            match value.into_string() {
                Ok(value) if value.is_empty() => {}
                Ok(value) => drop(source.env.insert(path, value)),
                Err(_) => source.unreadable.push(path),
            }
        }
        Ok(source)
    }

    /// No settings at all: every key is at its default or missing.
    pub(super) fn empty() -> Self {
        Self { file: Table::new(), env: BTreeMap::new(), unreadable: Vec::new() }
    }

    /// Keys whose variables are not Unicode text.
    pub(super) fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    pub(super) fn env(&self, path: &str) -> Option<Raw<'_>> {
        self.env.get(path).map(|value| Raw::Text(value))
    }

    pub(super) fn file(&self, path: &str) -> Option<Raw<'_>> {
        let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
        self.table(parent)?.get(key).map(Raw::Toml)
    }

    /// The table at `path`; the root for an empty path.
    pub(super) fn table(&self, path: &str) -> Option<&Table> {
        path.split('.')
            .filter(|part| !part.is_empty())
            .try_fold(&self.file, |table, part| table.get(part)?.as_table())
    }

    /// What follows `path.` in the names of the variables below `path`.
    pub(super) fn env_below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        self.env.keys().filter_map(move |name| match path {
            "" => Some(name.as_str()),
            _ => name.strip_prefix(path)?.strip_prefix('.'),
        })
    }

    /// True when anything at or below `path` is set.
    pub(super) fn mentions(&self, path: &str) -> bool {
        self.file(path).is_some() || self.env_below(path).next().is_some()
    }
}

/// The environment variable that sets the key at `path`.
pub(super) fn env_name(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_uppercase())
}

fn path_of(variable: &OsStr) -> Option<String> {
    let rest = variable.to_str()?.strip_prefix(PREFIX)?;
    Some(rest.to_lowercase().replace("__", "."))
}

fn read_file(path: &Path) -> Result<String, Faults> {
    fs::read_to_string(path).map_err(|error| {
        Faults::about_file(format!(
            "cannot read the configuration file {}: {error}",
            path.display()
        ))
    })
}

/// The parser's own rendering quotes the line, which may hold a secret; only its place is told.
fn parse(toml: &str) -> Result<Table, Faults> {
    toml.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| toml.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        Faults::about_file(format!("the configuration file is not valid TOML at line {line}"))
    })
}
