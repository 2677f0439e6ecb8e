use chrono::DateTime;

use super::*;

fn settings() -> BtcpaySettings {
    BtcpaySettings {
        api_base: "https://pay.example".to_owned(),
        api_key: "key_0123".into(),
        store_id: "Store1".to_owned(),
        webhook_secrets: vec!["secret_0123".into()],
        currency: Currency::Usd,
        redirect_url: "https://app.example/topups/{OrderId}".to_owned(),
        payment_methods: vec!["BTC-CHAIN".to_owned()],
        refund_method: Some("BTC-CHAIN".to_owned()),
        page_life: Duration::from_mins(30),
        timeout: Duration::from_secs(5),
    }
}

fn refusal(change: impl FnOnce(&mut BtcpaySettings)) -> String {
    let mut settings = settings();
    change(&mut settings);
    Btcpay::new(settings).unwrap_err().to_string()
}

#[test]
fn refuses_to_start_with_secrets_that_protect_nothing() {
    for secrets in [vec![], vec![""], vec!["  "], vec!["secret", ""]] {
        let secrets: Vec<SecretString> = secrets.into_iter().map(SecretString::from).collect();
        assert!(refusal(|it| it.webhook_secrets = secrets).starts_with("webhook_secrets"));
    }
    for key in ["", "key 0", "schlüssel", "key\n"] {
        assert!(refusal(|it| it.api_key = key.into()).starts_with("api_key"), "{key}");
    }
}

#[test]
fn refuses_to_send_the_key_over_the_network_unencrypted() {
    let start = |base: &str| {
        let mut settings = settings();
        settings.api_base = base.to_owned();
        Btcpay::new(settings).is_ok()
    };
    for base in [
        "https://pay.example/sub",
        "http://127.0.0.1:23000/",
        "http://[::1]:23000",
        "http://localhost",
        "http://abcdefgh.onion",
    ] {
        assert!(start(base), "{base}");
    }
    for base in [
        "http://pay.example",
        "http://192.168.0.7",
        "http://onion",
        "http://localhost.example",
        "http://abc.onion.example",
        "ftp://127.0.0.1",
        "pay.example",
        "",
    ] {
        assert!(!start(base), "{base}");
    }
}

#[test]
fn refuses_what_the_server_would_refuse() {
    assert!(refusal(|it| it.store_id = "a/b".to_owned()).starts_with("store_id"));
    assert!(refusal(|it| it.redirect_url = "/ok".to_owned()).starts_with("redirect_url"));
    let blank = || vec![String::new()];
    assert!(refusal(|it| it.payment_methods = blank()).starts_with("payment_methods"));
    assert!(refusal(|it| it.refund_method = Some("a b".to_owned())).starts_with("payment_methods"));
    for seconds in [0, 59, 90, 86_460] {
        let life = Duration::from_secs(seconds);
        assert!(refusal(|it| it.page_life = life).starts_with("page_life"), "{seconds}");
    }
}

#[test]
fn debug_hides_secrets() {
    let text = format!("{:?} {:?}", settings(), Btcpay::new(settings()).unwrap());
    assert!(!text.contains("0123"), "{text}");
}

#[test]
fn refunds_are_claimed_where_they_are_set_up() {
    let mut settings = settings();
    assert_eq!(Btcpay::new(settings.clone()).unwrap().terms().refunds, RefundWay::Claim);
    settings.refund_method = None;
    assert_eq!(Btcpay::new(settings).unwrap().terms().refunds, RefundWay::Manual);
}

#[test]
fn verifies_before_it_reads() {
    let btcpay = Btcpay::new(settings()).unwrap();
    let now = DateTime::from_timestamp(1_763_600_000, 0).unwrap();
    let verify = |header: Option<String>, body: &[u8]| {
        let find = move |name: &str| header.clone().filter(|_| name == "btcpay-sig");
        btcpay.verify(&find, body, now)
    };
    let signed = |body: &[u8]| {
        let code = crate::crypto::hmac_sha256(b"secret_0123", &[body]);
        Some(format!("sha256={}", hex::encode(code)))
    };
    let body = br#"{"type":"InvoiceSettled","storeId":"Store1","invoiceId":"INV1"}"#;

    let notice = verify(signed(body), body).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment("INV1".to_owned()));
    assert_eq!(verify(None, body), Err(VerifyError::Malformed));
    assert_eq!(verify(signed(b"other"), body), Err(VerifyError::Mismatch));
    assert_eq!(verify(signed(b"other"), b"not json"), Err(VerifyError::Mismatch));
    assert_eq!(verify(signed(b"not json"), b"not json"), Err(VerifyError::Unreadable));
}
