//! Opens what our system sealed: messages under the keys of their days. Written anew, so that a
//! mistake of the system's own is seen.

use std::collections::HashMap;

use anyhow::{Context, anyhow, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Deserialize;

use crate::stack::SEAL_KEY;

/// The first byte of whatever is sealed.
const VERSION: u8 = 1;

/// The key of a day as it is stored; nothing once it was dropped.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct DayKey {
    day: String,
    key: Option<String>,
}

/// Keys by day.
pub(super) struct Keys(HashMap<String, LessSafeKey>);

impl Keys {
    pub(super) fn of(days: Vec<DayKey>) -> anyhow::Result<Self> {
        let master = key(&hex::decode(SEAL_KEY)?)?;
        let mut keys = HashMap::new();
        for DayKey { day, key: sealed } in days {
            let Some(sealed) = sealed else { continue };
            let opened = open(&master, &format!("sms.day:{day}"), &sealed)?;
            keys.insert(day, key(&opened)?);
        }
        Ok(Self(keys))
    }

    /// What a customer reads there. What cannot be read is no message anybody sent.
    pub(super) fn text(&self, day: Option<&str>, place: &str, sealed: &str) -> String {
        let key = day.and_then(|day| self.0.get(day)).context("no key");
        let text = key.and_then(|key| Ok(String::from_utf8(open(key, place, sealed)?)?));
        text.unwrap_or_else(|error| format!("{place} is unreadable: {error:#}"))
    }
}

fn key(bytes: &[u8]) -> anyhow::Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| anyhow!("no key of 32 bytes"))?;
    Ok(LessSafeKey::new(key))
}

/// Version, nonce, then ciphertext and tag, as Postgres prints bytes; version and place are
/// authenticated.
fn open(key: &LessSafeKey, place: &str, printed: &str) -> anyhow::Result<Vec<u8>> {
    let sealed = hex::decode(printed.strip_prefix("\\x").context("no bytes")?)?;
    let (version, rest) = sealed.split_first().context("nothing sealed")?;
    ensure!(*version == VERSION, "sealed in another way");
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().context("too short")?;
    let context = [&[VERSION], place.as_bytes()].concat();
    let mut body = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place(nonce, Aad::from(context), &mut body);
    Ok(opened.map_err(|_| anyhow!("it does not open"))?.to_vec())
}
