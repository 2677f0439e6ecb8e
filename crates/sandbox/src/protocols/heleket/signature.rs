use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};

/// The signature of a request or a callback over its JSON text; no text signs as the empty one.
pub fn sign(key: &str, json: &[u8]) -> String {
    let mut hash = Md5::new();
    hash.update(BASE64_STANDARD.encode(json));
    hash.update(key);
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn matches_the_known_vector() {
        let json = r#"{"type":"payment","uuid":"u-1","order_id":"top_01","amount":"25.00","status":"paid","is_final":true,"additional_data":"a\/b"}"#;
        assert_eq!(sign("cm_payment_key", json.as_bytes()), "fbe55db1b47987aa512ea2186b3784b1");
    }
}
