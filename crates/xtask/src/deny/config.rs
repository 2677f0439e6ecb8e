//! The parts of `deny.toml` that are enforced here. Unknown keys belong to cargo-deny.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) graph: GraphSection,
    pub(super) bans: Bans,
    pub(super) licenses: Licences,
    pub(super) sources: Sources,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct GraphSection {
    /// Triples that count; all when empty.
    #[serde(default)]
    pub(super) targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Bans {
    #[serde(default)]
    pub(super) multiple_versions: Level,
    #[serde(default)]
    pub(super) deny: Vec<Entry>,
    /// Crates that may occur in several versions.
    #[serde(default)]
    pub(super) skip: Vec<Entry>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Allow,
    #[default]
    Warn,
    Deny,
}

/// A crate, bare or with details.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Entry {
    Bare(String),
    Detailed {
        #[serde(rename = "crate", alias = "name")]
        spec: String,
        /// Crates that may use a banned one directly.
        #[serde(default)]
        wrappers: Vec<String>,
    },
}

impl Entry {
    /// Without the `@version` that cargo-deny permits; a ban here covers every version.
    pub(super) fn name(&self) -> &str {
        let (Self::Bare(spec) | Self::Detailed { spec, .. }) = self;
        spec.split(['@', ':']).next().unwrap_or_default()
    }

    pub(super) fn wrappers(&self) -> &[String] {
        match self {
            Self::Bare(_) => &[],
            Self::Detailed { wrappers, .. } => wrappers,
        }
    }

    pub(super) fn wraps(&self, user: &str) -> bool {
        self.wrappers().iter().any(|wrapper| wrapper == user)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Licences {
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) exceptions: Vec<Exception>,
}

/// Licences allowed for one crate only.
#[derive(Debug, Deserialize)]
pub(super) struct Exception {
    #[serde(rename = "crate", alias = "name")]
    spec: String,
    allow: Vec<String>,
}

impl Licences {
    pub(super) fn allows(&self, package: &str, licence: &str) -> bool {
        let excepted = self.exceptions.iter().filter(|exception| exception.spec == package);
        let mut allowed = self.allow.iter().chain(excepted.flat_map(|one| &one.allow));
        allowed.any(|allowed| allowed == licence)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Sources {
    #[serde(default)]
    allow_registry: Vec<String>,
    #[serde(default)]
    allow_git: Vec<String>,
}

impl Sources {
    /// `source` is as cargo writes it, such as `registry+https://…`.
    pub(super) fn allows(&self, source: &str) -> bool {
        match source.split_once('+') {
            Some(("registry" | "sparse", url)) => self.allow_registry.iter().any(|one| one == url),
            Some(("git", url)) => {
                let url = url.split(['?', '#']).next().unwrap_or(url);
                self.allow_git.iter().any(|one| one == url)
            }
            _ => false,
        }
    }
}
