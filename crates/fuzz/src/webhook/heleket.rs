//! Notifications of Heleket: the body.

use std::{sync::OnceLock, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::gateways::{PaymentRef, VerifyError};
use infra::pay::cryptomus::{Cryptomus, CryptomusService, CryptomusSettings};
use serde_json::{Value, json};

use super::{Delivery, SECRETS, STRANGE, Verdict, hash, is_believed};
use crate::bytes;

/// Parts of notifications.
pub(crate) const WORDS: &[&str] = &[
    "{\"type\":\"payment\"",
    "\"uuid\":\"u-1\"",
    "\"status\":\"paid\"",
    "\"sign\":\"",
    ",\"sign\":\"0123456789abcdef0123456789abcdef\"",
    "\"is_final\":true",
    "a\\/b",
    "/",
    "\\",
    "\\u0073ign",
    " ",
    "{}",
    "[]",
    "null",
    ",",
    ":",
    "\"",
];

/// What is believed was signed with a key of ours, in one of the two ways to write it, and says
/// what was signed. What we sign is believed, and changing a bit of it brings nothing.
pub(crate) fn check(input: &[u8]) {
    let outcome = verdict(input);
    if is_believed(&outcome) {
        check_signature(input);
    }
    let Some(document) = document(input) else { return };
    let first = signed(&document, SECRETS[0]);
    let outcome = verdict(&first);
    assert!(is_believed(&outcome), "{outcome:?} of {}", bytes::text(&first));
    if let Ok(Some(notice)) = &outcome {
        let uuid = document["uuid"].as_str().unwrap_or_default();
        assert_eq!(notice.payment, PaymentRef::Payment(uuid.to_owned()));
        assert_eq!(Some(&*notice.event_kind), document["status"].as_str());
    }
    let payment = |verdict: &Verdict| verdict.clone().ok().flatten().map(|it| it.payment);
    let other_key = verdict(&signed(&document, SECRETS[1]));
    assert_eq!(payment(&other_key), payment(&outcome));
    assert_eq!(verdict(&signed(&document, STRANGE)), Err(VerifyError::Mismatch));
    let changed = bytes::flipped(&first, bytes::choice(input)).unwrap();
    let of_changed = verdict(&changed);
    // One blank can stand for another.
    assert!(of_changed.is_err() || of_changed == outcome, "{}", bytes::text(&changed));
}

fn verdict(body: &[u8]) -> Verdict {
    super::verdict(gateway(), &Delivery { header: None, body: body.to_vec() })
}

/// Looks for the code in every place where it can stand, and signs what is left without it.
fn check_signature(raw: &[u8]) {
    let text = std::str::from_utf8(raw).unwrap_or_default();
    let found = text.match_indices("\"sign\"").find_map(|(start, name)| {
        let rest = text[start + name.len()..].trim_start().strip_prefix(':')?.trim_start();
        let code = rest.strip_prefix('"')?.get(..32)?;
        let end = text.len() - rest.len() + 34;
        let before = text[..start].trim_end();
        let cuts = [
            (before.strip_suffix(',').map_or(before.len(), str::len), end),
            (start, end + comma(&text[end..])),
        ];
        cuts.into_iter().find_map(|(start, end)| {
            let left = format!("{}{}", &text[..start], &text[end..]);
            [left.clone(), compact(&left)]
                .into_iter()
                .find(|form| SECRETS.into_iter().any(|key| code_of(form.as_bytes(), key) == code))
        })
    });
    let Some(form) = found else { panic!("{text} is not signed") };
    // Only what can be read is acted on, and it has to mean what was signed.
    if let (Ok(Value::Object(mut sent)), Ok(meant)) =
        (serde_json::from_str(text), serde_json::from_str::<Value>(&form))
    {
        sent.remove("sign");
        assert_eq!(Value::Object(sent), meant);
    }
}

/// Where the comma behind the member ends, if there is one.
fn comma(rest: &str) -> usize {
    rest.trim_start().strip_prefix(',').map_or(0, |behind| rest.len() - behind.len())
}

/// As PHP writes it: no blanks, slashes escaped.
fn compact(json: &str) -> String {
    let mut compact = String::new();
    let mut characters = json.chars();
    let mut in_string = false;
    while let Some(character) = characters.next() {
        match (in_string, character) {
            (false, ' ' | '\t' | '\r' | '\n') => {}
            (true, '/') => compact.push_str("\\/"),
            (true, '\\') => {
                compact.push('\\');
                compact.extend(characters.next());
            }
            (_, '"') => {
                in_string = !in_string;
                compact.push('"');
            }
            _ => compact.push(character),
        }
    }
    compact
}

/// What the input says, or something genuine with the input in it.
fn document(input: &[u8]) -> Option<Value> {
    let mut document = match serde_json::from_slice(input) {
        Ok(Value::Object(members)) => Value::Object(members),
        _ => json!({
            "type": "payment", "uuid": "u-1", "status": "paid",
            "additional_data": bytes::text(input),
        }),
    };
    document.as_object_mut()?.remove("sign");
    // Deeper ones are refused whoever signs them, and so are longer ones.
    (depth(&document) < 16 && input.len() < 16_000).then_some(document)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn signed(document: &Value, key: &str) -> Vec<u8> {
    let body = document.to_string().replace('/', "\\/");
    let code = code_of(body.as_bytes(), key);
    let open = body.strip_suffix('}').unwrap();
    let comma = if open == "{" { "" } else { "," };
    format!("{open}{comma}\"sign\":\"{code}\"}}").into_bytes()
}

fn code_of(body: &[u8], key: &str) -> String {
    hash::md5(&[STANDARD.encode(body).as_bytes(), key.as_bytes()])
}

fn gateway() -> &'static Cryptomus {
    static GATEWAY: OnceLock<Cryptomus> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let settings = CryptomusSettings {
            service: CryptomusService::Heleket,
            api_base: "https://pay.example".to_owned(),
            merchant: "m-1".to_owned(),
            api_keys: SECRETS.map(Into::into).to_vec(),
            livemode: true,
            callback_url: "https://hooks.example/heleket".to_owned(),
            return_url: "https://app.example/back".to_owned(),
            success_url: "https://app.example/ok".to_owned(),
            lifetime: Duration::from_hours(1),
            timeout: Duration::from_secs(1),
        };
        Cryptomus::new(settings).unwrap()
    })
}
