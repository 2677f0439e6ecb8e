use aws_lc_rs::{digest, rand};
use crc::{CRC_32_ISO_HDLC, Crc};
use domain::identity::{MintedToken, Mode, TokenHash, TokenMint};

const LIVE: &str = "vn_live_";
const TEST: &str = "vn_test_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random characters: 190 bits, so that a plain SHA-256 of the token cannot be reversed.
const SECRET_LEN: usize = 32;
/// Characters that any CRC-32 fits in.
const CHECKSUM_LEN: usize = 6;
const PREFIX_LEN: usize = LIVE.len();
const LEN: usize = PREFIX_LEN + SECRET_LEN + CHECKSUM_LEN;
/// The largest multiple of 62 in a byte; bytes from here on would favour some characters.
const UNBIASED: u8 = 248;
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// API tokens: `vn_live_` or `vn_test_`, 32 random characters and 6 of checksum.
///
/// The prefix lets scanners find leaked ones; the checksum lets us turn away made-up ones without
/// asking the database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tokens;

impl TokenMint for Tokens {
    fn mint(&self, mode: Mode) -> MintedToken {
        let mut secret = String::with_capacity(LEN);
        secret.push_str(if mode.is_test() { TEST } else { LIVE });
        push_random(&mut secret);
        let checksum = checksum(&secret);
        secret.push_str(&checksum);
        MintedToken { hash: hash(&secret), secret }
    }

    fn recognise(&self, text: &str) -> Option<TokenHash> {
        let fits = text.len() == LEN && (text.starts_with(LIVE) || text.starts_with(TEST));
        let (body, sum) = text.split_at_checked(LEN - CHECKSUM_LEN).filter(|_| fits)?;
        (checksum(body) == sum).then(|| hash(text))
    }
}

/// Appends [`SECRET_LEN`] characters, each equally likely.
fn push_random(text: &mut String) {
    let mut bytes = [0; SECRET_LEN];
    while text.len() < PREFIX_LEN + SECRET_LEN {
        // AWS-LC ends the process rather than fail here; should that change, nothing that is not
        // random gets into a token.
        if rand::fill(&mut bytes).is_err() {
            continue;
        }
        let room = PREFIX_LEN + SECRET_LEN - text.len();
        let fair = bytes.iter().filter(|byte| **byte < UNBIASED).take(room);
        text.extend(fair.map(|byte| character(u32::from(*byte))));
    }
}

fn checksum(text: &str) -> String {
    base62(CHECKSUM.checksum(text.as_bytes()))
}

/// Padded on the left to [`CHECKSUM_LEN`].
fn base62(value: u32) -> String {
    let mut rest = value;
    let mut digits = ['0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = character(rest);
        rest /= 62;
    }
    digits.iter().collect()
}

/// The character of `value` modulo 62.
fn character(value: u32) -> char {
    ALPHABET.get((value % 62) as usize).copied().map_or('0', char::from)
}

/// SHA-256 of the whole token.
fn hash(token: &str) -> TokenHash {
    let mut hash = [0; 32];
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    TokenHash(hash)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    const KNOWN: &str = "vn_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123453SpJZW";

    #[test]
    fn knows_the_published_checksum() {
        assert_eq!(checksum(&KNOWN[..40]), "3SpJZW");
        assert_eq!(Tokens.recognise(KNOWN), Some(hash(KNOWN)));
    }

    #[test]
    fn every_checksum_has_six_characters() {
        assert_eq!(base62(0), "000000");
        assert_eq!(base62(61), "00000z");
        assert_eq!(base62(62), "000010");
        assert_eq!(base62(u32::MAX), "4gfFC3");
    }

    #[test]
    fn mints_tokens_that_it_recognises() {
        let minted = Tokens.mint(Mode::Live);
        assert_eq!(minted.secret.len(), 46);
        assert!(minted.secret.starts_with("vn_live_"));
        assert_eq!(Tokens.recognise(&minted.secret), Some(minted.hash));
        let sha = hex::encode(aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            minted.secret.as_bytes(),
        ));
        assert_eq!(hex::encode(minted.hash.0), sha);
    }

    #[test]
    fn a_token_of_test_mode_says_so() {
        let minted = Tokens.mint(Mode::Test);
        assert!(minted.secret.starts_with("vn_test_") && minted.secret.len() == 46);
        assert_eq!(Tokens.recognise(&minted.secret), Some(minted.hash));
        let live = minted.secret.replace("vn_test_", "vn_live_");
        assert_eq!(Tokens.recognise(&live), None, "the checksum covers the mode");
    }

    #[test]
    fn one_wrong_character_is_noticed_wherever_it_is() {
        for position in 0..KNOWN.len() {
            for other in ['x', '0', '_', 'é'] {
                let mut text: Vec<char> = KNOWN.chars().collect();
                if text[position] == other {
                    continue;
                }
                text[position] = other;
                let text: String = text.into_iter().collect();
                assert_eq!(Tokens.recognise(&text), None, "{text}");
            }
        }
    }

    #[test]
    fn other_lengths_and_prefixes_are_no_tokens() {
        let other_mode = "vn_demo_AbCdEfGhIjKlMnOpQrStUvWxYz012345".to_owned();
        let other_mode = format!("{other_mode}{}", checksum(&other_mode));
        for text in ["", "vn_live_", &KNOWN[..45], &format!("{KNOWN}0"), &other_mode] {
            assert_eq!(Tokens.recognise(text), None, "{text}");
        }
    }

    /// 32 000 characters: a fair draw stays within six standard deviations of 516 for each of 62.
    #[test]
    fn characters_are_equally_likely() {
        let mut counts = HashMap::<char, u32>::new();
        let mut seen = HashSet::new();
        for _ in 0..1_000 {
            let secret = Tokens.mint(Mode::Live).secret;
            secret[8..40].chars().for_each(|c| *counts.entry(c).or_default() += 1);
            assert!(seen.insert(secret));
        }
        assert_eq!(counts.len(), 62);
        for (character, count) in counts {
            assert!((380..=652).contains(&count), "{character}: {count}");
        }
    }
}
