use chrono::DateTime;

use super::*;

fn settings() -> CryptomusSettings {
    CryptomusSettings {
        service: CryptomusService::Heleket,
        api_base: "https://api.heleket.com".to_owned(),
        merchant: "8b03432e-385b-4670-8d06-064591096795".to_owned(),
        api_keys: vec!["key-0123".into()],
        livemode: true,
        callback_url: "https://hooks.example/heleket".to_owned(),
        return_url: "https://app.example/back".to_owned(),
        success_url: "https://app.example/ok".to_owned(),
        lifetime: Duration::from_hours(1),
        timeout: Duration::from_secs(5),
    }
}

fn refusal(change: impl FnOnce(&mut CryptomusSettings)) -> String {
    let mut settings = settings();
    change(&mut settings);
    Cryptomus::new(settings).unwrap_err().to_string()
}

#[test]
fn refuses_settings_that_cannot_work() {
    for keys in [vec![], vec![""], vec!["one", " "]] {
        let keys: Vec<SecretString> = keys.into_iter().map(SecretString::from).collect();
        assert!(refusal(|it| it.api_keys = keys).starts_with("api_keys"));
    }
    for merchant in ["", "a b", "a\r\nsign: x"] {
        assert!(refusal(|it| it.merchant = merchant.to_owned()).starts_with("merchant"));
    }
    for lifetime in [0, 299, 43_201] {
        let lifetime = Duration::from_secs(lifetime);
        assert!(refusal(|it| it.lifetime = lifetime).starts_with("lifetime"));
    }
    for page in ["", "/ok", &format!("https://app.example/{}", "x".repeat(255))] {
        assert!(refusal(|it| it.callback_url = page.to_owned()).starts_with("callback_url"));
        assert!(refusal(|it| it.return_url = page.to_owned()).starts_with("callback_url"));
        assert!(refusal(|it| it.success_url = page.to_owned()).starts_with("callback_url"));
    }
}

/// Answers are not signed: whoever can change them on the way could credit at will.
#[test]
fn refuses_unencrypted_answers_about_real_money() {
    for base in ["http://api.heleket.com", "heleket", "ftp://api.heleket.com", ""] {
        assert!(refusal(|it| it.api_base = base.to_owned()).starts_with("api_base"), "{base}");
    }
    let mut test = settings();
    (test.livemode, test.api_base) = (false, "http://127.0.0.1:9/heleket/".to_owned());
    let client = Cryptomus::new(test).unwrap().client;
    assert_eq!(client.create.as_str(), "http://127.0.0.1:9/heleket/v1/payment");
    assert_eq!(client.info.as_str(), "http://127.0.0.1:9/heleket/v1/payment/info");
}

#[test]
fn each_service_is_its_own_gateway() {
    for (service, gateway, host) in [
        (CryptomusService::Heleket, Gateway::Heleket, "https://api.heleket.com"),
        (CryptomusService::Cryptomus, Gateway::Cryptomus, "https://api.cryptomus.com"),
    ] {
        let settings =
            CryptomusSettings { service, api_base: service.api_base().to_owned(), ..settings() };
        assert_eq!(settings.api_base, host);
        let terms = Cryptomus::new(settings).unwrap().terms();
        let refunds = RefundWay::Manual;
        assert_eq!(terms, GatewayTerms { gateway, currency: Currency::Usd, exact: false, refunds });
    }
}

#[test]
fn debug_hides_secrets() {
    let text = format!("{:?} {:?}", settings(), Cryptomus::new(settings()).unwrap());
    assert!(!text.contains("0123"), "{text}");
}

fn signed(body: &str) -> String {
    let keys = SecretList::new(vec!["key-0123".into()]).unwrap();
    let code = signature::sign(body.as_bytes(), &keys);
    format!(r#"{},"sign":"{code}"}}"#, body.strip_suffix('}').unwrap())
}

fn verify(raw: &[u8]) -> Result<Option<Notice>, VerifyError> {
    let gateway = Cryptomus::new(settings()).unwrap();
    gateway.verify(&|_| None, raw, DateTime::from_timestamp(1_763_600_000, 0).unwrap())
}

#[test]
fn a_notification_names_a_payment_and_nothing_else() {
    let raw = signed(r#"{"type":"payment","uuid":"u-1","status":"paid","amount":"25.00"}"#);
    let notice = verify(raw.as_bytes()).unwrap().unwrap();
    assert_eq!(notice.gateway, Gateway::Heleket);
    assert_eq!(notice.event_kind, "paid");
    assert_eq!(notice.payment, PaymentRef::Payment("u-1".to_owned()));
    assert!(raw.contains(&notice.event_id) && notice.event_id.len() == 32);
    assert_eq!(verify(raw.as_bytes()).unwrap().unwrap(), notice, "a repeat is the same");
    let later =
        signed(r#"{"type":"payment","uuid":"u-1","status":"refund_paid","amount":"25.00"}"#);
    assert_ne!(verify(later.as_bytes()).unwrap().unwrap().event_id, notice.event_id);
}

#[test]
fn other_notifications_are_no_business_of_ours() {
    for kind in ["wallet", "payout", "", "Payment"] {
        let raw = signed(&format!(r#"{{"type":"{kind}","uuid":"u-1","status":"paid"}}"#));
        assert_eq!(verify(raw.as_bytes()), Ok(None), "{kind}");
    }
}

#[test]
fn verifies_before_it_reads() {
    let raw = signed(r#"{"type":"payment","uuid":"u-1","status":"paid"}"#);
    let forged = raw.replace("u-1", "u-2");
    assert_eq!(verify(forged.as_bytes()), Err(VerifyError::Mismatch));
    for broken in [
        r#"{"type":"payment"}"#,
        r#"{"type":"payment","uuid":7,"status":"paid"}"#,
        r#"{"type":"payment","uuid":"","status":"paid"}"#,
        r#"{"type":"payment","uuid":"a b","status":"paid"}"#,
        r#"{"type":"payment","uuid":"u-1","uuid":"u-2","status":"paid"}"#,
        r#"{"type":"payment","uuid":"u-1","status":nonsense}"#,
        "{\"type\":\"payment\",\"uuid\":\"u-1\",\"status\":\"\\ud800\"}",
    ] {
        assert_eq!(verify(signed(broken).as_bytes()), Err(VerifyError::Unreadable), "{broken}");
    }
}

#[test]
fn hostile_bodies_are_turned_away() {
    let deep = "[".repeat(100_000);
    let long = format!(r#"{{"type":"payment","a":"{}"}}"#, "x".repeat(LONGEST_WEBHOOK));
    for raw in ["", "null", "[]", "{}", "\u{0}", "sign", &deep, &signed(&long)] {
        assert_eq!(verify(raw.as_bytes()), Err(VerifyError::Malformed), "{}", raw.len());
    }
    assert_eq!(verify(b"\xff\xfe{\"sign\":\"\"}"), Err(VerifyError::Malformed));
}
