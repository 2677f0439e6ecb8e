//! The code that requests and webhooks carry: `md5(base64(json) + key)`.
//!
//! MD5 keyed like this is weak, which is one more reason why a webhook is only a hint.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::gateways::VerifyError;
use md5::{Digest, Md5};

use super::json;
use crate::pay::secrets::SecretList;

/// Signs a body of ours.
pub(super) fn sign(body: &[u8], secrets: &SecretList) -> String {
    let encoded = STANDARD.encode(body);
    secrets.sign(|key| code(&encoded, key))
}

/// Checks the `sign` member of a webhook and answers it.
///
/// It was made of the body before the member was added. Usually that is found by taking the bytes
/// of the member out again; where something on the way has written the rest anew, it is found by
/// writing it the way the gateway does.
pub(super) fn check<'a>(raw: &'a [u8], secrets: &SecretList) -> Result<&'a str, VerifyError> {
    let (given, rest) = json::without_member(raw, "sign").ok_or(VerifyError::Malformed)?;
    let given = given.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let given = given.filter(|it| is_code(it)).ok_or(VerifyError::Malformed)?;
    let forms = [STANDARD.encode(&rest), STANDARD.encode(json::compact(&rest))];
    secrets.check(given, |key| forms.iter().map(|form| code(form, key)).collect())?;
    Ok(given)
}

fn code(encoded: &str, key: &[u8]) -> String {
    let mut hash = Md5::new();
    hash.update(encoded.as_bytes());
    hash.update(key);
    hex::encode(hash.finalize())
}

fn is_code(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
