//! Refusals must not repeat what they refuse: it may be a secret in the wrong place.

use serde_json::Value;

/// Texts that nobody writes by chance, so that finding one elsewhere means it was copied.
pub(crate) fn is_telling(text: &str) -> bool {
    let has = |part: fn(char) -> bool| text.chars().any(part);
    text.len() >= 12 && has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_uppercase())
}

/// Checks that `told` has none of `values`, other than those that are part of one of `names`.
pub(crate) fn keeps<'a>(told: &str, values: &[&'a str], names: &[&'a str]) {
    for value in values.iter().filter(|value| is_telling(value)) {
        let is_name = names.iter().any(|name| name.contains(value));
        assert!(is_name || !told.contains(value), "{value:?} is repeated in {told:?}");
    }
}

/// All texts and all names in a document.
pub(crate) fn texts_and_names<'a>(
    value: &'a Value,
    texts: &mut Vec<&'a str>,
    names: &mut Vec<&'a str>,
) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(list) => list.iter().for_each(|item| texts_and_names(item, texts, names)),
        Value::Object(members) => {
            for (name, member) in members {
                names.push(name);
                texts_and_names(member, texts, names);
            }
        }
        _ => {}
    }
}
