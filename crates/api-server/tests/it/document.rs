//! The document says what the API does: every answer that any test here gets is measured against
//! it, see [`check`].

use std::{collections::BTreeSet, fs, sync::LazyLock};

use api_server::{errors_page, openapi, published};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use domain::fault::Code;
use serde_json::Value;

use crate::{
    shape::Shapes,
    support::{Answer, Api},
};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
const HOW: &str = "run `make openapi` and read what changed";

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&openapi()).unwrap());

/// Whether an answer to this request is one that the document lists, shape and all.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap_or_default();
    let Some(operation) = operation(method, path) else { return };
    // The document lists what exists; a HEAD has no body to look at.
    let status = answer.status.as_u16().to_string();
    let what = format!("{method} {path}: {status} {}", answer.body);
    let shapes = Shapes(&DOCUMENT);
    let response = shapes.at(&operation["responses"][&status]);
    assert!(response.is_object(), "not documented: {what}");
    for (name, header) in response["headers"].as_object().unwrap() {
        let required = shapes.at(header)["required"] == true;
        assert!(!required || answer.headers.contains_key(name), "no {name}: {what}");
    }
    let media = answer.headers["content-type"].to_str().unwrap();
    let schema = &response["content"][media]["schema"];
    assert!(schema.is_object(), "{media} is not documented: {what}");
    if media == "application/json" {
        shapes.admit(schema, &answer.json()).unwrap_or_else(|fault| panic!("{fault}: {what}"));
    }
}

/// Whether an event of a stream is one that the document lists.
pub(crate) fn check_event(path: &str, event: &Value) {
    let media = &DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"];
    let parts = &media["text/event-stream"]["schema"]["properties"];
    let schema = &parts["data"]["contentSchema"];
    let admitted = Shapes(&DOCUMENT).admit(schema, event);
    admitted.unwrap_or_else(|fault| panic!("{fault}: {event}"));
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let parts: Vec<_> = path.split('/').collect();
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let names: Vec<_> = template.split('/').collect();
        let mut pairs = names.iter().zip(&parts);
        names.len() == parts.len()
            && pairs.all(|(name, part)| name.starts_with('{') || name == part)
    };
    // What is spelled out wins over what stands in braces, as in the router.
    let found = paths.get(path).or_else(|| paths.iter().find(|(it, _)| fits(it)).map(|it| it.1))?;
    found.get(method.as_str().to_ascii_lowercase())
}

#[test]
fn is_what_is_committed() {
    for (name, text) in [("openapi.json", openapi()), ("errors.md", errors_page())] {
        let committed = fs::read_to_string(format!("{DOCS}/{name}")).unwrap_or_default();
        for (number, (now, then)) in text.lines().zip(committed.lines()).enumerate() {
            assert_eq!(now, then, "docs/{name}, line {}: {HOW}", number + 1);
        }
        assert_eq!(text.len(), committed.len(), "docs/{name}: {HOW}");
    }
}

#[test]
#[ignore = "writes docs/openapi.json and docs/errors.md"]
fn write_it_down() {
    fs::write(format!("{DOCS}/openapi.json"), openapi()).unwrap();
    fs::write(format!("{DOCS}/errors.md"), errors_page()).unwrap();
}

#[test]
fn has_every_route_and_nothing_else() {
    let routes: BTreeSet<_> =
        published().into_iter().map(|it| (it.path, it.method.as_str().to_lowercase())).collect();
    let mut documented = BTreeSet::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            assert!(documented.insert((path.clone(), method.clone())));
        }
    }
    assert_eq!(routes, documented);
}

#[test]
fn names_each_operation_once() {
    let mut names = BTreeSet::new();
    for methods in DOCUMENT["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} is there twice");
        }
    }
}

#[test]
fn shows_every_code_where_it_can_come() {
    let responses = &DOCUMENT["components"]["responses"];
    let shown: BTreeSet<_> =
        responses.as_object().unwrap().keys().flat_map(|key| key.split('.')).collect();
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(shown, all);
}

#[test]
fn its_examples_fit_its_shapes() {
    let shapes = Shapes(&DOCUMENT);
    let responses = DOCUMENT["components"]["responses"].as_object().unwrap();
    let mut seen = 0;
    for (name, response) in responses {
        let media = &response["content"]["application/json"];
        for (code, example) in media["examples"].as_object().unwrap() {
            let value = &shapes.at(example)["value"];
            assert_eq!(value["error"]["code"], code.as_str());
            shapes.admit(&media["schema"], value).unwrap_or_else(|it| panic!("{name}: {it}"));
            seen += 1;
        }
    }
    assert!(seen >= Code::ALL.len());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, seen: &mut usize) {
        match value {
            Value::Object(entries) => {
                if value.get("$ref").is_some() {
                    assert!(Shapes(&DOCUMENT).at(value).is_object(), "{value}");
                    *seen += 1;
                }
                entries.values().for_each(|value| walk(value, seen));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    walk(&DOCUMENT, &mut seen);
    assert!(seen > 100);
}

/// What [`check`] is worth: it tells a wrong answer from a right one.
#[tokio::test]
async fn refuses_what_is_not_in_it() {
    let api = Api::new().await;
    let good = api.get("/v1/balance").await;
    let refused = |body: &str, status: StatusCode| {
        let answer = Answer { status, body: body.to_owned(), ..good.clone() };
        let checked = std::panic::catch_unwind(|| check(&Method::GET, "/v1/balance", &answer));
        checked.is_err()
    };
    assert!(!refused(&good.body, StatusCode::OK));
    assert!(refused(&good.body, StatusCode::CREATED));
    assert!(refused(r#"{"success":true,"data":{"currency":"IDR"}}"#, StatusCode::OK));
    assert!(refused(
        r#"{"success":true,"data":{"currency":"IDR","balance":1,"debt":0}}"#,
        StatusCode::OK
    ));
    assert!(refused(r#"{"success":true,"data":{"currency":"IDR","balance":"1"}}"#, StatusCode::OK));
    let conflict = r#"{"success":false,"error":{"code":"CONFLICT","message":"No"}}"#;
    assert!(refused(conflict, StatusCode::CONFLICT));
    assert!(refused(conflict, StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn is_served_to_everybody() {
    let api = Api::new().await;
    let ask = async |path: &str, known: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(tag) = known {
            request = request.header("if-none-match", tag);
        }
        api.send(request.body(Body::empty()).unwrap()).await
    };
    let answer = ask("/openapi.json", None).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, openapi().as_str()));
    assert_eq!(answer.headers["content-type"], "application/json");
    for path in ["/openapi.json", "/docs", "/docs/page.js", "/docs/page.css"] {
        let first = ask(path, None).await;
        assert_eq!(first.status, StatusCode::OK, "{path}");
        assert_eq!(first.headers["cache-control"], "public, max-age=300");
        let policy = first.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let tag = first.headers["etag"].to_str().unwrap();
        let again = ask(path, Some(tag)).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        assert_eq!(ask(path, Some("\"other\"")).await.status, StatusCode::OK);
    }
}

/// The page asks nobody else for anything, and is small.
#[tokio::test]
async fn the_page_stands_alone() {
    let api = Api::new().await;
    let mut bytes = 0;
    for path in ["/docs", "/docs/page.js", "/docs/page.css"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let body = api.send(request).await.body;
        assert!(!body.contains("http://") && !body.contains("https://"), "{path}");
        assert!(!body.contains("innerHTML"), "{path} writes what could be a script");
        bytes += body.len();
    }
    assert!((1_000..100_000).contains(&bytes), "{bytes} bytes");
}
