use std::process;

use crate::postgres::{Login, Server};

/// The databases of this run.
pub(crate) struct Databases {
    pub(crate) server: Server,
    /// What the servers use.
    pub(crate) main: String,
    /// A copy of it for pgbench.
    pub(crate) reference: String,
    /// The same customers and offers on the schema of the release before this one.
    pub(crate) before: String,
    /// A copy of `main` to compare that with.
    pub(crate) after: String,
}

impl Databases {
    pub(crate) fn new(owner: Login) -> Self {
        let main = format!("bench_{}", process::id());
        let [reference, before, after] =
            ["reference", "before", "after"].map(|name| format!("{main}_{name}"));
        Self { server: Server::new(owner), main, reference, before, after }
    }

    /// Those that only pgbench uses.
    pub(crate) const fn copies(&self) -> [&String; 3] {
        [&self.reference, &self.before, &self.after]
    }

    pub(crate) async fn drop(&self) -> anyhow::Result<()> {
        for copy in self.copies() {
            self.server.drop(copy).await?;
        }
        self.server.drop(&self.main).await
    }
}
