//! The scheme that webhooks are signed with.

use std::time::Duration;

use domain::{gateways::VerifyError, time::Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::{constant_time_eq, hmac_sha256};

/// How far a signature's time may lie from ours, either way. Retries are signed afresh, so this
/// never turns away a late one.
const TOLERANCE: Duration = Duration::from_mins(5);

/// Checks the `Stripe-Signature` header of `raw`; any of `secrets` may have made it.
pub(super) fn check(
    header: &str,
    raw: &[u8],
    secrets: &[SecretString],
    now: Timestamp,
) -> Result<(), VerifyError> {
    let signature = Signature::parse(header).ok_or(VerifyError::Malformed)?;
    if !signature.is_by_any_of(secrets, raw) {
        return Err(VerifyError::Mismatch);
    }
    let distance = now.timestamp().abs_diff(signature.unix_seconds);
    if distance > TOLERANCE.as_secs() {
        return Err(VerifyError::Stale);
    }
    Ok(())
}

struct Signature<'a> {
    /// As written: these bytes are signed.
    time: &'a str,
    unix_seconds: i64,
    codes: Vec<&'a str>,
}

impl<'a> Signature<'a> {
    /// Takes exactly one time, and every code of the one scheme that is worth something: `v0` is
    /// for test mode and can be made by anybody.
    fn parse(header: &'a str) -> Option<Self> {
        let (mut times, mut codes) = (Vec::new(), Vec::new());
        for item in header.split(',') {
            match item.split_once('=').unwrap_or((item, "")) {
                ("t", value) => times.push(value),
                ("v1", "") => return None,
                ("v1", value) => codes.push(value),
                _ => {}
            }
        }
        let [time] = times[..] else { return None };
        let plain = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
        let unix_seconds = time.parse().ok().filter(|_| plain)?;
        (!codes.is_empty()).then_some(Self { time, unix_seconds, codes })
    }

    fn is_by_any_of(&self, secrets: &[SecretString], raw: &[u8]) -> bool {
        // Neither loop stops early: how long it takes tells nothing of which one fits.
        let mut found = false;
        for secret in secrets {
            let key = secret.expose_secret().as_bytes();
            let code = hex::encode(hmac_sha256(key, &[self.time.as_bytes(), b".", raw]));
            for candidate in &self.codes {
                found |= constant_time_eq(candidate.as_bytes(), code.as_bytes());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
