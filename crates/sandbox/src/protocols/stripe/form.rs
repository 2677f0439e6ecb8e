use std::{borrow::Cow, collections::BTreeMap};

use url::form_urlencoded;

use super::error::StripeError;

/// The largest index that two digits can write.
const LARGEST_INDEX: u32 = 99;

const METADATA_KEYS: usize = 50;
const METADATA_KEY_CHARS: usize = 40;
const METADATA_VALUE_CHARS: usize = 500;

/// Parameters in Stripe's bracket notation, such as `line_items[0][quantity]`.
#[derive(Debug)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads an encoded form and refuses any name that `allowed` does not describe.
    ///
    /// In a description, `[#]` stands for a list index and `[*]` for any key.
    pub(super) fn parse(encoded: &[u8], allowed: &[&str]) -> Result<Self, StripeError> {
        let mut fields = BTreeMap::new();
        for (given, value) in form_urlencoded::parse(encoded) {
            let name = numbered(&given, &fields);
            let known = segments(&name)
                .is_some_and(|path| allowed.iter().any(|pattern| describes(pattern, &path)));
            if !known {
                let error = StripeError::invalid(format!("Received unknown parameter: {name}"));
                return Err(error.code("parameter_unknown").param(&name));
            }
            if value.is_empty() && !name.contains("metadata[") {
                let error = StripeError::invalid(format!(
                    "You passed an empty string for '{name}'. We assume empty values are an \
                     attempt to unset a parameter; however '{name}' cannot be unset."
                ));
                return Err(error.code("parameter_invalid_empty").param(&name));
            }
            if fields.contains_key(&*name) {
                let error = StripeError::invalid(format!("Duplicate parameter: {name}"));
                return Err(error.param(&name));
            }
            fields.insert(name.into_owned(), value.into_owned());
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, StripeError> {
        self.get(name).ok_or_else(|| StripeError::missing(name))
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<u64>, StripeError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            StripeError::invalid(format!("Invalid integer: {text}"))
                .code("parameter_invalid_integer")
                .param(name)
        })
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, StripeError> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => Err(StripeError::invalid(format!("Invalid boolean: {text}")).param(name)),
        }
    }

    /// Fails unless the parameter is absent or one of `choices`.
    pub(super) fn one_of(&self, name: &str, choices: &[&str]) -> Result<(), StripeError> {
        match self.get(name) {
            Some(value) if !choices.contains(&value) => Err(StripeError::invalid(format!(
                "Invalid {name}: must be one of {}",
                choices.join(", ")
            ))
            .param(name)),
            _ => Ok(()),
        }
    }

    /// The indices used in the list `name`, ascending.
    pub(super) fn indices(&self, name: &str) -> Vec<u32> {
        let mut indices: Vec<u32> = self
            .under(name)
            .filter_map(|(path, _)| path.get(1).and_then(|index| index.parse().ok()))
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// The values of a list of plain texts.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.under(name).map(|(_, value)| value).collect()
    }

    /// The keys and values directly under `name`, which is metadata.
    pub(super) fn metadata(&self, name: &str) -> Result<BTreeMap<String, String>, StripeError> {
        let prefix = format!("{name}[");
        let mut metadata = BTreeMap::new();
        for (field, value) in &self.0 {
            let key = field.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(']'));
            let Some(key) = key else { continue };
            let too_long = key.chars().count() > METADATA_KEY_CHARS
                || value.chars().count() > METADATA_VALUE_CHARS;
            if too_long {
                let message = format!(
                    "Metadata keys can have up to {METADATA_KEY_CHARS} characters and values up \
                     to {METADATA_VALUE_CHARS}."
                );
                return Err(StripeError::invalid(message).param(field));
            }
            if !value.is_empty() {
                metadata.insert(key.to_owned(), value.clone());
            }
        }
        if metadata.len() > METADATA_KEYS {
            let message = format!("Metadata can have up to {METADATA_KEYS} keys.");
            return Err(StripeError::invalid(message).param(name));
        }
        Ok(metadata)
    }

    fn under(&self, name: &str) -> impl Iterator<Item = (Vec<&str>, &str)> {
        self.0.iter().filter_map(move |(field, value)| {
            let path = segments(field)?;
            (path.len() > 1 && path.first() == Some(&name)).then_some((path, value.as_str()))
        })
    }
}

/// Gives `name[]` the next free place of its list; any other name stays as it is.
fn numbered<'n>(name: &'n str, fields: &BTreeMap<String, String>) -> Cow<'n, str> {
    let Some(list) = name.strip_suffix("[]") else { return Cow::Borrowed(name) };
    let free = (0..=LARGEST_INDEX).map(|index| format!("{list}[{index}]"));
    let mut free = free.filter(|place| !fields.contains_key(place));
    free.next().map_or(Cow::Borrowed(name), Cow::Owned)
}

/// Splits `a[b][0]` into its parts; nothing when the brackets do not match.
fn segments(name: &str) -> Option<Vec<&str>> {
    let Some((head, rest)) = name.split_once('[') else {
        return (!name.is_empty() && !name.contains(']')).then(|| vec![name]);
    };
    let inner = rest.strip_suffix(']')?;
    let mut path = vec![head];
    path.extend(inner.split("]["));
    let plain = |part: &&str| !part.is_empty() && !part.contains(['[', ']']);
    path.iter().all(plain).then_some(path)
}

fn describes(pattern: &str, path: &[&str]) -> bool {
    let Some(pattern) = segments(pattern) else { return false };
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(expected, part)| match *expected {
            "*" => true,
            "#" => is_index(part),
            name => name == *part,
        })
}

/// Two digits suffice: no list here takes more than a hundred items.
fn is_index(part: &str) -> bool {
    part.len() <= 2
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && (part == "0" || !part.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::Form;

    const ALLOWED: &[&str] = &["mode", "items[#][price][amount]", "tags[#]", "metadata[*]"];

    fn parse(text: &str) -> Result<Form, String> {
        Form::parse(text.as_bytes(), ALLOWED).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn reads_plain_and_escaped_brackets_alike() {
        for text in ["items[0][price][amount]=7", "items%5B0%5D%5Bprice%5D%5Bamount%5D=7"] {
            let form = parse(text).unwrap();
            assert_eq!(form.integer("items[0][price][amount]").unwrap(), Some(7));
            assert_eq!(form.indices("items"), [0]);
        }
    }

    #[test]
    fn counts_list_items_without_an_index() {
        let form = parse("tags[]=a&tags[]=b&tags%5B%5D=c").unwrap();
        assert_eq!(form.list("tags"), ["a", "b", "c"]);
        assert!(parse("mode[]=a").is_err());
    }

    #[test]
    fn refuses_names_nobody_described() {
        for name in [
            "other",
            "mode[x]",
            "items",
            "items[0]",
            "items[x][price][amount]",
            "items[01][price][amount]",
            "items[0][price][amount][more]",
            "metadata",
            "metadata[a][b]",
            "metadata[a",
            "metadata]a[",
            "mode]",
            "[mode]",
        ] {
            let message = parse(&format!("{name}=1")).unwrap_err();
            assert_eq!(message, format!("Received unknown parameter: {name}"));
        }
    }

    #[test]
    fn refuses_empty_and_repeated_values() {
        assert!(parse("mode=").unwrap_err().contains("empty string"));
        assert!(parse("mode=a&mode=b").unwrap_err().contains("Duplicate"));
        assert!(parse("metadata[a]=").unwrap().metadata("metadata").unwrap().is_empty());
    }
}
