use domain::money::{Amount, Money};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::pay::{duitku::DuitkuAlgorithm, secrets::SecretList};

const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn topup() -> TopupId {
    TopupId::new(Uuid::parse_str(TOPUP).unwrap())
}

fn idr(units: i64) -> Money {
    Money::idr(Amount::new(units).unwrap())
}

fn request() -> CheckoutRequest {
    CheckoutRequest { topup: topup(), charge: idr(50_000) }
}

fn account() -> Account {
    let secrets = SecretList::new(vec!["key".into()]).unwrap();
    Account { merchant: "D1234".to_owned(), secrets, algorithm: DuitkuAlgorithm::Md5 }
}

#[test]
fn asks_for_what_is_to_be_paid() {
    let shop = Shop {
        method: "SP".to_owned(),
        name: "Switchboard".to_owned(),
        email: "shop@example.com".to_owned(),
        callback: "https://hooks.example/duitku".to_owned(),
        back: "https://app.example/ok".to_owned(),
        expiry_minutes: 60,
    };
    let account = account();
    let inquiry = Inquiry::new(&request(), &account, &shop).unwrap();
    let expected = json!({
        "merchantCode": "D1234",
        "paymentAmount": 50_000,
        "paymentMethod": "SP",
        "merchantOrderId": TOPUP,
        "productDetails": "Balance top-up",
        "email": "shop@example.com",
        "customerVaName": "Switchboard",
        "callbackUrl": "https://hooks.example/duitku",
        "returnUrl": "https://app.example/ok",
        "expiryPeriod": 60,
        "signature": "f37fa486f50f5c97f6158d3f9a5c1316",
    });
    assert_eq!(serde_json::to_value(&inquiry).unwrap(), expected);
    let query = json!({
        "merchantCode": "D1234",
        "merchantOrderId": TOPUP,
        "signature": "ec35606c572beb99dc982bba27d66661",
    });
    assert_eq!(serde_json::to_value(Query::new(topup(), &account)).unwrap(), query);
    let dollars = Money::usd(Amount::new(50_000).unwrap());
    assert!(
        Inquiry::new(&CheckoutRequest { charge: dollars, ..request() }, &account, &shop).is_none()
    );
}

fn opened(change: impl FnOnce(&mut Value)) -> Result<Checkout, GatewayError> {
    let mut opened = json!({
        "merchantCode": "D1234",
        "reference": "D1234CX80TZJ85Q70QCI",
        "paymentUrl": "https://pay.example/topup/topupdirectv2.aspx?ref=BCA7WZ7EID",
        "vaNumber": "7007014001444348",
        "amount": "50000",
        "statusCode": "00",
        "statusMessage": "SUCCESS",
    });
    change(&mut opened);
    serde_json::from_value::<Opened>(opened).unwrap().checkout(&request(), &account())
}

#[test]
fn answers_the_page_to_pay_on() {
    let expected = Checkout {
        payment_id: TOPUP.to_owned(),
        url: "https://pay.example/topup/topupdirectv2.aspx?ref=BCA7WZ7EID".to_owned(),
        expires_at: None,
    };
    assert_eq!(opened(|_| {}), Ok(expected.clone()));
    for amount in [json!(50_000), json!("50000.00")] {
        assert_eq!(opened(|it| it["amount"] = amount), Ok(expected.clone()));
    }
}

#[test]
fn another_payment_than_asked_for_is_refused() {
    for (member, value) in [
        ("amount", json!("5000")),
        ("amount", json!("50000.5")),
        ("amount", json!(null)),
        ("merchantCode", json!("D9999")),
        ("merchantCode", json!(null)),
        ("paymentUrl", json!(null)),
        ("paymentUrl", json!("")),
        ("paymentUrl", json!("javascript:alert(1)")),
    ] {
        let outcome = opened(|it| it[member] = value.clone());
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{member} {value}: {outcome:?}");
    }
}

fn status(change: impl FnOnce(&mut Value)) -> Result<PaymentReport, GatewayError> {
    let mut status = json!({
        "merchantOrderId": TOPUP,
        "reference": "D1234CX80TZJ85Q70QCI",
        "amount": "50000",
        "fee": "0.00",
        "statusCode": "00",
        "statusMessage": "SUCCESS",
    });
    change(&mut status);
    serde_json::from_value::<Status>(status).unwrap().report(topup())
}

#[test]
fn each_code_has_its_meaning() {
    for (code, expected, received) in [
        ("00", PaymentStatus::Settled, Some(idr(50_000))),
        ("01", PaymentStatus::Open, None),
        ("02", PaymentStatus::Expired, None),
    ] {
        let report = PaymentReport {
            payment_id: TOPUP.to_owned(),
            topup: Some(topup()),
            status: expected,
            charge: Some(idr(50_000)),
            received,
            refunds: Vec::new(),
            disputes: Vec::new(),
        };
        assert_eq!(status(|it| it["statusCode"] = json!(code)), Ok(report), "{code}");
    }
    for code in ["", "0", "000", "03", "99", "SUCCESS", " 00"] {
        let outcome = status(|it| it["statusCode"] = json!(code));
        assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{code}: {outcome:?}");
    }
}

#[test]
fn a_sum_that_we_could_not_have_asked_for_is_none() {
    for amount in [json!("50000.50"), json!("0"), json!("999999999999999999"), json!(null)] {
        let report = status(|it| it["amount"] = amount.clone()).unwrap();
        assert_eq!((report.charge, report.received), (None, None), "{amount}");
    }
    let report = status(|it| it["amount"] = json!("50000.00")).unwrap();
    assert_eq!(report.received, Some(idr(50_000)));
}

#[test]
fn an_answer_about_another_payment_is_none() {
    for order in ["0198c2d1-0000-7000-8000-000000000002", "", &TOPUP.to_uppercase()] {
        let outcome = status(|it| it["merchantOrderId"] = json!(order));
        assert_eq!(outcome, Err(GatewayError::Unavailable("it tells of another payment")));
    }
}
