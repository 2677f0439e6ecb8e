use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;

use super::faults::Faults;
use super::source::Source;
use super::value::{Raw, Value, decimal, secret_url};
use super::{Section, reference::Entry};

/// Reads the keys of one section and notes what is wrong with them.
///
/// Each method returns a value at once, a placeholder if the setting is bad or missing, so that a
/// section is one struct literal and all its faults are found in one go.
pub struct Keys<'s> {
    source: &'s Source,
    record: &'s mut Record,
    path: String,
    seen: BTreeMap<String, Kind>,
}

/// What reading has found so far.
#[derive(Default)]
pub(super) struct Record {
    pub(super) faults: Faults,
    pub(super) entries: Vec<Entry>,
    /// Optional sections are visited too, for the sake of their entries.
    pub(super) describing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Value,
    Section,
}

/// What happens when a key is not set.
enum Absent {
    Required,
    Optional,
    Default(String),
}

impl<'s> Keys<'s> {
    pub(super) fn root(source: &'s Source, record: &'s mut Record) -> Self {
        Self { source, record, path: String::new(), seen: BTreeMap::new() }
    }

    /// A key that must be set.
    pub fn required<T: Value>(&mut self, key: &str) -> T {
        self.read(key, Absent::Required, T::EXPECTED, T::parse).unwrap_or_else(T::placeholder)
    }

    /// A key that may be absent.
    pub fn optional<T: Value>(&mut self, key: &str) -> Option<T> {
        self.read(key, Absent::Optional, T::EXPECTED, T::parse)
    }

    /// A key with a default.
    pub fn or<T: Value>(&mut self, key: &str, default: T) -> T {
        let absent = Absent::Default(default.render());
        self.read(key, absent, T::EXPECTED, T::parse).unwrap_or(default)
    }

    /// A number with a default and limits.
    pub fn within<T>(&mut self, key: &str, default: T, limits: RangeInclusive<T>) -> T
    where
        T: Value + PartialOrd + Display,
    {
        let expected = format!("a whole number from {} to {}", limits.start(), limits.end());
        let absent = Absent::Default(default.render());
        let parse = |raw: Raw<'_>| T::parse(raw).filter(|value| limits.contains(value));
        self.read(key, absent, &expected, parse).unwrap_or(default)
    }

