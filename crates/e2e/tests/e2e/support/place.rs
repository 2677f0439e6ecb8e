//! Where the tests find what they start.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// What the surroundings tell.
pub(crate) struct Place {
    /// A server in which databases and roles may be created.
    pub(crate) database_url: String,
    /// Directory of the binaries under test.
    pub(crate) binaries: PathBuf,
    /// An interpreter that has the published clients; nothing: one is prepared.
    pub(crate) python: Option<PathBuf>,
    /// A directory whose `node_modules` has the published packages; nothing: one is prepared.
    pub(crate) node: Option<PathBuf>,
    /// Logs and whatever else the processes write.
    pub(crate) scratch: PathBuf,
}

/// Reads the environment once.
pub(crate) fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let database_url = variable("DATABASE_URL")
            .expect("DATABASE_URL is not set; `deploy/dev/test` starts services and sets it");
        Place {
            database_url,
            binaries: variable("E2E_BIN_DIR").map_or_else(beside_the_tests, PathBuf::from),
            python: variable("E2E_PYTHON").map(PathBuf::from),
            node: variable("E2E_NODE").map(PathBuf::from),
            scratch: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        }
    })
}

impl Place {
    /// Keeps what a test measured for `bench`, which puts it into docs/benchmarks.md.
    pub(crate) fn note(&self, name: &str, figures: &serde_json::Value) {
        let folder = self.scratch.parent().unwrap().join("figures");
        std::fs::create_dir_all(&folder).unwrap();
        let text = serde_json::to_string_pretty(figures).unwrap() + "\n";
        std::fs::write(folder.join(name).with_extension("json"), text).unwrap();
    }

    /// The path of one of our binaries.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        let path = self.binaries.join(name);
        assert!(path.is_file(), "{} is missing: cargo build --bins", path.display());
        path
    }
}

/// Cargo puts tests into `deps`, next to which lie the binaries of the same profile.
fn beside_the_tests() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
