//! Against answers written down in the test.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, PaymentGateway, PaymentRef, PaymentReport,
    },
    money::{Amount, Money},
};
use infra::pay::{
    cryptomus::{Cryptomus, CryptomusService, CryptomusSettings},
    duitku::{Duitku, DuitkuAlgorithm, DuitkuSettings},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::topup;

/// One call: path with query, headers and body.
pub(super) type Asked = (String, HeaderMap, Bytes);

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Vec<(u16, String)>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

async fn answer(
    State(script): State<Script>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut asked = script.asked.lock().unwrap();
    let (status, text) = script.answers[asked.len().min(script.answers.len() - 1)].clone();
    asked.push((uri.to_string(), headers, body));
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = (status, text).into_response();
    if status.is_redirection() {
        response.headers_mut().insert("location", "/elsewhere".parse().unwrap());
    }
    response
}

/// What comes of `work` with a gateway that gives `answers`, and what it was asked. The last answer
/// repeats.
pub(super) async fn with<T>(
    answers: Vec<(u16, String)>,
    work: impl AsyncFnOnce(String) -> T,
) -> (T, Vec<Asked>) {
    let script = Script { answers: Arc::new(answers), ..Script::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().fallback(answer).with_state(script.clone());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let outcome = work(base).await;
    let asked = script.asked.lock().unwrap().clone();
    (outcome, asked)
}

fn heleket(api_base: String) -> Cryptomus {
    let settings = CryptomusSettings {
        service: CryptomusService::Heleket,
        api_base,
        merchant: "merchant-1".to_owned(),
        api_keys: vec!["key-0123".into(), "old-0123".into()],
        livemode: false,
        callback_url: "https://hooks.example/heleket".to_owned(),
        return_url: "https://app.example/back".to_owned(),
        success_url: "https://app.example/ok".to_owned(),
        lifetime: Duration::from_hours(1),
        timeout: Duration::from_secs(5),
    };
    Cryptomus::new(settings).unwrap()
}

fn duitku(api_base: String) -> Duitku {
    let settings = DuitkuSettings {
        api_base,
        merchant_code: "D1234".to_owned(),
        api_keys: vec!["key-0123".into(), "old-0123".into()],
        algorithm: DuitkuAlgorithm::Md5,
        livemode: false,
        payment_method: "SP".to_owned(),
        shop_name: "Switchboard".to_owned(),
        email: "shop@example.com".to_owned(),
        callback_url: "https://hooks.example/duitku".to_owned(),
        return_url: "https://app.example/ok".to_owned(),
        expiry: Duration::from_hours(1),
        timeout: Duration::from_secs(5),
    };
    Duitku::new(settings).unwrap()
}

fn dollars() -> CheckoutRequest {
    CheckoutRequest { topup: topup(1), charge: Money::usd(Amount::new(25_000_000).unwrap()) }
}

fn rupiah() -> CheckoutRequest {
    CheckoutRequest { topup: topup(1), charge: Money::idr(Amount::new(50_000).unwrap()) }
}

fn invoice() -> String {
    let invoice = json!({
        "uuid": "u-1", "order_id": topup(1).to_string(), "amount": "25.00", "currency": "USD",
        "status": "check", "is_final": false, "url": "https://pay.example/u-1",
    });
    json!({ "state": 0, "result": invoice }).to_string()
}

fn page() -> String {
    json!({
        "merchantCode": "D1234", "reference": "D1234X", "paymentUrl": "https://pay.example/x",
        "amount": "50000", "statusCode": "00", "statusMessage": "SUCCESS",
    })
    .to_string()
}

fn status(code: &str) -> String {
    json!({
        "merchantOrderId": topup(1).to_string(), "reference": "D1234X", "amount": "50000",
        "fee": "0.00", "statusCode": code, "statusMessage": "",
    })
    .to_string()
}

type Created = (Result<Checkout, GatewayError>, Vec<Asked>);
type Fetched = (Result<Option<PaymentReport>, GatewayError>, Vec<Asked>);

async fn create_at_heleket(answers: Vec<(u16, String)>) -> Created {
    with(answers, async |base| heleket(base).create_checkout(&dollars()).await).await
}

async fn fetch_at_heleket(answers: Vec<(u16, String)>) -> Fetched {
    let payment = PaymentRef::Topup(topup(1));
    with(answers, async |base| heleket(base).fetch(&payment).await).await
}

async fn create_at_duitku(answers: Vec<(u16, String)>) -> Created {
    with(answers, async |base| duitku(base).create_checkout(&rupiah()).await).await
}

async fn fetch_at_duitku(answers: Vec<(u16, String)>) -> Fetched {
    let payment = PaymentRef::Topup(topup(1));
    with(answers, async |base| duitku(base).fetch(&payment).await).await
}

#[tokio::test]
async fn heleket_is_asked_the_same_again_and_signed_with_the_newest_key() {
    let (outcome, asked) = create_at_heleket(vec![(502, String::new()), (200, invoice())]).await;
    assert_eq!(outcome.unwrap().payment_id, "u-1");
    let [(_, _, body), (_, _, again)] = &asked[..] else { panic!("{} calls", asked.len()) };
    assert_eq!(body, again);
    for (path, headers, body) in &asked {
        assert_eq!(path, "/v1/payment");
        assert_eq!(headers["merchant"], "merchant-1");
        assert_eq!(headers["sign"], sandbox::sign_heleket("key-0123", body));
        assert_eq!(headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn duitku_is_asked_in_its_own_way() {
    let (outcome, asked) = create_at_duitku(vec![(200, page())]).await;
    assert_eq!(outcome.unwrap().url, "https://pay.example/x");
    let [(path, headers, body)] = &asked[..] else { panic!("{} calls", asked.len()) };
    assert_eq!(path, "/webapi/api/merchant/v2/inquiry");
    assert_eq!(headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["paymentAmount"], 50_000);
    let (outcome, asked) = fetch_at_duitku(vec![(200, status("01"))]).await;
    assert!(outcome.unwrap().is_some());
    assert_eq!(asked[0].0, "/webapi/api/merchant/transactionStatus");
}

/// It is not known what a second inquiry with the same reference does.
#[tokio::test]
async fn duitku_is_never_asked_twice_for_a_page() {
    for (code, text, why) in [
        (500, String::new(), "it failed"),
        (503, String::new(), "it failed"),
        (429, String::new(), "it is busy"),
        (200, "<html>".to_owned(), "the answer is not readable"),
        (200, " ".repeat(300 * 1024), "the answer is too long"),
    ] {
        let (outcome, asked) = create_at_duitku(vec![(code, text), (200, page())]).await;
        assert_eq!(outcome, Err(GatewayError::Unavailable(why)), "{code}");
        assert_eq!(asked.len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let refused = json!({ "state": 1, "message": "key-0123" }).to_string();
    let php = json!({ "state": 1, "result": [] }).to_string();
    for (code, text) in [
        (200, refused.clone()),
        (200, php),
        (400, refused.clone()),
        (401, refused.clone()),
        (404, refused.clone()),
        (422, refused),
        (307, String::new()),
    ] {
        let (outcome, asked) = create_at_heleket(vec![(code, text)]).await;
        let Err(GatewayError::Refused(why)) = outcome else { panic!("{code}: {outcome:?}") };
        assert!(!why.contains("0123"));
        assert_eq!(asked.len(), 1, "{code}");
    }
    let used = page().replace(r#""statusCode":"00""#, r#""statusCode":"01""#);
    for (code, text) in
        [(200, used), (400, String::new()), (409, String::new()), (302, String::new())]
    {
        let (outcome, asked) = create_at_duitku(vec![(code, text)]).await;
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{code}: {outcome:?}");
        assert_eq!(asked.len(), 1, "{code}");
    }
}

#[tokio::test]
async fn an_unreadable_answer_is_asked_for_again() {
    for text in ["", "<html>", "{}", "null", r#"{"state":0}"#, r#"{"state":0,"result":{}}"#] {
        let (outcome, asked) =
            fetch_at_heleket(vec![(200, text.to_owned()), (200, invoice())]).await;
        assert!(outcome.unwrap().is_some(), "{text}");
        assert_eq!(asked.len(), 2, "{text}");
        let (outcome, asked) =
            fetch_at_duitku(vec![(200, text.to_owned()), (200, status("00"))]).await;
        assert!(outcome.unwrap().is_some(), "{text}");
        assert_eq!(asked.len(), 2, "{text}");
    }
}

#[tokio::test]
async fn three_answers_that_are_too_long_are_enough() {
    let long = vec![(200, " ".repeat(300 * 1024))];
    let unavailable = GatewayError::Unavailable("the answer is too long");
    let (outcome, asked) = fetch_at_heleket(long.clone()).await;
    assert_eq!((outcome, asked.len()), (Err(unavailable.clone()), 3));
    let (outcome, asked) = fetch_at_duitku(long).await;
    assert_eq!((outcome, asked.len()), (Err(unavailable), 3));
}

#[tokio::test]
async fn an_unknown_payment_is_no_error() {
    for code in [404, 422] {
        let (outcome, _) = fetch_at_heleket(vec![(code, "{}".to_owned())]).await;
        assert_eq!(outcome, Ok(None), "{code}");
    }
    let unknown = r#"{"Message":"Transaction not found"}"#.to_owned();
    for code in [400, 404] {
        let (outcome, _) = fetch_at_duitku(vec![(code, unknown.clone())]).await;
        assert_eq!(outcome, Ok(None), "{code}");
    }
    let (outcome, _) = fetch_at_duitku(vec![(400, "{}".to_owned())]).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_about_another_payment_is_none() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    let ours = topup(1).to_string();
    let unavailable = Err(GatewayError::Unavailable("it tells of another payment"));
    let (outcome, _) = fetch_at_heleket(vec![(200, invoice().replace(&ours, other))]).await;
    assert_eq!(outcome, unavailable);
    let (outcome, _) = fetch_at_duitku(vec![(200, status("00").replace(&ours, other))]).await;
    assert_eq!(outcome, unavailable);
    let payment = PaymentRef::Payment("u-2".to_owned());
    let (outcome, _) =
        with(vec![(200, invoice())], async |base| heleket(base).fetch(&payment).await).await;
    assert_eq!(outcome, unavailable);
}
