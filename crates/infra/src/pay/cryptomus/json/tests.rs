use super::*;

fn cut(object: &str) -> Option<(String, String)> {
    let (value, rest) = without_member(object.as_bytes(), "sign")?;
    Some((value.to_owned(), String::from_utf8(rest).unwrap()))
}

#[test]
fn takes_out_one_member_and_one_comma() {
    for (object, value, rest) in [
        (r#"{"a":1,"sign":"x"}"#, r#""x""#, r#"{"a":1}"#),
        (r#"{"sign":"x","a":1}"#, r#""x""#, r#"{"a":1}"#),
        (r#"{"a":1,"sign":"x","b":2}"#, r#""x""#, r#"{"a":1,"b":2}"#),
        (r#"{"sign":"x"}"#, r#""x""#, "{}"),
        ("{ \"a\" : 1 , \"sign\" : \"x\" }\n", r#""x""#, "{ \"a\" : 1  }\n"),
        ("{ \"sign\" : \"x\" , \"a\" : 1 }", r#""x""#, "{ \"a\" : 1 }"),
        (r#"{"sign":7}"#, "7", "{}"),
        (r#"{"sign":{"sign":1}}"#, r#"{"sign":1}"#, "{}"),
    ] {
        let expected = (value.to_owned(), rest.to_owned());
        assert_eq!(cut(object), Some(expected), "{object}");
    }
}

#[test]
fn only_the_top_level_counts() {
    for inner in [
        r#"{"sign":"y"}"#,
        r#"[{"sign":"y"},"sign"]"#,
        r#""\"sign\":\"y\"""#,
        r#""sign""#,
        r#""}\\""#,
        r#""\u0022,""#,
    ] {
        let object = format!(r#"{{"a":{inner},"sign":"x"}}"#);
        let expected = (r#""x""#.to_owned(), format!(r#"{{"a":{inner}}}"#));
        assert_eq!(cut(&object), Some(expected), "{object}");
    }
}

#[test]
fn nothing_ambiguous_or_broken_is_taken_apart() {
    for object in [
        "",
        " ",
        "{",
        "}",
        "{}",
        "[]",
        "\"sign\"",
        r#"{"a":1}"#,
        r#"{"sign":"x","sign":"x"}"#,
        r#"{"sign":"x","a":1,"sign":"y"}"#,
        r#"{"Sign":"x"}"#,
        r#"{"sig\u006e":"x"}"#,
        r#"{"a":{"sign":"x"}}"#,
        r#"{"a":1 "sign":"x"}"#,
        r#"{"a":1,,"sign":"x"}"#,
        r#"{,"sign":"x"}"#,
        r#"{"sign":"x",}"#,
        r#"{"sign" "x"}"#,
        r#"{"sign":}"#,
        r#"{"sign":"x"}}"#,
        r#"{"sign":"x"}{"#,
        r#"{"sign":"x"} a"#,
        r#"{"sign":"x"#,
        r#"{"sign":"x\"#,
        r#"{"a":[1,],"sign":"x"}"#,
        r#"{"a":[1},"sign":"x"}"#,
        r#"{"a":{1},"sign":"x"}"#,
        "{\"a\":\"\n\",\"sign\":\"x\"}",
    ] {
        assert_eq!(cut(object), None, "{object}");
    }
}

#[test]
fn depth_is_limited() {
    let nested =
        |depth: usize| format!(r#"{{"a":{}{},"sign":"x"}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(cut(&nested(16)).is_some());
    assert_eq!(cut(&nested(17)), None);
    assert_eq!(cut(&format!(r#"{{"a":{}"#, "[".repeat(200_000))), None);
}

#[test]
fn compacts_without_changing_what_it_means() {
    for (json, expected) in [
        (r#"{ "a" : "b c" }"#, r#"{"a":"b c"}"#),
        (r#"{"a":"x/y"}"#, r#"{"a":"x\/y"}"#),
        (r#"{"a":"x\/y"}"#, r#"{"a":"x\/y"}"#),
        (r#"{"a":"x\\/y"}"#, r#"{"a":"x\\\/y"}"#),
        (r#"{"a":"\"/ \""}"#, r#"{"a":"\"\/ \""}"#),
        ("{\r\n\t\"a\":\"é / ü\"}", r#"{"a":"é \/ ü"}"#),
    ] {
        assert_eq!(compact(json.as_bytes()), expected.as_bytes(), "{json}");
        let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(value(json.as_bytes()), value(expected.as_bytes()));
    }
}
