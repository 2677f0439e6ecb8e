use axum::http::{HeaderMap, HeaderValue, header};
use domain::{
    money::{Cost, Deposit},
    providers::{
        AcquireError, CancelOutcome, Listing, NumberProvider, ProviderError, Refusal, SmsText,
        UpstreamStatus,
    },
};

use super::{answered, id, refused, stub::Stub, wanted};

fn received(code: &str, text: Option<&str>) -> UpstreamStatus {
    UpstreamStatus::Received { code: Some(code.into()), text: text.map(SmsText::new) }
}

fn header(name: header::HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}

#[tokio::test]
async fn a_purchase_asks_for_what_is_wanted_and_nothing_else() {
    let stub = Stub::open().await;
    stub.on("getNumberV2", 200, "NO_NUMBERS");
    let outcome = stub.provider().acquire(&wanted("wa", "0", "0.350000")).await;
    assert_eq!(outcome, refused(Refusal::OutOfStock));
    let sent: Vec<_> = stub.latest();
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("api_key", "key & more"),
        ("action", "getNumberV2"),
        ("service", "wa"),
        ("country", "0"),
        ("maxPrice", "0.35"),
    ];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn herosms_speaks_json_with_http_codes() {
    let stub = Stub::open().await;
    let sold = r#"{"activationId":"3416693217","phoneNumber":"6281234567890",
        "activationCost":0.35,"currency":840,"countryCode":6,"countryPhoneCode":62,
        "canGetAnotherSms":true,"activationTime":"2026-02-18T16:11:33+00:00",
        "activationEndTime":"2026-02-18T16:31:33+00:00","activationOperator":"any"}"#;
    stub.on("getNumberV2", 200, sold)
        .on("getStatus", 200, "STATUS_OK:123456")
        .on(
            "getStatusV2",
            200,
            r#"{"verificationType":"sms","data":{"id":"7","phoneFrom":"Telegram","code":"123456",
                "text":"Login code: 123456","service":"tg","type":"sms"}}"#,
        )
        .on(
            "setStatus@8",
            409,
            r#"{"title":"EARLY_CANCEL_DENIED","info":{"minActivationTime":120}}"#,
        )
        .on("setStatus@6", 204, "")
        .on(
            "getActiveActivations",
            200,
            r#"{"data":[{"activationId":"3416693217","serviceCode":"wa",
                "phoneNumber":"6281234567890","countryCode":6}],"activeActivations":{"rows":1}}"#,
        );
    let provider = stub.provider();
    let activation = provider.acquire(&wanted("wa", "6", "1")).await.unwrap();
    assert_eq!(activation.cost, Cost::parse("0.35"));
    let id = activation.external_id.clone();
    let told = received("123456", Some("Login code: 123456"));
    assert_eq!(provider.status(&id).await, Ok(told));
    assert_eq!(provider.cancel(&id).await, Ok(CancelOutcome::TooEarly));
    assert_eq!(provider.finish(&id).await, Ok(()));
    let Ok(Listing::Complete(list)) = provider.active().await else { panic!("no list") };
    assert_eq!(list[0].activation.phone, activation.phone);
    stub.on("setStatus@8", 409, r#"{"title":"NEW_OTP_RECEIVED","info":{"data":[{"id":"1"}]}}"#);
    assert_eq!(provider.cancel(&id).await, Ok(CancelOutcome::Delivered));
}

