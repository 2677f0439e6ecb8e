use serde_json::{Map, Value};

use super::{ActError, Members};

/// How to send callbacks. `D` names the shapes a gateway's callbacks can have.
pub(crate) struct Sending<D> {
    /// As the gateway's settings say when absent.
    pub(crate) how: Option<D>,
    pub(crate) times: usize,
    /// Members to replace before signing.
    pub(crate) alter: Map<String, Value>,
}

impl<D> Sending<D> {
    /// Once, as the settings say.
    pub(crate) fn usual() -> Self {
        Self { how: None, times: 1, alter: Map::new() }
    }

    /// What the callback says after the replacements.
    pub(crate) fn altered(&self, mut facts: Members) -> Result<Members, ActError> {
        for (name, value) in &self.alter {
            let member = facts.iter_mut().find(|(known, _)| known == name);
            let (_, place) = member.ok_or(ActError::Impossible("there is no such member"))?;
            place.clone_from(value);
        }
        Ok(facts)
    }
}
