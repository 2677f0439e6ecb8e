use aws_lc_rs::hmac;

/// The `v1` of a Stripe webhook signature over `body` at `unix_seconds`.
///
/// The whole secret is the key, its `whsec_` included.
pub fn sign(secret: &str, unix_seconds: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(unix_seconds.to_string().as_bytes());
    context.update(b".");
    context.update(body);
    hex::encode(context.sign())
}

/// The `Stripe-Signature` header: one `v1` for each secret that is alive.
pub(super) fn header<'a>(
    secrets: impl IntoIterator<Item = &'a str>,
    unix_seconds: i64,
    body: &[u8],
) -> String {
    let mut header = format!("t={unix_seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&sign(secret, unix_seconds, body));
    }
    header
}

#[cfg(test)]
mod tests {
    use super::header;

    const BODY: &[u8] =
        br#"{"id":"evt_test_1","object":"event","type":"checkout.session.completed"}"#;

    #[test]
    fn matches_the_published_vector() {
        assert_eq!(
            header(["whsec_test_secret"], 1_763_600_000, BODY),
            "t=1763600000,\
             v1=6fba24db252e889eff0cda2c37548f00d31187eea3c68b4e3ee03f6f8b3aa8a0"
        );
    }

    #[test]
    fn signs_once_for_each_secret() {
        let header = header(["whsec_old", "whsec_new"], 1, BODY);
        assert_eq!(header.matches(",v1=").count(), 2);
    }
}
