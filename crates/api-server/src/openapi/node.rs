use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// JSON whose keys stay in the order in which they were given, so that the document reads as it was
/// thought and two generations of it are equal byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    Number(i64),
    Text(Cow<'static, str>),
    List(Vec<Self>),
    Map(Vec<(Cow<'static, str>, Self)>),
}

impl Node {
    pub(crate) const fn map() -> Self {
        Self::Map(Vec::new())
    }

    pub(crate) fn list<T: Into<Self>>(nodes: impl IntoIterator<Item = T>) -> Self {
        Self::List(nodes.into_iter().map(Into::into).collect())
    }

    /// Points at another part of the document.
    pub(super) fn reference(path: &str) -> Self {
        Self::map().with("$ref", format!("#/components/{path}"))
    }

    /// The same with another entry; what is no map stays as it is.
    pub(crate) fn with(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Self>,
    ) -> Self {
        let (key, value) = (key.into(), value.into());
        if let Self::Map(entries) = &mut self {
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        self
    }

    /// The same, if there is a value.
    pub(crate) fn with_some<T: Into<Self>>(self, key: &'static str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The same without that entry.
    pub(super) fn without(mut self, key: &str) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.retain(|(known, _)| known != key);
        }
        self
    }

    pub(super) fn entries(&self) -> &[(Cow<'static, str>, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    pub(super) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => items.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&'static str> for Node {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}
