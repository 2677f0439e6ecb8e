//! The codes that calls and callbacks carry, over some of their fields written one after the other.

use md5::{Digest, Md5};

use super::DuitkuAlgorithm;
use crate::crypto::hmac_sha256;

/// The code of `fields` under `key`.
pub(super) fn code(algorithm: DuitkuAlgorithm, fields: &[&str], key: &[u8]) -> String {
    match algorithm {
        DuitkuAlgorithm::Md5 => {
            let mut hash = Md5::new();
            for field in fields {
                hash.update(field.as_bytes());
            }
            hash.update(key);
            hex::encode(hash.finalize())
        }
        DuitkuAlgorithm::HmacSha256 => {
            let fields: Vec<&[u8]> = fields.iter().map(|field| field.as_bytes()).collect();
            hex::encode(hmac_sha256(key, &fields))
        }
    }
}

/// Whether `text` is written like a code.
pub(super) fn is_code(algorithm: DuitkuAlgorithm, text: &str) -> bool {
    let length = match algorithm {
        DuitkuAlgorithm::Md5 => 32,
        DuitkuAlgorithm::HmacSha256 => 64,
    };
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reckoned with another implementation.
    #[test]
    fn signs_like_others_do() {
        for (algorithm, fields, expected) in [
            (
                DuitkuAlgorithm::Md5,
                &["DXXXX", "abcde12345", "40000"][..],
                "f3118bca82f107e4e05bc625b393eb6a",
            ),
            (DuitkuAlgorithm::Md5, &["DXXXX", "abcde12345"], "a1de3ef5b174c23c568dc18259356f74"),
            (
                DuitkuAlgorithm::Md5,
                &["DXXXX", "40000", "abcde12345"],
                "a83d2d2e7722445ba4640f1c3f017994",
            ),
            (
                DuitkuAlgorithm::HmacSha256,
                &["DXXXX", "abcde12345", "40000"],
                "487d34f0aaea0b37abcfa441c4049e108bc6afcb03cda4f5ccaf928525db7f39",
            ),
            (
                DuitkuAlgorithm::HmacSha256,
                &["DXXXX", "40000", "abcde12345"],
                "abf986210d2628d0ffa119e6890a01fc07e6d96c8f35a4d9f30271413b5509a7",
            ),
        ] {
            let code = code(algorithm, fields, b"732B39FC61796845775D2C4FB05332AF");
            assert_eq!(code, expected, "{algorithm:?} {fields:?}");
            assert!(is_code(algorithm, &code));
        }
    }

    #[test]
    fn only_plain_codes_of_the_right_length_are_codes() {
        for algorithm in [DuitkuAlgorithm::Md5, DuitkuAlgorithm::HmacSha256] {
            let code = code(algorithm, &["x"], b"key");
            for text in ["", &code[1..], &format!("{code}0"), &code.to_uppercase()] {
                assert!(!is_code(algorithm, text), "{text}");
            }
        }
    }
}
