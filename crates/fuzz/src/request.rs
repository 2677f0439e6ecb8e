//! Requests of customers: the query, a line break, the body.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, FromRequestParts, Request},
    response::IntoResponse,
};
use futures_util::FutureExt;
use http_kit::{ApiError, ValidJson, ValidQuery};
use serde::Deserialize;
use serde_json::Value;

use crate::{bytes, prudence};

/// Parts of requests.
pub(crate) const WORDS: &[&str] = &[
    "{\"product_id\":",
    "\"quantity\":",
    "\"policy\":\"cheapest\"",
    "\"note\":\"",
    "product_id=",
    "&quantity=",
    "hunter2Hunter3",
    "expected ",
    "missing field `",
    "unknown field `",
    "null",
    "[",
    "{",
    "\n",
];
/// Far above anything that is tried.
const LIMIT: usize = 1 << 20;

/// Every kind of field that requests of ours have.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    product_id: i64,
    quantity: Option<u32>,
    policy: Option<Policy>,
    note: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Policy {
    Cheapest,
    Fastest,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Tag {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    product_id: Option<i64>,
    quantity: Option<u32>,
    note: Option<String>,
}

/// What is taken means what a plain reading says. What is refused is refused in the contract's
/// words, none of which the caller put there except the names of fields.
pub(crate) fn check(input: &[u8]) {
    let (query, body) = bytes::first_line(input);
    check_body(body);
    check_query(&query);
}

fn check_body(body: &[u8]) {
    let request = Request::new(Body::from(body.to_vec()));
    let read = ValidJson::<Order>::from_request(request, &()).now_or_never().unwrap();
    let document = serde_json::from_slice::<Value>(body).ok();
    match (read, document) {
        (Ok(ValidJson(order)), Some(document)) => {
            assert!(document.is_object(), "{document}");
            assert_eq!(document.get("product_id").and_then(Value::as_i64), Some(order.product_id));
            assert_eq!(serde_json::from_value::<Order>(document).ok(), Some(order));
        }
        (Ok(ValidJson(order)), None) => panic!("{order:?} out of no JSON"),
        (Err(error), document) => {
            let told = told(error);
            let (mut texts, mut names) = (Vec::new(), Vec::new());
            if let Some(document) = &document {
                prudence::texts_and_names(document, &mut texts, &mut names);
            }
            prudence::keeps(&told, &texts, &names);
        }
    }
}

fn check_query(query: &str) {
    let Ok(request) = Request::builder().uri(format!("/?{query}")).body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    let read = ValidQuery::<Page>::from_request_parts(&mut parts, &()).now_or_never().unwrap();
    let Some(query) = parts.uri.query() else { return };
    match read {
        Ok(ValidQuery(page)) => {
            assert_eq!(page.product_id.is_some(), names(query, "product_id"));
            assert_eq!(page.quantity.is_some(), names(query, "quantity"));
            assert_eq!(page.note.is_some(), names(query, "note"));
        }
        Err(error) => {
            let told = told(error);
            let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let (names, values): (Vec<_>, Vec<_>) = pairs.unzip();
            prudence::keeps(&told, &values, &names);
        }
    }
}

/// Whether a parameter has this name, however it is written.
fn names(query: &str, name: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(it, _)| it == name)
}

/// The refusal as the caller sees it, which has to be in the envelope of the contract.
fn told(error: ApiError) -> String {
    let response = error.into_response();
    assert_eq!(response.status().as_u16(), 422);
    let body = to_bytes(response.into_body(), LIMIT).now_or_never().unwrap().unwrap();
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["success"], false);
    assert_eq!(document["error"]["code"], "VALIDATION_ERROR");
    assert!(document["error"]["details"].as_array().is_some_and(|list| !list.is_empty()));
    String::from_utf8(body.to_vec()).unwrap()
}
