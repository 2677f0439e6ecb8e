//! The document of the API, written by the code that serves it.
//!
//! The table of routes gives methods, paths and scopes; the signature of a handler gives what it
//! takes and answers with; `described!` writes a body and its schema at once; the table of codes
//! gives the failures. What is left to be said, an [`About`], stands beside the handler. So there
//! is nothing to keep in step, and the tests measure every answer they get against the document.

mod book;
mod described;
mod errors_page;
mod failures;
mod headers;
mod hooks;
mod node;
mod operation;
mod schema;
mod served;
mod signature;

use domain::identity::Scope;

pub(crate) use book::Book;
pub(crate) use described::{described, facts};
pub use errors_page::errors_page;
pub(crate) use node::Node;
pub(crate) use operation::{About, Group, Place};
pub(crate) use schema::{Described, Field, Schema};
pub(crate) use served::served;
pub(crate) use signature::{Given, Noted, Sheet, Signature, Taken};

use crate::routes;

const INTRODUCTION: &str = "\
Buy a telephone number for a moment, read the message that it gets, and have your money back where \
none comes.

Every answer is `{\"success\": true, \"data\": …}` or `{\"success\": false, \"error\": {\"code\", \
\"message\"}}`. Codes are stable, messages are for people. `/v1` writes money as whole rupiah, `/v2` \
as dollars beside them, with the rate in `meta.fx`; all else is the same. Answers may get further \
fields: ignore those that you do not know. Requests may not have fields that are not listed here.

Send an `Idempotency-Key` with every purchase. The same key with the same request gives the first \
answer again, and is charged once, however often it is sent.";

/// The document as JSON, the same bytes every time.
pub fn openapi() -> String {
    // Maps with texts as keys cannot fail to be written.
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

fn document() -> Node {
    let mut book = Book::new();
    let mut paths = Node::map();
    for place in routes::places() {
        let method = place.method.as_str().to_ascii_lowercase();
        let described = place.describe(&mut book);
        let known = paths.get(&place.path).cloned().unwrap_or_else(Node::map);
        paths = paths.with(place.path, known.with(method, described));
    }
    let webhooks = hooks::all(&mut book);
    let components = Node::map()
        .with("securitySchemes", Node::map().with("bearerAuth", bearer()))
        .with("schemas", book.schemas())
        .with("responses", book.responses())
        .with("headers", headers::all())
        .with("examples", failures::examples());
    Node::map()
        .with("openapi", "3.1.0")
        .with("info", info())
        .with("servers", Node::list([Node::map().with("url", "/")]))
        .with("tags", Group::all())
        .with("paths", paths)
        .with("webhooks", webhooks)
        .with("components", components)
}

fn info() -> Node {
    let licence = Node::map().with("name", "Apache-2.0").with("identifier", "Apache-2.0");
    Node::map()
        .with("title", "Switchboard")
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("summary", "Telephone numbers for a moment")
        .with("description", INTRODUCTION)
        .with("license", licence)
}

fn bearer() -> Node {
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| format!("`{scope}`")).collect();
    let about = format!(
        "An API token: `vn_live_…`, or `vn_test_…` for an account of test money. Each operation \
         asks for one of the scopes {}.",
        scopes.join(", ")
    );
    Node::map().with("type", "http").with("scheme", "bearer").with("description", about)
}