#[tokio::test]
async fn herosms_refuses_with_reasons() {
    let minimum = Cost::parse("0.1234");
    let cases = [
        (
            400,
            r#"{"title":"WRONG_MAX_PRICE","info":{"min":0.1234}}"#,
            Refusal::PriceTooLow { minimum },
        ),
        (401, r#"{"title":"BAD_KEY"}"#, Refusal::UpstreamAuth),
        (402, r#"{"title":"NO_BALANCE"}"#, Refusal::UpstreamBalance),
        (403, r#"{"title":"CHANNELS_LIMIT"}"#, Refusal::UpstreamBlocked { until: None }),
        (422, r#"{"title":"UNPROCESSABLE_ENTITY"}"#, Refusal::Mapping),
        (200, "NO_NUMBERS", Refusal::OutOfStock),
    ];
    let stub = Stub::open().await;
    for (status, body, refusal) in cases {
        stub.on("getNumberV2", status, body);
        assert_eq!(stub.provider().acquire(&wanted("wa", "6", "1")).await, refused(refusal));
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait() {
    let stub = Stub::open().await;
    stub.on_with("getNumberV2", 429, header(header::RETRY_AFTER, "30"), "Too Many Requests");
    let outcome = stub.provider().acquire(&wanted("wa", "6", "1")).await;
    let Err(AcquireError::Refused(Refusal::UpstreamBlocked { until: Some(_) })) = outcome else {
        panic!("{outcome:?}")
    };
}

#[tokio::test]
async fn smsbower_has_fewer_actions_and_looser_types() {
    let stub = Stub::open().await;
    let sold = r#"{"activationId":"71","phoneNumber":447350690992,"activationCost":"0.4"}"#;
    stub.on("getNumberV2", 200, sold).on("getStatus", 200, "STATUS_OK:'5512'");
    let provider = stub.provider();
    let activation = provider.acquire(&wanted("wa", "16", "1")).await.unwrap();
    assert_eq!(activation.phone.reveal(), "447350690992");
    assert_eq!(provider.active().await, Ok(Listing::Unsupported));
    for _ in 0..3 {
        assert_eq!(provider.status(&id("71")).await, Ok(received("5512", None)));
    }
    let asked = stub.actions();
    assert_eq!(asked.iter().filter(|action| *action == "getStatusV2").count(), 1, "{asked:?}");
    stub.on("getNumberV2", 401, r#"{"status":0,"message":"No access","data":[]}"#);
    let outcome = provider.acquire(&wanted("wa", "16", "1")).await;
    assert_eq!(outcome, refused(Refusal::UpstreamAuth));
}

#[tokio::test]
async fn an_old_server_sells_the_old_way_and_is_remembered_for_it() {
    let stub = Stub::open().await;
    stub.on("getNumber", 200, "ACCESS_NUMBER:635468021:79584123456");
    let provider = stub.provider();
    for _ in 0..2 {
        let activation = provider.acquire(&wanted("wa", "0", "1")).await.unwrap();
        assert_eq!(activation.external_id, id("635468021"));
        assert_eq!(activation.cost, None);
    }
    assert_eq!(stub.actions(), ["getNumberV2", "getNumber", "getNumber"]);
}

#[tokio::test]
async fn a_server_that_sells_in_no_way_is_a_wrong_one() {
    let stub = Stub::open().await;
    let outcome = stub.provider().acquire(&wanted("wa", "0", "1")).await;
    assert_eq!(outcome, refused(Refusal::Mapping));
}

#[tokio::test]
async fn an_unknown_outcome_is_not_tried_the_old_way() {
    let stub = Stub::open().await;
    stub.on("getNumberV2", 500, "").on("getNumber", 200, "ACCESS_NUMBER:1:79584123456");
    assert!(answered(&stub.provider().acquire(&wanted("wa", "0", "1")).await));
    assert_eq!(stub.actions(), ["getNumberV2"]);
}

#[tokio::test]
async fn tiger_writes_prices_as_texts() {
    let stub = Stub::open().await;
    stub.on("getCountries", 200, r#"[{"id":"6","eng":"Indonesia"},{"id":"","eng":""}]"#)
        .on("getServicesList", 200, r#"{"wa":"WhatsApp"}"#)
        .on("getPrices", 200, r#"{"6":{"wa":{"cost":"0.2150","count":"12"}}}"#)
        .on("getBalance", 200, r#"{"balance":"4.6820","currency":840}"#);
    let catalog = stub.provider().catalog().await.unwrap();
    assert_eq!(catalog.offers[0].cost, Cost::parse("0.215").unwrap());
    assert_eq!(stub.provider().balance().await, Ok(Deposit::parse("4.682").unwrap()));
}

#[tokio::test]
async fn a_contested_cancellation_is_decided_by_the_status() {
    let cases = [
        ("STATUS_CANCEL", Ok(CancelOutcome::Canceled)),
        ("STATUS_OK:1234", Ok(CancelOutcome::Delivered)),
        ("NO_ACTIVATION", Ok(CancelOutcome::Missing)),
        ("STATUS_WAIT_CODE", Err(ProviderError::Unavailable("not canceled, yet waiting"))),
    ];
    let stub = Stub::open().await;
    for answer in ["BAD_STATUS", "NO_ACTIVATION", r#"{"title":"ACTIVATION_NOT_ACTIVE"}"#] {
        for (status, outcome) in &cases {
            stub.on("setStatus", 200, answer).on("getStatus", 200, status);
            assert_eq!(stub.provider().cancel(&id("1")).await, *outcome, "{answer} {status}");
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stub = Stub::open().await;
    stub.on_with("getNumberV2", 302, header(header::LOCATION, "/elsewhere"), "");
    assert!(answered(&stub.provider().acquire(&wanted("wa", "6", "1")).await));
    assert_eq!(stub.actions().len(), 1);
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let stub = Stub::open().await;
    stub.on("getNumberV2", 200, &"A".repeat(64 * 1024 + 1));
    assert!(!answered(&stub.provider().acquire(&wanted("wa", "6", "1")).await));
}

#[tokio::test]
async fn a_text_that_never_comes_costs_no_code() {
    let stub = Stub::open().await;
    stub.on("getStatus", 200, "STATUS_OK:123456").silent_on("getStatusV2");
    let found = stub.hasty_provider().status(&id("1")).await;
    assert_eq!(found, Ok(received("123456", None)));
}

/// Rows `from` to `to`, counted down as a newest-first list does.
fn rows(from: u32, to: u32) -> String {
    let rows: Vec<String> = (to..from)
        .rev()
        .map(|id| {
            format!(
                r#"{{"activationId":{},"serviceCode":"wa","phoneNumber":"79580000000"}}"#,
                1000 + id
            )
        })
        .collect();
    format!(r#"{{"data":[{}]}}"#, rows.join(","))
}

#[tokio::test]
async fn a_list_that_moves_while_it_is_read_proves_nothing() {
    let stub = Stub::open().await;
    stub.on("getActiveActivations@0", 200, &rows(150, 50)).on(
        "getActiveActivations@90",
        200,
        &rows(45, 0),
    );
    let outcome = stub.provider().active().await;
    assert_eq!(outcome, Err(ProviderError::Unavailable("the list moved while it was read")));
    stub.on("getActiveActivations@90", 200, &rows(60, 0));
    let Ok(Listing::Complete(list)) = stub.provider().active().await else { panic!("no list") };
    assert_eq!(list.len(), 150);
}

#[tokio::test]
async fn a_server_that_does_not_page_is_asked_once_more_and_believed() {
    let stub = Stub::open().await;
    stub.on("getActiveActivations", 200, &rows(130, 0));
    let Ok(Listing::Complete(list)) = stub.provider().active().await else { panic!("no list") };
    assert_eq!(list.len(), 130);
    assert_eq!(stub.actions().len(), 2);
}
