use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::routing::{get, post as post_to};
use futures_util::stream;
use http_kit::{Limits, RawBody, Reply, ValidJson, ValidPath, ValidQuery, standard};
use serde::{Deserialize, Serialize};

use crate::support::{self, Answer, post};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Purchase {
    product_id: i64,
    #[serde(default)]
    policy: Option<Policy>,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    Cheapest,
    BestSuccess,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    count: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Page {
    country_id: i64,
    limit: Option<u32>,
}

fn router() -> Router {
    let router = Router::new()
        .route("/orders", post_to(async |ValidJson(body): ValidJson<Purchase>| Reply::new(body)))
        .route("/raw", post_to(async |RawBody(body): RawBody| Reply::new(body.len())))
        .route("/products", get(async |ValidQuery(page): ValidQuery<Page>| Reply::new(page)))
        .route("/orders/{id}", get(async |ValidPath(id): ValidPath<i64>| Reply::new(id)))
        .route("/plain", get(async |ValidPath(id): ValidPath<i64>| Reply::new(id)));
    standard(router, Limits::default())
}

async fn buy(body: &'static str) -> Answer {
    post(&router(), "/orders", body).await
}

/// The one field a 422 blames, and why.
fn blamed(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 422, "{}", answer.body);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["success"], false);
    assert_eq!(body["error"]["code"], "VALIDATION_ERROR");
    let details = body["error"]["details"].as_array().unwrap();
    assert_eq!(details.len(), 1);
    let text = |key: &str| details.first().unwrap()[key].as_str().unwrap().to_owned();
    (text("field"), text("message"))
}

fn pair(field: &str, message: &str) -> (String, String) {
    (field.to_owned(), message.to_owned())
}

#[tokio::test]
async fn takes_a_good_body_without_a_content_type() {
    let answer = buy(r#"{"product_id":7,"policy":"best_success","lines":[{"count":1}]}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        r#"{"success":true,"data":{"product_id":7,"policy":"best_success","lines":[{"count":1}]}}"#
    );
}

#[tokio::test]
async fn names_the_field_to_blame() {
    for (body, expected) in [
        ("{}", pair("product_id", "is required")),
        (r#"{"product_id":7,"colour":1}"#, pair("colour", "is not a known field")),
        (r#"{"product_id":7,"product_id":8}"#, pair("product_id", "is given twice")),
        (
            r#"{"product_id":"hunter2"}"#,
            pair("product_id", "has the wrong type or value, expected an integer"),
        ),
        (
            r#"{"product_id":7,"policy":"hunter2"}"#,
            pair("policy", "has the wrong type or value, expected `cheapest` or `best_success`"),
        ),
        (r#"{"product_id":7,"lines":[{"count":1},{}]}"#, pair("lines[1].count", "is required")),
        (
            r#"{"product_id":7,"lines":[{"count":1,"x":2}]}"#,
            pair("lines[0].x", "is not a known field"),
        ),
        (
            r#"{"product_id":7,"lines":[{"count":-1}]}"#,
            pair(
                "lines[0].count",
                "has the wrong type or value, expected an integer that is not negative",
            ),
        ),
        ("", pair("body", "must be a JSON object")),
        ("[7]", pair("body", "must be a JSON object")),
        ("null", pair("body", "must be a JSON object")),
        ("product_id=7", pair("body", "must be a JSON object")),
        ("{\"product_id\":7", pair("body", "is not valid JSON")),
        ("{\"product_id\":7} trailing", pair("body", "is not valid JSON")),
    ] {
        assert_eq!(blamed(&buy(body).await), expected, "{body}");
    }
}

#[tokio::test]
async fn refuses_a_large_body_whether_announced_or_not() {
    let expected = r#"{"success":false,"error":{"code":"PAYLOAD_TOO_LARGE","message":"The request body is too large"}}"#;
    for path in ["/orders", "/raw"] {
        let request = Request::post(path).header("content-length", "1048577");
        let announced = support::send(&router(), request.body(Body::empty()).unwrap()).await;
        assert_eq!((announced.status.as_u16(), announced.body.as_str()), (413, expected));

        let chunk = Bytes::from(vec![b' '; 1024 * 1024]);
        let chunks = [chunk, Bytes::from_static(b" ")].map(Ok::<_, Infallible>);
        let streamed = post(&router(), path, Body::from_stream(stream::iter(chunks))).await;
        assert_eq!((streamed.status.as_u16(), streamed.body.as_str()), (413, expected));
    }
}

#[tokio::test]
async fn takes_a_body_of_exactly_the_limit() {
    let answer = post(&router(), "/raw", vec![b' '; 1024 * 1024]).await;
    assert_eq!(answer.body, r#"{"success":true,"data":1048576}"#);
}

#[tokio::test]
async fn names_the_parameter_to_blame() {
    let get = async |path: &str| support::get(&router(), path).await;
    assert_eq!(get("/products?country_id=6&limit=5").await.status, 200);
    assert_eq!(blamed(&get("/products").await), pair("country_id", "is required"));
    let (field, _) = blamed(&get("/products?country_id=6&limit=many").await);
    assert_eq!(field, "limit");
    let (field, message) = blamed(&get("/products?country_id=x").await);
    assert_eq!((field.as_str(), message.as_str()), ("country_id", "has the wrong type or value"));
}

#[tokio::test]
async fn an_id_that_cannot_be_one_names_nothing() {
    assert_eq!(support::get(&router(), "/orders/42").await.body, r#"{"success":true,"data":42}"#);
    for path in ["/orders/forty-two", "/orders/99999999999999999999"] {
        let answer = support::get(&router(), path).await;
        assert_eq!(answer.status, 404);
        let expected = r#"{"success":false,"error":{"code":"NOT_FOUND","message":"Not found"}}"#;
        assert_eq!(answer.body, expected);
    }
}

#[tokio::test]
async fn a_handler_on_the_wrong_route_is_our_fault() {
    let answer = support::get(&router(), "/plain").await;
    assert_eq!(answer.status, 500);
}
