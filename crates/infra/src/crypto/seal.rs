use std::{fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::hmac_sha256;

/// Bytes of a key.
const KEY_LEN: usize = 32;

/// Leads every sealed value, so that a later scheme can be told from this one.
const VERSION: u8 = 1;

/// Encrypts what must not be readable in a copy of the database: AES-256-GCM.
///
/// A sealed value is one version byte, the nonce, then ciphertext and tag. Each call draws a fresh
/// random nonce, which is safe for some four thousand million values under one key.
#[derive(Clone)]
pub struct Sealer {
    key: Arc<RandomizedNonceKey>,
    /// Derived from the key: what is sealed with one is never hashed with the other.
    digest_key: Arc<Zeroizing<[u8; KEY_LEN]>>,
}

/// A fresh key, to be sealed itself by another one.
pub struct DayKey(Zeroizing<[u8; KEY_LEN]>);

impl DayKey {
    /// Draws one.
    pub fn random() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        rand::fill(bytes.as_mut()).map_err(|_| SealError::Unsealable)?;
        Ok(Self(bytes))
    }

    /// The key itself.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DayKey(…)")
    }
}

impl Sealer {
    /// Takes a key of 64 hex digits.
    pub fn from_hex(key: &SecretString) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0_u8; KEY_LEN]);
        hex::decode_to_slice(key.expose_secret(), bytes.as_mut()).map_err(|_| SealError::Key)?;
        Self::new(bytes.as_ref())
    }

    /// Takes a key of 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, SealError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::Key)?;
        let digest_key = Zeroizing::new(hmac_sha256(bytes, &[b"switchboard digest"]));
        Ok(Self { key: Arc::new(key), digest_key: Arc::new(digest_key) })
    }

    /// A keyed hash of `parts` for one `purpose`: the same each time, and no help in guessing them
    /// for those without the key.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        // Each part with its length, so that no two lists of parts read alike.
        let mut text = Vec::new();
        for part in [&[purpose.as_bytes()], parts].concat() {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part);
        }
        hmac_sha256(&**self.digest_key, &[&text])
    }

    /// Encrypts `plaintext`. It opens only under the same `purpose`, so that a value copied into
    /// another column does not pass for one of that column.
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut body = plaintext.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(context(purpose)), &mut body)
            .map_err(|_| SealError::Unsealable)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Decrypts what [`Self::seal`] made.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Rejected)?;
        if *version != VERSION {
            return Err(SealError::Rejected);
        }
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Rejected)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(context(purpose)), &mut body)
            .map_err(|_| SealError::Rejected)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// What is authenticated besides the content.
fn context(purpose: &str) -> Vec<u8> {
    [&[VERSION], purpose.as_bytes()].concat()
}

/// Why something was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a key.
    #[error("the sealing key must be 64 hex digits")]
    Key,
    /// Too long for the cipher, or the system's random source failed.
    #[error("the value cannot be sealed")]
    Unsealable,
    /// Not made by [`Sealer::seal`] with this key and purpose, or damaged since.
    #[error("the sealed value is damaged, or was sealed with another key or for another purpose")]
    Rejected,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn sealer(digit: &str) -> Sealer {
        Sealer::from_hex(&digit.repeat(64).into()).unwrap()
    }

    #[test]
    fn opens_what_it_sealed() {
        for plain in [&b""[..], b"key", &[7; 5000]] {
            let sealed = sealer("a").seal("provider.key", plain).unwrap();
            assert_eq!(**sealer("a").open("provider.key", &sealed).unwrap(), *plain);
        }
    }

    #[test]
    fn another_purpose_or_key_does_not_open() {
        let sealed = sealer("a").seal("one", b"secret").unwrap();
        assert_eq!(sealer("a").open("two", &sealed), Err(SealError::Rejected));
        assert_eq!(sealer("b").open("one", &sealed), Err(SealError::Rejected));
    }

    #[test]
    fn digests_tell_key_purpose_and_parts_apart() {
        let digest = sealer("a").digest("one", &[b"ab", b"c"]);
        assert_eq!(sealer("a").digest("one", &[b"ab", b"c"]), digest);
        let others = [
            sealer("b").digest("one", &[b"ab", b"c"]),
            sealer("a").digest("two", &[b"ab", b"c"]),
            sealer("a").digest("one", &[b"a", b"bc"]),
            sealer("a").digest("one", &[b"abc"]),
        ];
        assert!(!others.contains(&digest));
    }

    #[test]
    fn random_keys_differ_and_do_not_print_themselves() {
        let [one, two] = [DayKey::random().unwrap(), DayKey::random().unwrap()];
        assert_ne!(one.bytes(), two.bytes());
        assert_eq!(format!("{one:?}"), "DayKey(…)");
        let sealed = Sealer::new(one.bytes()).unwrap().seal("x", b"y").unwrap();
        assert_eq!(Sealer::new(two.bytes()).unwrap().open("x", &sealed), Err(SealError::Rejected));
    }

    #[test]
    fn no_damaged_or_shortened_value_opens() {
        let sealed = sealer("a").seal("one", b"secret").unwrap();
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(sealer("a").open("one", &damaged).is_err(), "byte {position}");
            assert!(sealer("a").open("one", &sealed[..position]).is_err(), "length {position}");
        }
    }

    #[test]
    fn never_uses_a_nonce_twice() {
        let sealer = sealer("a");
        let nonces: HashSet<Vec<u8>> =
            (0..10_000).map(|_| sealer.seal("one", b"").unwrap()[1..=NONCE_LEN].to_vec()).collect();
        assert_eq!(nonces.len(), 10_000);
    }

    /// Computed with another implementation of AES-256-GCM: what is stored today must open after
    /// any change of this file.
    #[test]
    fn opens_the_stored_format() {
        let key: String = hex::encode((0..32).collect::<Vec<u8>>());
        let sealed = hex::decode(concat!(
            "01",
            "000000000000000000000000",
            "65d9ccf3d440f3d569e0872c3cc64917faba342130d94fa111"
        ))
        .unwrap();
        let opened = Sealer::from_hex(&key.into()).unwrap().open("provider.key", &sealed).unwrap();
        assert_eq!(**opened, *b"key-alpha");
    }

    #[test]
    fn keys_are_64_hex_digits() {
        for bad in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
            assert_eq!(Sealer::from_hex(&bad.into()).unwrap_err(), SealError::Key);
        }
    }

    #[test]
    fn debug_hides_the_key() {
        assert_eq!(format!("{:?}", sealer("a")), "Sealer(…)");
    }
}
