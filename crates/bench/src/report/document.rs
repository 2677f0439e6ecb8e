use std::collections::BTreeMap;

use anyhow::{Context, ensure};

const TEMPLATE: &str = include_str!("../../templates/benchmarks.md");

/// What stands in the document in place of `{{name}}`.
pub(super) type Values = BTreeMap<&'static str, String>;

pub(super) fn fill(values: &Values) -> anyhow::Result<String> {
    fill_template(TEMPLATE, values)
}

/// Every place gets its value, and every value has its place.
fn fill_template(template: &str, values: &Values) -> anyhow::Result<String> {
    let mut parts = template.split("{{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    let mut used = Vec::new();
    for part in parts {
        let (name, rest) =
            part.split_once("}}").context("a place in the template is not closed")?;
        let value = values.get(name).with_context(|| format!("no value for {name}"))?;
        filled.push_str(value.trim_end());
        filled.push_str(rest);
        used.push(name);
    }
    let unused: Vec<_> = values.keys().filter(|name| !used.contains(*name)).collect();
    ensure!(unused.is_empty(), "the template has no place for {unused:?}");
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_every_place() {
        let values = Values::from([("a", "1\n".to_owned()), ("b", "2".to_owned())]);
        assert_eq!(fill_template("x {{a}} {{b}}{{a}}\n", &values).unwrap(), "x 1 21\n");
    }

    #[test]
    fn leaves_nothing_open() {
        let values = Values::from([("a", "1".to_owned())]);
        for template in ["{{a}} {{b}}", "{{a}} {{b", "nothing"] {
            assert!(fill_template(template, &values).is_err(), "{template}");
        }
    }
}
