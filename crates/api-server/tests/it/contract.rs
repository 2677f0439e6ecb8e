//! The whole contract as a table: each operation, what it answers byte by byte, and how it fails.
//!
//! The answers stand in `contract.txt`. A route without an operation here fails the suite; after an
//! intended change, run the ignored test that writes the file and read what changed in it.

use std::{fmt::Write as _, time::Duration};

use api_server::published;
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use domain::abuse::Tripwire;
use testkit::{Market, start_of_time};

use crate::support::{Answer, Api};

const EXPECTED: &str = include_str!("contract.txt");

/// What an operation takes, and in which ways it is asked.
struct Operation {
    method: &'static str,
    /// As in the route table, without its version.
    path: &'static str,
    /// Query or body of each request that is written down, by name; a body is written per version
    /// where money is in it.
    cases: &'static [Case],
}

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// What follows the path of the operation, or takes the place of `{id}` and goes on.
    query: &'static str,
    body: [&'static str; 2],
    /// Whether somebody else asks.
    stranger: bool,
    amid: Situation,
}

/// What the stage looks like besides its orders.
#[derive(Clone, Copy, PartialEq)]
enum Situation {
    Usual,
    /// One order may wait for its first message at once.
    Full,
    /// The customer canceled one order too many of what was bought.
    Banned,
    /// The only order that may be canceled within a day was.
    Canceled,
}

const fn ask(name: &'static str, query: &'static str) -> Case {
    Case { name, query, body: ["", ""], stranger: false, amid: Situation::Usual }
}

const fn send(name: &'static str, body: &'static str) -> Case {
    Case { name, query: "", body: [body, body], stranger: false, amid: Situation::Usual }
}

const fn amid(amid: Situation, case: Case) -> Case {
    Case { amid, ..case }
}

/// The same in the money of each version.
const fn priced(name: &'static str, rupiah: &'static str, dollars: &'static str) -> Case {
    Case { name, query: "", body: [rupiah, dollars], stranger: false, amid: Situation::Usual }
}

const fn theirs(case: Case) -> Case {
    Case { stranger: true, ..case }
}

const COMPLETED: &str = r#"{"id":1}"#;
const DELIVERED: &str = r#"{"id":2}"#;
const ACTIVE: &str = r#"{"id":3}"#;
const UNKNOWN: &str = r#"{"id":99}"#;
const NOT_A_NUMBER: &str = r#"{"id":"1"}"#;
const MORE: &str = r#"{"id":1,"force":true}"#;
const NO_ID: &str = "{}";

