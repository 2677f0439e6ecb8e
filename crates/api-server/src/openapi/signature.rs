//! What a handler takes and gives, read off its signature.

use axum::{extract::State, http::HeaderMap};
use domain::fault::Code;
use http_kit::{ApiError, Reply, ValidJson, ValidPath, ValidQuery};

use super::{Book, Described, Node, Schema};
use crate::{
    auth::CurrentUser,
    limits::Tab,
    routes::{
        Version,
        face::{Face, Receipted},
    },
};

/// What is known of an operation once its handler was looked at.
pub(crate) struct Sheet<'a> {
    pub(crate) book: &'a mut Book,
    /// Names of what the path holds.
    pub(super) in_path: Vec<String>,
    pub(super) parameters: Vec<Node>,
    pub(super) body: Option<Node>,
    /// What success is answered with, by media type.
    pub(super) content: Node,
    pub(super) codes: Vec<Code>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(book: &'a mut Book, path: &str) -> Self {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        Self {
            book,
            in_path: names.map(str::to_owned).collect(),
            parameters: Vec::new(),
            body: None,
            content: Node::map(),
            codes: Vec::new(),
        }
    }

    pub(crate) fn fails_with(&mut self, code: Code) {
        if !self.codes.contains(&code) {
            self.codes.push(code);
        }
    }

    /// A header that is looked at.
    pub(crate) fn header(&mut self, name: &'static str, about: &'static str, schema: Schema) {
        self.parameters.push(
            Node::map()
                .with("name", name)
                .with("in", "header")
                .with("description", about)
                .with("schema", schema),
        );
    }

    fn answers(&mut self, schema: Schema) {
        let media = Node::map().with("schema", schema);
        self.content = Node::map().with("application/json", media);
    }

    /// An answer that goes on: the schema is that of one event.
    pub(crate) fn answers_stream(&mut self, data: Schema) {
        let data =
            Schema::text().with("contentMediaType", "application/json").with("contentSchema", data);
        let id = "The place to go on after; absent where there is none.";
        let event = Schema::object()
            .property("id", Schema::text().about(id), false)
            .property("event", Schema::text().about("The same as in `data`."), true)
            .property("data", data, true);
        self.content = Node::map().with("text/event-stream", Node::map().with("schema", event));
    }
}

/// Something a handler asks for.
pub(crate) trait Taken {
    fn tell(sheet: &mut Sheet<'_>);
}

/// Something a handler answers with.
pub(crate) trait Given {
    fn tell(sheet: &mut Sheet<'_>);
}

/// What stands beside the data of an answer.
pub(crate) trait Noted {
    fn schema(book: &mut Book) -> Option<Schema>;
}

/// A handler, as far as its types tell. `T` is what axum makes of its arguments.
pub(crate) trait Signature<T> {
    fn tell(sheet: &mut Sheet<'_>);
}

macro_rules! signatures {
    ($(($($taken:ident)+))+) => {$(
        impl<F, Fut, G, M, $($taken),+> Signature<(M, $($taken,)+)> for F
        where
            F: Fn($($taken),+) -> Fut,
            Fut: Future<Output = Result<G, ApiError>>,
            G: Given,
            $($taken: Taken,)+
        {
            fn tell(sheet: &mut Sheet<'_>) {
                $($taken::tell(sheet);)+
                G::tell(sheet);
            }
        }
    )+};
}

signatures! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
}

/// What callers see nothing of.
macro_rules! inward {
    ($($type:ty),+) => {$(
        impl Taken for $type {
            fn tell(_: &mut Sheet<'_>) {}
        }
    )+};
}

inward!(HeaderMap, Tab);

impl<T> Taken for State<T> {
    fn tell(_: &mut Sheet<'_>) {}
}

impl<A: Taken, B: Taken> Taken for (A, B) {
    fn tell(sheet: &mut Sheet<'_>) {
        A::tell(sheet);
        B::tell(sheet);
    }
}

impl Taken for CurrentUser {
    fn tell(sheet: &mut Sheet<'_>) {
        sheet.fails_with(Code::Unauthorized);
        sheet.fails_with(Code::Forbidden);
    }
}

impl Taken for Face {
    fn tell(sheet: &mut Sheet<'_>) {
        if sheet.book.version == Version::V2 {
            sheet.fails_with(Code::FxRateUnavailable);
        }
    }
}

impl<T: Described> Taken for ValidPath<T> {
    fn tell(sheet: &mut Sheet<'_>) {
        let schema = T::schema(sheet.book);
        for name in sheet.in_path.clone() {
            let parameter = Node::map().with("name", name).with("in", "path");
            let parameter = parameter.with("required", true).with("schema", schema.clone());
            sheet.parameters.push(parameter);
        }
        sheet.fails_with(Code::NotFound);
    }
}

impl<T: Described> Taken for ValidQuery<T> {
    fn tell(sheet: &mut Sheet<'_>) {
        let query = T::schema(sheet.book);
        for (name, of) in query.properties() {
            let schema = Schema::from_node(of.clone().without("description")).never_null();
            let parameter = Node::map().with("name", name.to_string()).with("in", "query");
            let required = query.requires(name).then_some(true);
            let about = of.get("description").cloned();
            let parameter = parameter.with_some("required", required);
            let parameter = parameter.with_some("description", about).with("schema", schema);
            sheet.parameters.push(parameter);
        }
        sheet.fails_with(Code::ValidationError);
    }
}

impl<T: Described> Taken for ValidJson<T> {
    fn tell(sheet: &mut Sheet<'_>) {
        let schema = T::schema(sheet.book);
        let content = Node::map().with("application/json", Node::map().with("schema", schema));
        sheet.body = Some(Node::map().with("required", true).with("content", content));
        sheet.fails_with(Code::ValidationError);
    }
}

impl<T: Described, M: Noted> Given for Reply<T, M> {
    fn tell(sheet: &mut Sheet<'_>) {
        let data = T::schema(sheet.book);
        let envelope = Schema::object()
            .property("success", Schema::constant(true), true)
            .property("data", data, true);
        let envelope = match M::schema(sheet.book) {
            Some(meta) => envelope.property("meta", meta, true),
            None => envelope,
        };
        sheet.answers(envelope);
    }
}

impl Noted for () {
    fn schema(_: &mut Book) -> Option<Schema> {
        None
    }
}

impl<M: Beside> Noted for Receipted<M> {
    fn schema(book: &mut Book) -> Option<Schema> {
        let meta = M::add_to(Schema::object(), book);
        if book.version == Version::V1 {
            return (!meta.properties().is_empty()).then_some(meta);
        }
        let rate = crate::routes::face::FxBody::schema(book);
        Some(meta.property("fx", rate, true))
    }
}

/// What stands beside the receipt of a rate.
pub(crate) trait Beside {
    fn add_to(meta: Schema, book: &mut Book) -> Schema;
}

impl Beside for () {
    fn add_to(meta: Schema, _: &mut Book) -> Schema {
        meta
    }
}

impl<T: Described> Beside for T {
    fn add_to(meta: Schema, book: &mut Book) -> Schema {
        meta.merged(&T::schema(book))
    }
}
