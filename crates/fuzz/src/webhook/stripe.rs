//! Notifications of Stripe: the `Stripe-Signature` header, a line break, the body.

use std::{sync::OnceLock, time::Duration};

use domain::{gateways::VerifyError, money::Currency};
use infra::pay::stripe::{Stripe, StripeSettings};

use super::{Delivery, SECRETS, STRANGE, hash, is_believed, now, verdict};
use crate::bytes;

/// Parts of notifications.
pub(crate) const WORDS: &[&str] = &[
    "t=1763600000",
    ",v1=",
    ",v0=",
    "t=",
    "v1=",
    ", ",
    "1763599700",
    "1763600301",
    "{\"id\":\"evt_1\",\"type\":\"",
    "checkout.session.completed",
    "charge.refunded",
    "charge.dispute.created",
    "refund.updated",
    "\"livemode\":false",
    "\"livemode\":true",
    "\"data\":{\"object\":{",
    "\"id\":\"cs_test_1\"",
    "\"payment_intent\":\"pi_1\"",
    "\"payment_intent\":{\"id\":\"pi_1\"}",
    "null",
    "\n",
];

/// What is believed was signed with a secret of ours, at one time only that is not far from now.
/// What we sign is believed, and no bit of it can be changed.
pub(crate) fn check(input: &[u8]) {
    let (header, body) = bytes::first_line(input);
    let delivery = Delivery { header: Some(header.to_string()), body: body.to_vec() };
    let outcome = verdict(gateway(), &delivery);
    if is_believed(&outcome) {
        check_signature(&header, body, outcome == Err(VerifyError::Stale));
    }
    let first = signed(body, SECRETS[0]);
    let outcome = verdict(gateway(), &first);
    assert!(is_believed(&outcome) && outcome != Err(VerifyError::Stale), "{outcome:?}");
    assert_eq!(verdict(gateway(), &signed(body, SECRETS[1])), outcome);
    assert_eq!(verdict(gateway(), &signed(body, STRANGE)), Err(VerifyError::Mismatch));
    let choice = bytes::choice(input);
    if let Some(body) = bytes::flipped(body, choice) {
        let changed = Delivery { body, ..first.clone() };
        assert_eq!(verdict(gateway(), &changed), Err(VerifyError::Mismatch));
    }
    let header = first.header.unwrap_or_default();
    let header =
        bytes::flipped(header.as_bytes(), choice).and_then(|it| String::from_utf8(it).ok());
    if header.is_some() {
        let changed = Delivery { header, ..first };
        assert!(!is_believed(&verdict(gateway(), &changed)), "{changed:?}");
    }
}

fn check_signature(header: &str, body: &[u8], is_stale: bool) {
    let of_scheme = |wanted: &'static str| {
        header.split(',').filter_map(move |item| item.strip_prefix(wanted)?.strip_prefix('='))
    };
    let times: Vec<&str> = of_scheme("t").collect();
    assert_eq!(times.len(), 1, "{header}");
    let message = [times[0].as_bytes(), b".", body].concat();
    let codes = SECRETS.map(|secret| hash::hmac(secret.as_bytes(), &message));
    assert!(of_scheme("v1").any(|code| codes.iter().any(|it| it == code)), "{header}");
    let distance = now().timestamp().abs_diff(times[0].parse().unwrap());
    assert_eq!(is_stale, distance > 300, "{header}");
}

fn signed(body: &[u8], secret: &str) -> Delivery {
    let time = now().timestamp();
    let message = [time.to_string().as_bytes(), b".", body].concat();
    let header = format!("t={time},v1={}", hash::hmac(secret.as_bytes(), &message));
    Delivery { header: Some(header), body: body.to_vec() }
}

fn gateway() -> &'static Stripe {
    static GATEWAY: OnceLock<Stripe> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let settings = StripeSettings {
            api_base: "http://127.0.0.1:9".to_owned(),
            secret_key: "sk_test_1".into(),
            webhook_secrets: SECRETS.map(Into::into).to_vec(),
            livemode: false,
            currency: Currency::Idr,
            success_url: "https://app.example/ok".to_owned(),
            cancel_url: "https://app.example/no".to_owned(),
            timeout: Duration::from_secs(1),
        };
        Stripe::new(settings).unwrap()
    })
}
