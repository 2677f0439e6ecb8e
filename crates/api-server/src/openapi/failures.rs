//! Answers that say no.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use domain::fault::Code;
use http_kit::status;

use super::{Book, Node, Schema, headers};

/// Codes by the status they come with, lowest first.
pub(super) fn grouped(codes: &[Code]) -> impl Iterator<Item = (StatusCode, Vec<Code>)> {
    let mut groups: BTreeMap<StatusCode, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
        groups.entry(status(*code)).or_default().push(*code);
    }
    groups.into_iter()
}

/// The answer with this status that has one of these codes.
pub(super) fn response(book: &mut Book, status: StatusCode, codes: &[Code]) -> Node {
    let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    book.response(names.join("."), |book| {
        let sentences: Vec<_> =
            codes.iter().map(|it| format!("`{}`: {}", it.as_str(), it.meaning())).collect();
        let examples = names.iter().fold(Node::map(), |examples, name| {
            examples.with(*name, Node::reference(&format!("examples/{name}")))
        });
        let media = Node::map().with("schema", envelope(book, codes)).with("examples", examples);
        Node::map()
            .with("description", sentences.join(" "))
            .with("headers", headers::of_failure(status))
            .with("content", Node::map().with("application/json", media))
    })
}

fn envelope(book: &mut Book, codes: &[Code]) -> Schema {
    let code = Schema::text().one_of(codes.iter().map(|code| code.as_str()));
    let error = Schema::object().property("code", code, true).property(
        "message",
        Schema::text().about("For people; may change."),
        true,
    );
    let mut details: Vec<_> = codes.iter().filter_map(|code| details(book, *code)).collect();
    let error = match (details.pop(), details.is_empty()) {
        (None, _) => error,
        (Some(only), true) => error.property("details", only, false),
        (Some(last), false) => {
            let all = details.into_iter().chain([last]);
            error.property("details", Schema::any_of(all), false)
        }
    };
    Schema::object()
        .property("success", Schema::constant(false), true)
        .property("error", error, true)
}

/// What a code has to say beside its message.
fn details(book: &mut Book, code: Code) -> Option<Schema> {
    match code {
        Code::ValidationError => Some(Schema::list(book.schema("FieldFault", |_| {
            let field = "The field as you wrote it; `body` or `request` where none can be named.";
            Schema::object()
                .about("A refused field, parameter or header.")
                .property("field", Schema::text().about(field), true)
                .property("message", Schema::text().about("What is wrong with it."), true)
        }))),
        Code::TempBannedAbuseGuard => Some(book.schema("Ban", |_| {
            Schema::object()
                .about("How long purchases are stopped.")
                .property("until", Schema::text().format("date-time"), true)
                .property("tier", Schema::text().one_of(["SOFT", "HARD"]), true)
                .property("retry_after_seconds", Schema::integer().at_least(0), true)
        })),
        _ => None,
    }
}

/// An answer with each code.
pub(super) fn examples() -> Node {
    Code::ALL.iter().fold(Node::map(), |examples, code| {
        let error = Node::map()
            .with("code", code.as_str())
            .with("message", code.default_message())
            .with_some("details", example_details(*code));
        let value = Node::map().with("success", false).with("error", error);
        let example = Node::map()
            .with("summary", code.meaning())
            .with("description", code.advice())
            .with("value", value);
        examples.with(code.as_str(), example)
    })
}

fn example_details(code: Code) -> Option<Node> {
    match code {
        Code::ValidationError => Some(Node::list([Node::map()
            .with("field", "quantity")
            .with("message", "must be 1 to 100")])),
        Code::TempBannedAbuseGuard => Some(
            Node::map()
                .with("until", "2027-01-15T08:10:00Z")
                .with("tier", "SOFT")
                .with("retry_after_seconds", 600),
        ),
        _ => None,
    }
}
