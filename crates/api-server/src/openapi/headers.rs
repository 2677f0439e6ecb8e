//! Headers of answers.

use axum::http::StatusCode;

use super::{Node, Schema};

const REQUEST_ID: (&str, &str) = ("RequestId", "x-request-id");
const STANDING: (&str, &str) = ("RateLimit", "ratelimit");
const POLICY: (&str, &str) = ("RateLimitPolicy", "ratelimit-policy");
const RETRY_AFTER: (&str, &str) = ("RetryAfter", "retry-after");
const RETRY_AFTER_ALWAYS: (&str, &str) = ("RetryAfterAlways", "retry-after");

/// Each with its name in the document.
pub(super) fn all() -> Node {
    let header = |text: &'static str, required: bool, schema: Schema| {
        let header = Node::map().with("description", text);
        header.with_some("required", required.then_some(true)).with("schema", schema)
    };
    Node::map()
        .with(
            REQUEST_ID.0,
            header(
                "Names this request in our logs; your own `x-request-id` if it was up to 128 of \
                 A-Z, a-z, 0-9, dot, underscore and hyphen.",
                true,
                Schema::text().with("pattern", "^[A-Za-z0-9._-]{1,128}$"),
            ),
        )
        .with(
            STANDING.0,
            header(
                "What is left of each limit: `r` units for the next `t` seconds. A request costs \
                 one unit, a purchase as many as it asks for numbers.",
                false,
                Schema::text()
                    .example("\"ip\";r=4998;t=1, \"token\";r=998;t=1, \"user\";r=1998;t=1"),
            ),
        )
        .with(
            POLICY.0,
            header(
                "The limits themselves: `q` units in `w` seconds.",
                false,
                Schema::text()
                    .example("\"ip\";q=30000;w=60, \"token\";q=6000;w=60, \"user\";q=12000;w=60"),
            ),
        )
        .with(
            RETRY_AFTER.0,
            header(
                "Whole seconds after which a retry makes sense, where that is known.",
                false,
                Schema::integer().at_least(0),
            ),
        )
        .with(
            RETRY_AFTER_ALWAYS.0,
            header(
                "Whole seconds after which a retry makes sense.",
                true,
                Schema::integer().at_least(0),
            ),
        )
}

fn some<const N: usize>(names: [(&'static str, &'static str); N]) -> Node {
    names.into_iter().fold(Node::map(), |headers, (name, header)| {
        headers.with(header, Node::reference(&format!("headers/{name}")))
    })
}

pub(super) fn of_success() -> Node {
    some([REQUEST_ID, STANDING, POLICY])
}

pub(super) fn of_failure(status: StatusCode) -> Node {
    match status {
        StatusCode::TOO_MANY_REQUESTS => some([REQUEST_ID, STANDING, POLICY, RETRY_AFTER_ALWAYS]),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::CONFLICT => {
            some([REQUEST_ID, STANDING, POLICY, RETRY_AFTER])
        }
        _ => of_success(),
    }
}
