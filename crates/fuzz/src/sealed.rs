//! Secrets at rest.

use std::sync::OnceLock;

use infra::crypto::{SealError, Sealer};
use secrecy::SecretString;

use crate::bytes;

/// Nothing opens but what was sealed: not other bytes, not one bit less, more or different, and
/// not for another purpose. A key is 64 hex digits and nothing else.
pub(crate) fn check(input: &[u8]) {
    let key = sealer();
    assert_eq!(key.open("provider.key", input), Err(SealError::Rejected));
    let sealed = key.seal("provider.key", input).unwrap();
    assert_eq!(key.open("provider.key", &sealed).unwrap().as_slice(), input);
    assert_eq!(key.open("callback", &sealed), Err(SealError::Rejected));
    let choice = bytes::choice(input);
    let shorter = &sealed[..(choice / 8) % sealed.len()];
    let longer = [sealed.as_slice(), &sealed[..1]].concat();
    for other in [&bytes::flipped(&sealed, choice).unwrap(), shorter, &longer] {
        assert_eq!(key.open("provider.key", other), Err(SealError::Rejected), "{other:?}");
    }
    let text = bytes::text(input);
    let is_key = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert_eq!(Sealer::from_hex(&SecretString::from(&*text)).is_ok(), is_key);
}

fn sealer() -> &'static Sealer {
    static SEALER: OnceLock<Sealer> = OnceLock::new();
    SEALER.get_or_init(|| Sealer::from_hex(&"5e".repeat(32).into()).unwrap())
}
