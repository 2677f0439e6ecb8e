use crate::protocols::gateway::Members;

/// Whether slashes are written as `\/`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slashes {
    Escaped,
    Plain,
}

/// A document as PHP's `json_encode` with `JSON_UNESCAPED_UNICODE` writes it: members in the order
/// of the sender, slashes escaped, and of all that is not ASCII only the two line separators.
pub(super) fn encode(members: &Members, slashes: Slashes) -> String {
    let members = members.iter().map(|(name, value)| format!("\"{name}\":{value}"));
    let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    // None of the three occurs outside of strings.
    let text = text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    match slashes {
        Slashes::Escaped => text.replace('/', "\\/"),
        Slashes::Plain => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Slashes, encode};

    #[test]
    fn writes_what_php_writes() {
        let members = vec![
            ("b", json!("a/b \\/ \"ü\u{2028}\u{1f}\n")),
            ("a", json!(null)),
            ("c", json!(true)),
            ("d", json!(17)),
        ];
        assert_eq!(
            encode(&members, Slashes::Escaped),
            r#"{"b":"a\/b \\\/ \"ü\u2028\u001f\n","a":null,"c":true,"d":17}"#
        );
        assert!(encode(&members, Slashes::Plain).contains("a/b \\\\/ "));
    }
}