/// On the stage, order 1 is completed, order 2 has an SMS, and order 3 waits for one and may be
/// canceled.
const OPERATIONS: &[Operation] = &[
    Operation { method: "GET", path: "/balance", cases: &[ask("all", "")] },
    Operation { method: "GET", path: "/catalog/countries", cases: &[ask("all", "")] },
    Operation {
        method: "GET",
        path: "/catalog/services",
        cases: &[
            ask("all", ""),
            ask("of a country", "?country_id=1"),
            ask("of an unknown country", "?country_id=9"),
            ask("unreadable", "?country_id=x"),
        ],
    },
    Operation {
        method: "GET",
        path: "/catalog/operators",
        cases: &[
            ask("of a pair", "?country_id=1&platform_id=1"),
            ask("of an unknown pair", "?country_id=9&platform_id=1"),
            ask("of half a pair", "?country_id=1"),
            ask("of nothing", ""),
        ],
    },
    Operation {
        method: "GET",
        path: "/catalog/products",
        cases: &[
            ask("all", ""),
            ask("clamped up", "?limit=0&page=0"),
            ask("clamped down", "?limit=99999"),
            ask("the second page", "?limit=1&page=2"),
            ask("dearest first", "?sort=price_desc"),
            ask("in no known order", "?sort=colour"),
            ask("with a parameter nobody knows", "?limit=1&colour=red"),
            ask("unreadable", "?limit=many"),
        ],
    },
    Operation {
        method: "GET",
        path: "/catalog/exchange-rate",
        cases: &[ask("the only pair", "?pair=USD/IDR"), ask("another pair", "?pair=EUR/IDR")],
    },
    Operation {
        method: "POST",
        path: "/orders/create",
        cases: &[
            send("a tier", r#"{"product_id":1}"#),
            send("an umbrella", r#"{"catalog_product_id":1,"quantity":2,"policy":"best_success"}"#),
            priced(
                "within limits",
                r#"{"catalog_product_id":1,"min_price":31,"max_price":50}"#,
                r#"{"catalog_product_id":1,"min_price":"0.0031","max_price":"0.0050"}"#,
            ),
            priced(
                "too cheap",
                r#"{"catalog_product_id":1,"max_price":29}"#,
                r#"{"catalog_product_id":1,"max_price":"0.0029"}"#,
            ),
            priced(
                "in the other version's money",
                r#"{"catalog_product_id":1,"max_price":"0.0029"}"#,
                r#"{"catalog_product_id":1,"max_price":29}"#,
            ),
            send("nothing", NO_ID),
            send("both", r#"{"product_id":1,"catalog_product_id":1}"#),
            send("too many", r#"{"product_id":1,"quantity":101}"#),
            send("with a field nobody knows", r#"{"product_id":1,"coupon":"x"}"#),
            send("an unknown tier", r#"{"product_id":99}"#),
            send("malformed", "{"),
            send("a list", "[1]"),
            theirs(send("without money", r#"{"product_id":1}"#)),
            amid(Situation::Full, send("with too many unfinished", r#"{"product_id":1}"#)),
            amid(Situation::Banned, send("while banned", r#"{"product_id":1}"#)),
        ],
    },
    Operation {
        method: "GET",
        path: "/orders",
        cases: &[
            ask("all", ""),
            ask("a page", "?limit=1&offset=1"),
            ask("in a state", "?status=active"),
            ask("too many", "?limit=101"),
            ask("too few", "?limit=0"),
            ask("in no state", "?status=FAILED"),
            theirs(ask("of somebody else", "")),
        ],
    },
    Operation {
        method: "GET",
        path: "/orders/active",
        cases: &[ask("all", ""), theirs(ask("of somebody else", ""))],
    },
    Operation { method: "GET", path: "/orders/stream", cases: &[] },
    Operation {
        method: "GET",
        path: "/orders/{id}",
        cases: &[
            ask("completed", "1"),
            ask("delivered", "2"),
            ask("active", "3"),
            ask("unknown", "99"),
            ask("not a number", "x"),
            theirs(ask("of somebody else", "1")),
        ],
    },
    Operation {
        method: "POST",
        path: "/orders/cancel",
        cases: &[
            send("active", ACTIVE),
            send("delivered", DELIVERED),
            send("completed", COMPLETED),
            send("unknown", UNKNOWN),
            theirs(send("of somebody else", ACTIVE)),
            amid(Situation::Canceled, send("too many", ACTIVE)),
            send("not a number", NOT_A_NUMBER),
            send("with a field nobody knows", MORE),
            send("nothing", NO_ID),
        ],
    },
    Operation {
        method: "POST",
        path: "/orders/finish",
        cases: &[
            amid(Situation::Banned, send("delivered, while banned", DELIVERED)),
            send("delivered", DELIVERED),
            send("active", ACTIVE),
            send("completed", COMPLETED),
            send("unknown", UNKNOWN),
            theirs(send("of somebody else", DELIVERED)),
            send("not a number", NOT_A_NUMBER),
            send("with a field nobody knows", MORE),
            send("nothing", NO_ID),
        ],
    },
    Operation {
        method: "POST",
        path: "/orders/resend",
        cases: &[
            send("delivered", DELIVERED),
            send("active", ACTIVE),
            send("completed", COMPLETED),
            send("unknown", UNKNOWN),
            theirs(send("of somebody else", DELIVERED)),
            send("not a number", NOT_A_NUMBER),
            send("with a field nobody knows", MORE),
            send("nothing", NO_ID),
        ],
    },
    Operation {
        method: "POST",
        path: "/orders/reactivate",
        cases: &[
            send("completed", COMPLETED),
            priced("too cheap", r#"{"id":1,"max_price":29}"#, r#"{"id":1,"max_price":"0.0029"}"#),
            send("delivered", DELIVERED),
            send("unknown", UNKNOWN),
            theirs(send("of somebody else", COMPLETED)),
            amid(Situation::Full, send("with too many unfinished", COMPLETED)),
            amid(Situation::Banned, send("while banned", COMPLETED)),
            send("not a number", NOT_A_NUMBER),
            send("with a field nobody knows", MORE),
            send("nothing", NO_ID),
        ],
    },
    Operation {
        method: "GET",
        path: "/orders/{id}/reactivate-options",
        cases: &[
            ask("completed", "1/reactivate-options"),
            ask("active", "3/reactivate-options"),
            ask("unknown", "99/reactivate-options"),
            theirs(ask("of somebody else", "1/reactivate-options")),
        ],
    },
    Operation { method: "GET", path: "/webhook", cases: &[ask("nothing set", "")] },
    Operation {
        method: "PATCH",
        path: "/webhook",
        cases: &[
            send("nothing", NO_ID),
            send("no address", r#"{"webhook_url":"not an address"}"#),
            send("with a field nobody knows", r#"{"url":"https://example.com"}"#),
        ],
    },
    Operation { method: "POST", path: "/webhook/test", cases: &[send("without an address", "")] },
    Operation { method: "GET", path: "/webhook/attempts", cases: &[ask("none", "")] },
    Operation { method: "POST", path: "/webhook/replay", cases: &[send("unknown", UNKNOWN)] },
];

/// An order in each state that has something to say, and a stranger without money.
async fn stage(amid: Situation) -> (Api, String) {
    let mut guard = Market::GUARD;
    match amid {
        Situation::Usual => {}
        Situation::Full => guard.unfinished_orders = 1,
        Situation::Banned => {
            guard.soft = Tripwire { outcomes: 4, percent: 50, ban: Duration::from_mins(15) };
        }
        Situation::Canceled => guard.cancels_per_day = 1,
    }
    let api = Api::guarded(guard).await;
    let market = &api.market;
    for sms in ["1111", "2222", ""] {
        let order = market.buy().await.unwrap();
        if !sms.is_empty() {
            api.receive(&order, sms).await;
        }
        if sms == "1111" {
            market.finish_order().execute(market.user, order.id).await.unwrap();
            market.run_tasks().await.unwrap();
        }
    }
    market.clock.advance_seconds(20);
    let canceled = match amid {
        Situation::Usual | Situation::Full => 0,
        Situation::Canceled => 1,
        Situation::Banned => 2,
    };
    for _ in 0..canceled {
        let order = market.buy().await.unwrap();
        market.clock.advance_seconds(20);
        market.cancel_order().execute(market.user, order.id).await.unwrap();
    }
    let (_, stranger) = api.stranger().await;
    (api, stranger)
}

/// Where `case` of an operation is sent in a version.
fn target(version: &str, operation: &Operation, case: &Case) -> String {
    let path = operation.path.split("{id}").next().unwrap_or_default();
    format!("/{version}{path}{}", case.query)
}

async fn answer(version: &str, operation: &Operation, case: &Case) -> Answer {
    let (api, stranger) = stage(case.amid).await;
    let token = if case.stranger { &stranger } else { &api.token };
    let body = case.body[usize::from(version == "v2")];
    let request = Request::builder()
        .method(operation.method)
        .uri(target(version, operation, case))
        .header("authorization", format!("Bearer {token}"));
    api.send(request.body(Body::from(body)).unwrap()).await
}

fn has(version: &str, operation: &Operation) -> bool {
    let path = format!("/{version}{}", operation.path);
    published().iter().any(|it| it.method == operation.method && it.path == path)
}

/// The table as text.
async fn rendered() -> String {
    let mut text = String::new();
    for operation in OPERATIONS {
        for version in ["v1", "v2"].into_iter().filter(|version| has(version, operation)) {
            writeln!(text, "# {} /{version}{}", operation.method, operation.path).unwrap();
            for case in operation.cases {
                let Answer { status, body, .. } = answer(version, operation, case).await;
                writeln!(text, "{}: {} {body}", case.name, status.as_u16()).unwrap();
            }
        }
    }
    text
}

#[tokio::test]
async fn every_answer_is_the_published_one() {
    assert_eq!(start_of_time().to_rfc3339(), "2027-01-15T08:00:00+00:00");
    let text = rendered().await;
    for (number, (found, expected)) in text.lines().zip(EXPECTED.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", number + 1);
    }
    assert_eq!(text.lines().count(), EXPECTED.lines().count());
}

#[tokio::test]
#[ignore = "writes what every_answer_is_the_published_one expects"]
async fn write_the_answers_down() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/contract.txt");
    std::fs::write(path, rendered().await).unwrap();
}

#[test]
fn every_route_is_in_the_table() {
    for route in published() {
        let path = route.path.trim_start_matches("/v1").trim_start_matches("/v2");
        let listed = OPERATIONS.iter().any(|it| it.method == route.method && it.path == path);
        assert!(listed, "{} {} is not in the table", route.method, route.path);
    }
    for operation in OPERATIONS {
        assert!(has("v1", operation), "{} {}", operation.method, operation.path);
    }
}

/// What holds of every route, whatever it does.
#[tokio::test]
async fn every_route_fails_alike() {
    let (api, _) = stage(Situation::Usual).await;
    let token = format!("Bearer {}", api.token);
    for route in published() {
        let path = route.path.replace("{id}", "1");
        let ask = |method: &str| Request::builder().method(method).uri(&path);
        let nobody = api.send(ask(route.method.as_str()).body(Body::empty()).unwrap()).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{} {path}", route.method);
        assert_eq!(nobody.code(), "UNAUTHORIZED");

        let large = ask(route.method.as_str()).header("authorization", &token);
        let large = large.header("content-length", 1024 * 1024 + 1);
        let large = api.send(large.body(Body::empty()).unwrap()).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{} {path}", route.method);
        assert_eq!(large.code(), "PAYLOAD_TOO_LARGE");

        for method in ["DELETE", "OPTIONS"] {
            let wrong = ask(method).header("authorization", &token);
            let wrong = api.send(wrong.body(Body::empty()).unwrap()).await;
            assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(wrong.code(), "NOT_FOUND");
        }
        if route.method == "GET" && !path.ends_with("/stream") {
            let head = ask("HEAD").header("authorization", &token);
            let head = api.send(head.body(Body::empty()).unwrap()).await;
            assert_ne!(head.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(head.body, "", "{path}");
        }
    }
    for path in ["/", "/v1", "/v2/nothing", "/v3/balance", "/v1/orders/1/2", "/v1/balance/"] {
        let request = Request::get(path).header("authorization", &token);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.code(), "NOT_FOUND", "{path}");
    }
}
