//! The hashes of the gateways, put together here once more so that they are not judged by
//! themselves.

use aws_lc_rs::digest::{SHA256, digest};
use md5::{Digest, Md5};

/// RFC 2104 over SHA-256, in hex.
pub(super) fn hmac(key: &[u8], message: &[u8]) -> String {
    const BLOCK: usize = 64;
    let mut block =
        if key.len() > BLOCK { digest(&SHA256, key).as_ref().to_vec() } else { key.to_vec() };
    block.resize(BLOCK, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = digest(&SHA256, &[&padded(0x36), message].concat());
    hex::encode(digest(&SHA256, &[&padded(0x5c), inner.as_ref()].concat()))
}

/// MD5 of the parts in a row, in hex.
pub(super) fn md5(parts: &[&[u8]]) -> String {
    hex::encode(Md5::digest(parts.concat()))
}
