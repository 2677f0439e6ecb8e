use aws_lc_rs::hmac;

/// The value of the `BTCPay-Sig` header over `body`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn matches_the_published_vector() {
        let body = b"{\n  \"deliveryId\": \"D1\",\n  \"type\": \"InvoiceSettled\",\n  \
                     \"invoiceId\": \"INV1\"\n}";
        assert_eq!(
            sign("HelloWorld", body),
            "sha256=52108d5746d2e94e4aaa6c703718d147cead44aa28558f2996e79f1a2d986998"
        );
    }
}
