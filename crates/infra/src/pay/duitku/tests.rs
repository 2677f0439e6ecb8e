use super::*;

fn settings() -> DuitkuSettings {
    DuitkuSettings {
        api_base: "https://passport.duitku.com".to_owned(),
        merchant_code: "D1234".to_owned(),
        api_keys: vec!["key-0123".into()],
        algorithm: DuitkuAlgorithm::Md5,
        livemode: true,
        payment_method: "SP".to_owned(),
        shop_name: "Switchboard".to_owned(),
        email: "shop@example.com".to_owned(),
        callback_url: "https://hooks.example/duitku".to_owned(),
        return_url: "https://app.example/ok".to_owned(),
        expiry: Duration::from_hours(1),
        timeout: Duration::from_secs(5),
    }
}

fn refusal(change: impl FnOnce(&mut DuitkuSettings)) -> String {
    let mut settings = settings();
    change(&mut settings);
    Duitku::new(settings).unwrap_err().to_string()
}

#[test]
fn refuses_settings_that_cannot_work() {
    for keys in [vec![], vec![""], vec!["one", " "]] {
        let keys: Vec<SecretString> = keys.into_iter().map(SecretString::from).collect();
        assert!(refusal(|it| it.api_keys = keys).starts_with("api_keys"));
    }
    for merchant in ["", "D 1", &"D".repeat(51)] {
        assert!(refusal(|it| it.merchant_code = merchant.to_owned()).starts_with("merchant_code"));
    }
    let changes: [fn(&mut DuitkuSettings); 9] = [
        |it| it.payment_method = "S".to_owned(),
        |it| it.payment_method = "é".to_owned(),
        |it| it.shop_name = String::new(),
        |it| it.shop_name = "x".repeat(21),
        |it| it.email = "nobody".to_owned(),
        |it| it.email = format!("{}@example.com", "x".repeat(40)),
        |it| it.expiry = Duration::from_secs(59),
        |it| it.expiry = Duration::from_mins(1441),
        |it| it.expiry = Duration::ZERO,
    ];
    for change in changes {
        assert!(refusal(change).starts_with("payment_method"));
    }
    for page in ["", "/ok", &format!("https://app.example/{}", "x".repeat(255))] {
        assert!(refusal(|it| it.callback_url = page.to_owned()).starts_with("callback_url"));
        assert!(refusal(|it| it.return_url = page.to_owned()).starts_with("callback_url"));
    }
}

/// Answers are not signed: whoever can change them on the way could credit at will.
#[test]
fn refuses_unencrypted_answers_about_real_money() {
    for base in ["http://passport.duitku.com", "duitku", "ftp://passport.duitku.com", ""] {
        assert!(refusal(|it| it.api_base = base.to_owned()).starts_with("api_base"), "{base}");
    }
    let mut test = settings();
    (test.livemode, test.api_base) = (false, "http://127.0.0.1:9/duitku/".to_owned());
    let client = Duitku::new(test).unwrap().client;
    let base = "http://127.0.0.1:9/duitku/webapi/api/merchant";
    assert_eq!(client.inquiry.as_str(), format!("{base}/v2/inquiry"));
    assert_eq!(client.status.as_str(), format!("{base}/transactionStatus"));
}

#[test]
fn takes_exact_rupiah() {
    let (gateway, currency) = (Gateway::Duitku, Currency::Idr);
    let terms = GatewayTerms { gateway, currency, exact: true, refunds: RefundWay::Manual };
    assert_eq!(Duitku::new(settings()).unwrap().terms(), terms);
}

#[test]
fn debug_hides_secrets() {
    let text = format!("{:?} {:?}", settings(), Duitku::new(settings()).unwrap());
    assert!(!text.contains("0123"), "{text}");
}

#[tokio::test]
async fn what_names_no_payment_of_ours_is_unknown_without_asking() {
    let duitku = Duitku::new(settings()).unwrap();
    for payment in
        [PaymentRef::Payment("DS1234".to_owned()), PaymentRef::Alias("DS1234".to_owned())]
    {
        assert_eq!(duitku.fetch(&payment).await, Ok(None), "{payment}");
    }
}
