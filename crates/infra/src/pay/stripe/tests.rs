use super::*;
use crate::crypto::hmac_sha256;
use chrono::DateTime;

fn settings() -> StripeSettings {
    StripeSettings {
        api_base: "https://api.stripe.com".to_owned(),
        secret_key: "sk_test_0123".into(),
        webhook_secrets: vec!["whsec_0123".into()],
        livemode: false,
        currency: Currency::Idr,
        success_url: "https://app.example/ok".to_owned(),
        cancel_url: "https://app.example/cancel".to_owned(),
        timeout: Duration::from_secs(5),
    }
}

fn refusal(change: impl FnOnce(&mut StripeSettings)) -> String {
    let mut settings = settings();
    change(&mut settings);
    Stripe::new(settings).unwrap_err().to_string()
}

#[test]
fn refuses_to_start_with_secrets_that_protect_nothing() {
    for secrets in [vec![], vec![""], vec!["  "], vec!["whsec_0123", ""]] {
        let secrets: Vec<SecretString> = secrets.into_iter().map(SecretString::from).collect();
        assert!(refusal(|it| it.webhook_secrets = secrets).starts_with("webhook_secrets"));
    }
}

#[test]
fn refuses_to_start_with_a_key_of_the_other_mode() {
    assert!(refusal(|it| it.livemode = true).contains("other mode"));
    assert!(refusal(|it| it.secret_key = "rk_live_0123".into()).contains("other mode"));
    for key in ["", "sk_test_01 23", "sk_test_ü"] {
        assert!(refusal(|it| it.secret_key = key.into()).starts_with("secret_key must"), "{key}");
    }
}

#[test]
fn refuses_to_send_a_live_key_unencrypted() {
    let live = |it: &mut StripeSettings, base: &str| {
        it.livemode = true;
        it.secret_key = "sk_live_0123".into();
        it.api_base = base.to_owned();
    };
    assert!(refusal(|it| live(it, "http://127.0.0.1:9")).starts_with("api_base"));
    assert!(refusal(|it| it.api_base = "stripe".to_owned()).starts_with("api_base"));
    let mut settings = settings();
    live(&mut settings, "https://api.stripe.com/");
    assert!(Stripe::new(settings).is_ok());
}

#[test]
fn refuses_pages_that_are_no_addresses() {
    assert!(refusal(|it| it.success_url = "/ok".to_owned()).starts_with("success_url"));
    assert!(refusal(|it| it.cancel_url = String::new()).starts_with("success_url"));
}

#[test]
fn debug_hides_secrets() {
    let text = format!("{:?} {:?}", settings(), Stripe::new(settings()).unwrap());
    assert!(!text.contains("0123"), "{text}");
}

#[test]
fn verifies_before_it_reads() {
    let stripe = Stripe::new(settings()).unwrap();
    let now = DateTime::from_timestamp(1_763_600_000, 0).unwrap();
    let verify = |header: Option<String>, body: &[u8]| {
        let find = move |name: &str| header.clone().filter(|_| name == "stripe-signature");
        stripe.verify(&find, body, now)
    };
    let signed = |body: &[u8]| {
        let code = hmac_sha256(b"whsec_0123", &[b"1763600000.", body]);
        Some(format!("t=1763600000,v1={}", hex::encode(code)))
    };
    let body = br#"{"id":"evt_1","type":"checkout.session.expired","livemode":false,
        "data":{"object":{"id":"cs_1","livemode":false}}}"#;

    let notice = verify(signed(body), body).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment("cs_1".to_owned()));
    assert_eq!(verify(None, body), Err(VerifyError::Malformed));
    assert_eq!(verify(signed(b"other"), body), Err(VerifyError::Mismatch));
    assert_eq!(verify(signed(b"other"), b"not json"), Err(VerifyError::Mismatch));
    assert_eq!(verify(signed(b"not json"), b"not json"), Err(VerifyError::Unreadable));
}
