//! Reads what a provider of the sms-activate family says of one SMS.
//!
//! The documented form is a JSON object by POST. Clones send ids as numbers or texts, leave fields
//! out, or use a form or the query instead; fields we do not know are ignored.

use domain::{
    fault::FieldFault,
    ids::{ExternalId, ProviderId},
    inbox::Callback,
    providers::{SmsCode, SmsText},
};
use serde_json::{Map, Value};

/// Longest code worth keeping; the longest real ones have eight digits.
const MAX_CODE: usize = 32;
/// Longest time stamp worth keeping: RFC 3339 with nanoseconds has 35 characters.
const MAX_STAMP: usize = 64;

type Fields = Map<String, Value>;

/// The callback of `provider`, or what is wrong with it.
pub(crate) fn read(
    provider: ProviderId,
    query: &str,
    body: &[u8],
) -> Result<Callback, Vec<FieldFault>> {
    let mut fields = form(query.as_bytes());
    match body.trim_ascii_start().first() {
        Some(b'{') => fields.extend(json(body).ok_or_else(|| unreadable("body is not JSON"))?),
        Some(_) => fields.extend(form(body)),
        None => {}
    }
    let Some(external_id) = scalar(&fields, "activationId").and_then(|t| ExternalId::parse(&t))
    else {
        return Err(unreadable("is missing or not an id"));
    };
    let code = scalar(&fields, "code").map(|text| plain(&text, usize::MAX));
    let code = code.filter(|code| (1..=MAX_CODE).contains(&code.chars().count()));
    let text = scalar(&fields, "text").and_then(|text| SmsText::parse(&text));
    let Some(text) = text.or_else(|| SmsText::parse(code.as_ref()?)) else {
        return Err(vec![FieldFault::new("text", "is missing, and so is the code")]);
    };
    let stamp = scalar(&fields, "receivedAt").unwrap_or_default();
    let code = code.map(SmsCode::from);
    Ok(Callback { provider, external_id, text, code, received_at: plain(&stamp, MAX_STAMP) })
}

fn unreadable(message: &str) -> Vec<FieldFault> {
    vec![FieldFault::new("activationId", message)]
}

fn json(body: &[u8]) -> Option<Fields> {
    serde_json::from_slice(body).ok()
}

fn form(text: &[u8]) -> Fields {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}

/// A text or a number as text; nothing for anything else.
fn scalar(fields: &Fields, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Without control characters, of which Postgres refuses one and people need none, and without
/// blanks around it, so that cutting it again changes nothing.
fn plain(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let kept: String = text.trim_start().chars().take(most).collect();
    kept.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: ProviderId = ProviderId::new(3);

    fn parts(query: &str, body: &str) -> Option<(String, Option<String>, String, String)> {
        let callback = read(PROVIDER, query, body.as_bytes()).ok()?;
        assert_eq!(callback.provider, PROVIDER);
        Some((
            callback.external_id.to_string(),
            callback.code.map(|code| code.reveal().to_owned()),
            callback.text.reveal().to_owned(),
            callback.received_at,
        ))
    }

    fn expected(code: Option<&str>) -> (String, Option<String>, String, String) {
        let stamp = "2023-01-01 12:00:00".to_owned();
        ("123456".to_owned(), code.map(str::to_owned), "Sms 12345".to_owned(), stamp)
    }

    #[test]
    fn reads_the_documented_form_and_its_variants() {
        let documented = r#"{"activationId":123456,"service":"go","text":"Sms 12345",
            "code":"12345","country":2,"receivedAt":"2023-01-01 12:00:00"}"#;
        assert_eq!(parts("", documented), Some(expected(Some("12345"))));
        let texts = r#" {"activationId":"123456","text":"Sms 12345","code":null,"id":"x",
            "country":{"a":1},"receivedAt":"2023-01-01 12:00:00","phoneFrom":[]}"#;
        assert_eq!(parts("", texts), Some(expected(None)));
        let numeric = r#"{"activationId":123456,"text":"Sms 12345","code":12345,
            "receivedAt":"2023-01-01 12:00:00"}"#;
        assert_eq!(parts("", numeric), Some(expected(Some("12345"))));
        let form = "activationId=123456&text=Sms+12345&code=&receivedAt=2023-01-01+12%3A00%3A00";
        assert_eq!(parts("", form), Some(expected(None)));
        assert_eq!(parts(form, ""), Some(expected(None)));
    }

    #[test]
    fn a_code_stands_in_for_the_text_and_a_stamp_may_be_missing() {
        let only = r#"{"activationId":1,"code":"12345","receivedAt":null}"#;
        let read = ("1".to_owned(), Some("12345".to_owned()), "12345".to_owned(), String::new());
        assert_eq!(parts("", only), Some(read));
    }

    #[test]
    fn keeps_no_nonsense() {
        let long = "9".repeat(33);
        let body = format!(
            r#"{{"activationId":1,"text":"a\u0000b","code":"{long}",
            "receivedAt":"\u0000\n{long}{long}"}}"#
        );
        let (_, code, text, stamp) = parts("", &body).unwrap();
        assert_eq!((code, text.as_str(), stamp.len()), (None, "ab", 64));
    }

    #[test]
    fn refuses_what_names_no_activation_or_no_message() {
        for body in [
            "",
            "{",
            "[]",
            "null",
            "hello",
            "{}",
            r#"{"activationId":null,"text":"x"}"#,
            r#"{"activationId":"","text":"x"}"#,
            r#"{"activationId":"1 2","text":"x"}"#,
            r#"{"activationId":1}"#,
            r#"{"activationId":1,"text":" ","code":""}"#,
            r#"{"activationId":1,"text":"\u0000 \u0000","code":"\u0000"}"#,
            r#"{"activationId":1,"text":{"a":1}}"#,
            r#"{"rentId":"26251422","sms":{"text":"x"}}"#,
        ] {
            assert_eq!(parts("", body), None, "{body}");
        }
    }
}
