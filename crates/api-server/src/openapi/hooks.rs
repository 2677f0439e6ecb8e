//! What customers' own servers are sent.

use domain::{hooks::About, outbox::EventKind, time::Timestamp};

use super::{Book, Described as _, Node, Schema};
use crate::routes::{Version, orders::body::CapabilitiesBody};

const SIGNATURE: &str = "The body signed with your secret, where one is set: `sha256=` and the \
    lowercase hex HMAC-SHA256 of the raw body.";
const STANDARD: &str = "The Standard Webhooks signature, where a secret is set: `v1,` and the \
    base64 HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`.";

/// One entry per event.
pub(super) fn all(book: &mut Book) -> Node {
    book.version = Version::V1;
    let order = order(book);
    let told = [
        (EventKind::OrderOtpReceived, "An SMS arrived; once for each."),
        (EventKind::OrderCompleted, "An order ended with its SMS."),
        (EventKind::OrderExpired, "An order ended without one; the money is back."),
        (EventKind::OrderCanceled, "An order was canceled; the money is back."),
    ];
    let hooks = told.into_iter().fold(Node::map(), |hooks, (kind, summary)| {
        hooks.with(kind.as_str(), hook(book, (kind.as_str(), summary), order.clone()))
    });
    let said = Schema::object().property("message", Schema::text(), true);
    let test = (About::TEST, "You asked for a test; nothing happened.");
    hooks.with(About::TEST, hook(book, test, said))
}

fn hook(book: &mut Book, (event, summary): (&'static str, &'static str), data: Schema) -> Node {
    let body = Schema::object()
        .property("event", Schema::constant(event), true)
        .property("timestamp", Timestamp::schema(book), true)
        .property("data", data, true);
    let content = Node::map().with("application/json", Node::map().with("schema", body));
    let taken = Node::map().with("description", "Any 2xx acknowledges. Others are tried again.");
    let post = Node::map()
        .with("operationId", event)
        .with("tags", Node::list(["Webhooks"]))
        .with("summary", summary)
        .with("security", Node::List(Vec::new()))
        .with("parameters", headers())
        .with("requestBody", Node::map().with("required", true).with("content", content))
        .with("responses", Node::map().with("2XX", taken));
    Node::map().with("post", post)
}

fn headers() -> Node {
    let header = |name: &'static str, required: bool, about: &'static str| {
        let header = Node::map().with("name", name).with("in", "header");
        let header = header.with("required", required).with("description", about);
        header.with("schema", Schema::text())
    };
    Node::list([
        header("webhook-id", true, "The same in every try; tells you what you have seen already."),
        header("webhook-timestamp", true, "When this try was made, in seconds since 1970."),
        header("webhook-signature", false, STANDARD),
        header("X-Webhook-Signature", false, SIGNATURE),
    ])
}

/// Every key is always there.
fn order(book: &mut Book) -> Schema {
    let id = || Schema::integer().format("int64");
    let text = || Schema::text().or_null();
    book.schema("OrderNews", |book| {
        let order = Schema::object()
            .about("An order as it stood when the event happened.")
            .property("order_id", id(), true)
            .property("phone_number", text().example("+6281234567890"), true)
            .property("otp_code", text().example("482913"), true)
            .property("otp_message", text().example("Your code is 482913"), true)
            .property(
                "sms_revision",
                Schema::integer().or_null().about("The number of the SMS; null at the end."),
                true,
            )
            .property("product_id", id(), true)
            .property("catalog_product_id", id(), true)
            .property("country", Schema::text().about("Its name.").example("Indonesia"), true)
            .property(
                "platform",
                Schema::text().about("The name of the service.").example("WhatsApp"),
                true,
            )
            .property("operator_id", id().or_null(), true)
            .property("operator_name", text(), true);
        order.merged(&CapabilitiesBody::schema(book))
    })
}
