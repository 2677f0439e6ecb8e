//! The two forms in which messages are signed: the published one, and that of Standard Webhooks.

use aws_lc_rs::rand;
use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD},
    },
};
use domain::hooks::{HookKeys, HookSecret};

use crate::crypto::hmac_sha256;

/// Reads base64 with and without its padding, as libraries do.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Leads secrets that hold random bytes in base64.
const PREFIX: &str = "whsec_";
/// Random bytes in a secret of ours.
const FRESH: usize = 32;

/// `X-Webhook-Signature`: the body alone, under the text of the secret.
pub(super) fn of_body(secret: &HookSecret, body: &[u8]) -> String {
    let code = hmac_sha256(secret.reveal().as_bytes(), &[body]);
    format!("sha256={}", hex::encode(code))
}

/// `webhook-signature`: name, time and body, so that a repeat at another time can be refused.
pub(super) fn of_message(secret: &HookSecret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    format!("v1,{}", STANDARD.encode(hmac_sha256(&key(secret), &parts)))
}

/// What libraries of Standard Webhooks make of the same text: base64 where it is that, behind the
/// prefix if there is one. A secret that no library could read signs as it is.
fn key(secret: &HookSecret) -> Vec<u8> {
    let text = secret.reveal();
    let bytes = LENIENT.decode(text.strip_prefix(PREFIX).unwrap_or(text));
    bytes.ok().filter(|bytes| !bytes.is_empty()).unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Makes secrets from the system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct FreshKeys;

impl HookKeys for FreshKeys {
    fn fresh(&self) -> HookSecret {
        let mut bytes = [0; FRESH];
        loop {
            // AWS-LC ends the process rather than fail here; should that change, nothing that is
            // not random becomes a secret.
            if rand::fill(&mut bytes).is_ok() {
                let text = format!("{PREFIX}{}", STANDARD.encode(bytes));
                if let Some(secret) = HookSecret::parse(&text) {
                    return secret;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> HookSecret {
        HookSecret::parse(text).unwrap()
    }

    /// The vector that the specification publishes.
    #[test]
    fn signs_like_the_specification() {
        let signature = of_message(
            &secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            br#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    /// Computed with Python's hmac.
    #[test]
    fn signs_the_body_under_the_text_of_the_secret() {
        let signature = of_body(&secret("whsec_dGVzdA=="), br#"{"event":"webhook.test"}"#);
        let expected = "sha256=001122302f63db49c0884aadd1c6d7ee18bea6b89232aec32d7569404fc0cc12";
        assert_eq!(signature, expected);
    }

    #[test]
    fn takes_a_secret_as_libraries_do() {
        assert_eq!(key(&secret("whsec_dGVzdA==")), b"test");
        assert_eq!(key(&secret("dGVzdA==")), b"test");
        assert_eq!(key(&secret("whsec_dGVzdA")), b"test");
        assert_eq!(key(&secret("no base64!")), b"no base64!");
        assert_eq!(key(&secret("whsec_")), b"whsec_");
    }

    #[test]
    fn fresh_secrets_are_readable_and_differ() {
        let (one, other) = (FreshKeys.fresh(), FreshKeys.fresh());
        assert_ne!(one, other);
        assert_eq!(key(&one).len(), FRESH);
        assert!(one.reveal().starts_with(PREFIX));
    }
}
