//! Says what serde found wrong without its vocabulary of Rust types and byte offsets.

use domain::fault::FieldFault;

/// What the root of a body or query is called when no field can be named.
const ROOT: &str = "request";

/// `path` is where serde stopped, `text` its message.
pub(super) fn fault(path: &str, text: &str) -> FieldFault {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    for (prefix, message) in [
        ("missing field `", "is required"),
        ("unknown field `", "is not a known field"),
        ("duplicate field `", "is given twice"),
    ] {
        if let Some(name) = text.strip_prefix(prefix).and_then(|rest| rest.split('`').next()) {
            return FieldFault::new(below(path, name), message);
        }
    }
    FieldFault::new(if is_root(path) { ROOT } else { path }, type_fault(text))
}

/// serde reports an unknown field at that field and a missing one at its parent.
fn below(path: &str, name: &str) -> String {
    if is_root(path) || path == name {
        name.to_owned()
    } else if path.ends_with(&format!(".{name}")) {
        path.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn is_root(path: &str) -> bool {
    path.is_empty() || path == "."
}

/// The value itself is not repeated: it may be a secret that went into the wrong field.
fn type_fault(text: &str) -> String {
    match text.rsplit_once("expected ") {
        Some((_, expected)) if !expected.contains("struct ") => {
            format!("has the wrong type or value, expected {}", plain(expected))
        }
        _ => "has the wrong type or value".to_owned(),
    }
}

/// Rust's names of number types mean nothing to a caller.
fn plain(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "an integer",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "an integer that is not negative",
        "f32" | "f64" => "a number",
        other => other,
    }
}