    /// One of a few words, with a default.
    pub fn one_of<T: Copy + PartialEq>(
        &mut self,
        key: &str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let usual =
            choices.iter().find(|(_, value)| *value == default).map_or("", |(word, _)| word);
        let find = |raw: Raw<'_>| {
            let text = raw.text()?;
            choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
        };
        let expected = format!("one of {}", words.join(", "));
        self.read(key, Absent::Default(format!("{usual:?}")), &expected, find).unwrap_or(default)
    }

    /// A duration in whole seconds, with a default and limits; name the key `…_seconds`.
    pub fn seconds(&mut self, key: &str, default: u64, limits: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.within(key, default, limits))
    }

    /// A duration in whole milliseconds, with a default and limits; name the key `…_ms`.
    pub fn millis(&mut self, key: &str, default: u64, limits: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(key, default, limits))
    }

    /// An address that must be set, has one of `schemes`, and may hold a password.
    pub fn secret_url(&mut self, key: &str, schemes: &[&str]) -> SecretString {
        let parse = |raw: Raw<'_>| secret_url(raw, schemes);
        self.read(key, Absent::Required, &url_of(schemes), parse)
            .unwrap_or_else(SecretString::placeholder)
    }

    /// As [`Keys::secret_url`], but may be absent.
    pub fn optional_secret_url(&mut self, key: &str, schemes: &[&str]) -> Option<SecretString> {
        let parse = |raw: Raw<'_>| secret_url(raw, schemes);
        self.read(key, Absent::Optional, &url_of(schemes), parse)
    }

    /// A decimal in quotes with a default; kept as text so that no precision is lost.
    pub fn decimal(&mut self, key: &str, default: &str) -> String {
        let absent = Absent::Default(format!("{default:?}"));
        self.read(key, absent, "a decimal in quotes, such as \"0.15\"", decimal)
            .unwrap_or_else(|| default.to_owned())
    }

    /// Text with a meaning of its own; `expected` completes the sentence "must be …".
    pub fn parsed<T>(
        &mut self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.read(key, Absent::Optional, expected, |raw| parse(raw.text()?))
    }

    /// A section below this one.
    pub fn section<S: Section>(&mut self, name: &str) -> S {
        self.seen.insert(name.to_owned(), Kind::Section);
        let path = self.path_of(name);
        if self.source.file(&path).is_some() && self.source.table(&path).is_none() {
            self.record.faults.add(&path, "must be a section with keys of its own");
        }
        let mut keys =
            Keys { source: self.source, record: &mut *self.record, path, seen: BTreeMap::new() };
        let section = S::read(&mut keys);
        keys.finish();
        section
    }

    /// A section that is read only when anything in it is set.
    pub fn optional_section<S: Section>(&mut self, name: &str) -> Option<S> {
        self.seen.insert(name.to_owned(), Kind::Section);
        let wanted = self.record.describing || self.source.mentions(&self.path_of(name));
        wanted.then(|| self.section(name))
    }

    /// Refuses a value that is well formed by itself but wrong here, such as a minimum above its
    /// maximum. Never put the value of a secret into `message`.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>) {
        let path = self.path_of(key);
        self.record.faults.add(path, message);
    }

    fn read<T>(
        &mut self,
        key: &str,
        absent: Absent,
        expected: &str,
        parse: impl Fn(Raw<'_>) -> Option<T>,
    ) -> Option<T> {
        let path = self.path_of(key);
        self.seen.insert(key.to_owned(), Kind::Value);
        self.seen.insert(format!("{key}_file"), Kind::Value);
        let required = matches!(absent, Absent::Required);
        self.record.entries.push(Entry {
            path: path.clone(),
            expected: expected.to_owned(),
            required,
            default: if let Absent::Default(text) = absent { Some(text) } else { None },
        });
        let found = match find(self.source, &path) {
            Ok(found) => found,
            Err(message) => {
                self.record.faults.add(path, message);
                return None;
            }
        };
        let raw = match &found {
            Found::Nothing if required => {
                self.record.faults.add(path, "is required but not set");
                return None;
            }
            Found::Nothing => return None,
            Found::Set(raw) => *raw,
            Found::InFile(text) => Raw::Text(text),
        };
        let value = parse(raw);
        if value.is_none() {
            self.record.faults.add(path, format!("must be {expected}"));
        }
        value
    }

    fn finish(self) {
        let Keys { source, record, path, seen } = self;
        let mut unknown: Vec<&str> = Vec::new();
        for key in source.table(&path).into_iter().flat_map(toml::Table::keys) {
            if !seen.contains_key(key.as_str()) {
                unknown.push(key);
            }
        }
        for rest in source.env_below(&path) {
            let (key, deeper) = rest.split_once('.').map_or((rest, false), |(key, _)| (key, true));
            let fits = match seen.get(key) {
                Some(Kind::Value) => !deeper,
                Some(Kind::Section) => deeper,
                None => false,
            };
            if !fits && !unknown.contains(&rest) {
                unknown.push(rest);
            }
        }
        for key in unknown {
            record.faults.add(format!("{path}.{key}"), "is not a known key");
        }
    }

    /// Other binaries' sections are theirs; a key outside any section is nobody's.
    pub(super) fn finish_root(self) -> Vec<String> {
        let Keys { source, record, seen, .. } = self;
        let mut ignored = Vec::new();
        for (key, value) in source.table("").into_iter().flatten() {
            if seen.contains_key(key) {
                continue;
            }
            if value.is_table() {
                ignored.push(key.clone());
            } else {
                record.faults.add(key, "is not in any section");
            }
        }
        for rest in source.env_below("") {
            match rest.split_once('.') {
                Some((key, _)) if seen.contains_key(key) || ignored.iter().any(|s| s == key) => {}
                Some((key, _)) => ignored.push(key.to_owned()),
                None if seen.get(rest) == Some(&Kind::Value) => {}
                None => record.faults.add(rest, "is not in any section"),
            }
        }
        ignored
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn url_of(schemes: &[&str]) -> String {
    format!("an address starting with {}://", schemes.join(":// or "))
}

enum Found<'a> {
    Nothing,
    Set(Raw<'a>),
    InFile(String),
}

/// The environment beats the file; within either, a key and its `_file` twin contradict.
fn find<'a>(source: &'a Source, path: &str) -> Result<Found<'a>, String> {
    let twin = format!("{path}_file");
    for layer in [Source::env, Source::file] {
        return match (layer(source, path), layer(source, &twin)) {
            (None, None) => continue,
            (Some(raw), None) => Ok(Found::Set(raw)),
            (None, Some(name)) => from_twin(name).map(Found::InFile),
            (Some(_), Some(_)) => Err(format!("is set twice: remove it or {twin}")),
        };
    }
    Ok(Found::Nothing)
}

fn from_twin(name: Raw<'_>) -> Result<String, String> {
    let name = name.text().ok_or("its _file twin must be a path")?;
    match std::fs::read_to_string(name) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(format!("cannot read {name}: {error}")),
    }
}
