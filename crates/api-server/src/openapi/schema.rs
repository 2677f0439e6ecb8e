use std::borrow::Cow;

use super::{Book, Node};

/// What a value of some type looks like on the wire, in the words of JSON Schema 2020-12.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schema(Node);

/// One field of a struct, as the struct itself is written.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// What serde is told about it.
    pub(crate) rules: &'static str,
    pub(crate) about: String,
    /// Whether it may be left out of a request.
    pub(crate) optional: bool,
    pub(crate) schema: Schema,
}

impl Schema {
    fn typed(name: &'static str) -> Self {
        Self(Node::map().with("type", name))
    }

    pub(crate) fn integer() -> Self {
        Self::typed("integer")
    }

    pub(crate) fn text() -> Self {
        Self::typed("string")
    }

    pub(crate) fn flag() -> Self {
        Self::typed("boolean")
    }

    pub(crate) fn object() -> Self {
        Self::typed("object")
    }

    pub(crate) fn null() -> Self {
        Self::typed("null")
    }

    pub(crate) fn list(of: Self) -> Self {
        Self::typed("array").with("items", of)
    }

    /// Exactly this value.
    pub(crate) fn constant(value: impl Into<Node>) -> Self {
        Self(Node::map().with("const", value))
    }

    /// One of several shapes.
    pub(crate) fn any_of(shapes: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::map().with("anyOf", Node::list(shapes)))
    }

    /// A shape that has a name.
    pub(super) fn named(name: &str) -> Self {
        Self(Node::reference(&format!("schemas/{name}")))
    }

    pub(crate) fn with(self, key: &'static str, value: impl Into<Node>) -> Self {
        Self(self.0.with(key, value))
    }

    pub(crate) fn format(self, name: &'static str) -> Self {
        self.with("format", name)
    }

    pub(crate) fn about(self, text: impl Into<String>) -> Self {
        self.with("description", text.into())
    }

    pub(crate) fn example(self, value: impl Into<Node>) -> Self {
        self.with("examples", Node::list([value.into()]))
    }

    pub(crate) fn at_least(self, least: impl Into<i64>) -> Self {
        self.with("minimum", least.into())
    }

    pub(crate) fn at_most(self, most: impl Into<i64>) -> Self {
        self.with("maximum", most.into())
    }

    pub(crate) fn longest(self, characters: i64) -> Self {
        self.with("minLength", 1_i64).with("maxLength", characters)
    }

    pub(crate) fn usually(self, value: impl Into<Node>) -> Self {
        self.with("default", value)
    }

    /// Only these words, and null where that is allowed already.
    pub(crate) fn one_of(self, words: impl IntoIterator<Item = &'static str>) -> Self {
        let null = self.is_nullable().then_some(Node::Null);
        let words = words.into_iter().map(Node::from).chain(null);
        self.with("enum", Node::list(words))
    }

    pub(super) fn or_null(self) -> Self {
        match self.0.get("type") {
            Some(Node::Text(name)) => {
                let types = [Node::Text(name.clone()), "null".into()];
                self.with("type", Node::list(types))
            }
            _ => Self::any_of([self, Self::null()]),
        }
    }

    fn is_nullable(&self) -> bool {
        self.0.get("type").is_some_and(|types| types.items().contains(&"null".into()))
    }

    /// The same where null cannot be written, as in a query.
    pub(crate) fn never_null(self) -> Self {
        let first = self.0.get("type").and_then(|types| types.items().first()).cloned();
        let schema = match first {
            Some(first) => Self(self.0.with("type", first)),
            None => self,
        };
        let words = schema.0.get("enum").map(|words| {
            Node::list(words.items().iter().filter(|word| **word != Node::Null).cloned())
        });
        Self(schema.0.with_some("enum", words))
    }

    /// An object with one more field. What serde is told of the field holds here as well.
    pub(crate) fn field(self, field: Field) -> Self {
        let Field { name, rules, about, optional, schema } = field;
        if rules.contains("flatten") {
            return self.merged(&schema);
        }
        let schema = if about.is_empty() { schema } else { schema.about(about) };
        let optional = optional || rules.contains("default") || rules.contains("skip_serializing");
        self.property(name.to_owned(), schema, !optional)
    }

    /// An object with all fields of another one.
    pub(crate) fn merged(self, other: &Self) -> Self {
        other.properties().iter().fold(self, |object, (name, of)| {
            object.property(name.to_string(), Self(of.clone()), other.requires(name))
        })
    }

    pub(crate) fn property(self, name: impl Into<String>, of: Self, is_required: bool) -> Self {
        let name = name.into();
        let properties = self.0.get("properties").cloned().unwrap_or_else(Node::map);
        let mut required = self.0.get("required").map(Node::items).unwrap_or_default().to_vec();
        if is_required {
            required.push(name.clone().into());
        }
        let required = (!required.is_empty()).then(|| Node::list(required));
        Self(self.0.with("properties", properties.with(name, of)).with_some("required", required))
    }

    /// Without fields nobody knows.
    pub(crate) fn closed(self) -> Self {
        self.with("additionalProperties", false)
    }

    pub(super) fn properties(&self) -> &[(Cow<'static, str>, Node)] {
        self.0.get("properties").map(Node::entries).unwrap_or_default()
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        let required = self.0.get("required").map(Node::items).unwrap_or_default();
        required.iter().any(|it| matches!(it, Node::Text(text) if text == name))
    }

    pub(super) fn from_node(node: Node) -> Self {
        Self(node)
    }
}

impl From<Schema> for Node {
    fn from(Schema(node): Schema) -> Self {
        node
    }
}

/// A type that knows what it looks like on the wire.
pub(crate) trait Described {
    /// Whether a request may leave it out.
    const OPTIONAL: bool = false;

    fn schema(book: &mut Book) -> Schema;
}
