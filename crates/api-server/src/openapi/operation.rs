use axum::http::Method;
use domain::{fault::Code, identity::Scope};

use super::{Book, Node, failures, headers, signature::Sheet};
use crate::routes::Version;

/// What the code of an operation cannot tell; stands beside its handler.
#[derive(Debug)]
pub(crate) struct About {
    /// The name of the operation; on `/v2` it ends with that.
    pub(crate) id: &'static str,
    pub(crate) group: Group,
    pub(crate) summary: &'static str,
    /// More about it, perhaps nothing.
    pub(crate) text: &'static str,
    /// Ways to fail beside those that follow from what it takes.
    pub(crate) fails: &'static [Code],
}

/// Under which heading an operation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Balance,
    Catalog,
    Orders,
    Webhooks,
}

impl Group {
    const ALL: [Self; 4] = [Self::Balance, Self::Catalog, Self::Orders, Self::Webhooks];

    const fn name(self) -> &'static str {
        match self {
            Self::Balance => "Balance",
            Self::Catalog => "Catalog",
            Self::Orders => "Orders",
            Self::Webhooks => "Webhooks",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Balance => "What there is to spend.",
            Self::Catalog => "What is on sale, where, and at what price.",
            Self::Orders => "Buy numbers, wait for their messages, end or prolong them.",
            Self::Webhooks => "Have your own server told what happens to your orders.",
        }
    }

    /// All of them with a sentence each.
    pub(super) fn all() -> Node {
        let tag = |it: Self| Node::map().with("name", it.name()).with("description", it.about());
        Node::list(Self::ALL.map(tag))
    }
}

/// An operation at its place.
pub(crate) struct Place {
    pub(crate) version: Version,
    pub(crate) path: String,
    pub(crate) method: Method,
    pub(crate) scope: Scope,
    pub(crate) about: &'static About,
    pub(crate) tell: fn(&mut Sheet<'_>),
}

/// Whatever is asked may fail so: too large, too often, or for reasons of ours.
const ALWAYS: [Code; 4] =
    [Code::PayloadTooLarge, Code::RateLimitExceeded, Code::InternalError, Code::ServiceUnavailable];

impl Place {
    pub(super) fn describe(&self, book: &mut Book) -> Node {
        book.version = self.version;
        let mut sheet = Sheet::new(book, &self.path);
        (self.tell)(&mut sheet);
        for code in self.about.fails.iter().chain(&ALWAYS) {
            sheet.fails_with(*code);
        }
        let Sheet { book, parameters, body, content, codes, .. } = sheet;
        let success = Node::map()
            .with("description", "Done.")
            .with("headers", headers::of_success())
            .with("content", content);
        let responses = failures::grouped(&codes).fold(
            Node::map().with("200", success),
            |responses, (status, codes)| {
                responses.with(status.as_str().to_owned(), failures::response(book, status, &codes))
            },
        );
        let parameters = (!parameters.is_empty()).then(|| Node::list(parameters));
        let bearer = Node::map().with("bearerAuth", Node::list([self.scope.as_str()]));
        Node::map()
            .with("operationId", self.id())
            .with("tags", Node::list([self.about.group.name()]))
            .with("summary", self.about.summary)
            .with("description", self.text())
            .with("security", Node::list([bearer]))
            .with_some("parameters", parameters)
            .with_some("requestBody", body)
            .with("responses", responses)
    }

    fn id(&self) -> String {
        match self.version {
            Version::V1 => self.about.id.to_owned(),
            Version::V2 => format!("{}V2", self.about.id),
        }
    }

    fn text(&self) -> String {
        let scope = format!("Needs a token with the scope `{}`.", self.scope);
        if self.about.text.is_empty() { scope } else { format!("{} {scope}", self.about.text) }
    }
}
