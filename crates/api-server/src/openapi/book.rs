use super::{Node, Schema};
use crate::routes::Version;

/// The named parts of the document, collected while its operations are written.
pub(crate) struct Book {
    pub(crate) version: Version,
    schemas: Vec<(String, Schema)>,
    responses: Vec<(String, Node)>,
}

impl Book {
    pub(super) const fn new() -> Self {
        Self { version: Version::V1, schemas: Vec::new(), responses: Vec::new() }
    }

    /// Names a shape. One that looks otherwise on `/v2`, because there is money in it, has a name
    /// of its own there.
    pub(crate) fn schema(&mut self, name: &str, shape: impl FnOnce(&mut Self) -> Schema) -> Schema {
        let shape = shape(self);
        let same = |known: &(String, Schema)| known.0 == name && known.1 == shape;
        if self.schemas.iter().any(same) {
            return Schema::named(name);
        }
        let is_new = self.schemas.iter().all(|(known, _)| known != name);
        let name = if is_new { name.to_owned() } else { format!("{name}V2") };
        let schema = Schema::named(&name);
        if self.schemas.iter().all(|(known, _)| *known != name) {
            self.schemas.push((name, shape));
        }
        schema
    }

    /// Names an answer that several operations give.
    pub(super) fn response(
        &mut self,
        name: String,
        answer: impl FnOnce(&mut Self) -> Node,
    ) -> Node {
        let reference = Node::reference(&format!("responses/{name}"));
        if self.responses.iter().all(|(known, _)| *known != name) {
            let answer = answer(self);
            self.responses.push((name, answer));
        }
        reference
    }

    pub(super) fn schemas(&self) -> Node {
        let named = self.schemas.iter().cloned();
        Node::Map(named.map(|(name, shape)| (name.into(), shape.into())).collect())
    }

    pub(super) fn responses(&self) -> Node {
        let named = self.responses.iter().cloned();
        Node::Map(named.map(|(name, answer)| (name.into(), answer)).collect())
    }
}
