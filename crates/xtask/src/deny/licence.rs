//! Evaluates licence expressions such as `(MIT OR Apache-2.0) AND Unicode-3.0`.

use anyhow::bail;

/// Whether `expression` can be fulfilled with licences that `is_allowed` accepts. The older
/// `MIT/Apache-2.0` means a choice. A `WITH` exception is part of the licence's name.
pub(super) fn allows(expression: &str, is_allowed: impl Fn(&str) -> bool) -> anyhow::Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    let allowed = choice(&mut words, &is_allowed)?;
    match words.pop() {
        None => Ok(allowed),
        Some(word) => bail!("`{word}` is unexpected in `{expression}`"),
    }
}

/// `a OR b`; binds weaker than `AND`. `words` are reversed.
fn choice(words: &mut Vec<&str>, is_allowed: &impl Fn(&str) -> bool) -> anyhow::Result<bool> {
    let mut allowed = conjunction(words, is_allowed)?;
    while words.pop_if(|word| *word == "OR").is_some() {
        allowed |= conjunction(words, is_allowed)?;
    }
    Ok(allowed)
}

fn conjunction(words: &mut Vec<&str>, is_allowed: &impl Fn(&str) -> bool) -> anyhow::Result<bool> {
    let mut allowed = term(words, is_allowed)?;
    while words.pop_if(|word| *word == "AND").is_some() {
        allowed &= term(words, is_allowed)?;
    }
    Ok(allowed)
}

fn term(words: &mut Vec<&str>, is_allowed: &impl Fn(&str) -> bool) -> anyhow::Result<bool> {
    match words.pop() {
        Some("(") => {
            let allowed = choice(words, is_allowed)?;
            match words.pop() {
                Some(")") => Ok(allowed),
                _ => bail!("a parenthesis is not closed"),
            }
        }
        None | Some(")" | "OR" | "AND" | "WITH") => bail!("a licence is missing"),
        Some(name) if words.pop_if(|word| *word == "WITH").is_some() => match words.pop() {
            Some(exception) => Ok(is_allowed(&format!("{name} WITH {exception}"))),
            None => bail!("an exception is missing after WITH"),
        },
        Some(name) => Ok(is_allowed(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> bool {
        let known = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
        allows(expression, |licence| known.contains(&licence)).unwrap()
    }

    #[test]
    fn one_licence_of_a_choice_is_enough() {
        assert!(allowed("MIT"));
        assert!(allowed("GPL-3.0 OR MIT"));
        assert!(allowed("GPL-3.0/MIT"));
        assert!(!allowed("GPL-3.0 OR Apache-2.0"));
    }

    #[test]
    fn all_licences_of_a_conjunction_are_needed() {
        assert!(allowed("MIT AND Unicode-3.0"));
        assert!(!allowed("MIT AND GPL-3.0"));
        assert!(allowed("GPL-3.0 AND MIT OR Unicode-3.0"));
        assert!(!allowed("GPL-3.0 AND (MIT OR Unicode-3.0)"));
        assert!(allowed("(GPL-3.0 OR MIT) AND Unicode-3.0"));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert!(allowed("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
        assert!(!allowed("MIT WITH LLVM-exception"));
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for expression in ["", "MIT OR", "MIT Apache-2.0", "(MIT", "MIT)", "MIT WITH"] {
            allows(expression, |_| true).unwrap_err();
        }
    }
}
