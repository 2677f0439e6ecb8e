//! As much of JSON Schema as the document uses. A word that is not known here fails the test, and
//! so does a field that the document does not list, although clients are told to expect such.

use serde_json::{Map, Value};

/// The document whose references are followed.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'a>(pub(crate) &'a Value);

/// Words that say nothing about what is admitted here. Patterns and formats are checked by the
/// end-to-end tests, which have a library for it.
const REMARKS: [&str; 6] = ["description", "examples", "default", "format", "pattern", "title"];

impl<'a> Shapes<'a> {
    /// What a part of the document refers to, or that part itself.
    pub(crate) fn at(self, part: &'a Value) -> &'a Value {
        let Some(path) = part.get("$ref").and_then(Value::as_str) else { return part };
        self.0.pointer(path.trim_start_matches('#')).unwrap_or(&Value::Null)
    }

    /// Says where `value` is not what `schema` asks for.
    pub(crate) fn admit(self, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = self.at(schema).as_object().ok_or("there is no schema")?;
        for (word, asked) in schema {
            let fault = self.fault(schema, (word, asked), value);
            if let Some(fault) = fault {
                return Err(fault);
            }
        }
        Ok(())
    }

    fn fault(
        self,
        schema: &Map<String, Value>,
        (word, asked): (&str, &Value),
        value: &Value,
    ) -> Option<String> {
        let is_good = match word {
            "type" => match asked {
                Value::Array(types) => types.iter().any(|it| is_of(it, value)),
                one => is_of(one, value),
            },
            "const" => value == asked,
            "enum" => asked.as_array()?.contains(value),
            "minimum" => value.as_i64().is_none_or(|it| it >= asked.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|it| it <= asked.as_i64().unwrap()),
            "anyOf" => asked.as_array()?.iter().any(|it| self.admit(it, value).is_ok()),
            "items" => {
                let mut items = value.as_array()?.iter();
                return items.find_map(|item| self.admit(asked, item).err());
            }
            "properties" => return self.properties(asked, value),
            "required" => {
                let mut names = asked.as_array()?.iter();
                let missing = names.find(|it| value.get(it.as_str().unwrap()).is_none())?;
                return Some(format!("{missing} is missing"));
            }
            "additionalProperties" => asked == &Value::Bool(false),
            word if REMARKS.contains(&word) => true,
            word => return Some(format!("{word} is not understood in {schema:?}")),
        };
        (!is_good).then(|| format!("{value} is not of {word} {asked}"))
    }

    fn properties(self, asked: &Value, value: &Value) -> Option<String> {
        value.as_object()?.iter().find_map(|(name, value)| match asked.get(name) {
            Some(schema) => self.admit(schema, value).err().map(|it| format!("{name}: {it}")),
            None => Some(format!("{name} is not listed")),
        })
    }
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}
