use std::path::{Path, PathBuf};

use tokio::{process::Command, sync::OnceCell};

use super::{place::place, python::run};

/// What says which packages there are, and what they hash to.
const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// The directory in which Node finds the packages that customers use.
pub(crate) async fn packages() -> &'static Path {
    static PACKAGES: OnceCell<PathBuf> = OnceCell::const_new();
    PACKAGES
        .get_or_init(async || match &place().node {
            Some(directory) => directory.join("node_modules"),
            None => prepare().await.join("node_modules"),
        })
        .await
}

/// Installs them; kept for the next time.
async fn prepare() -> PathBuf {
    let home = place().scratch.join("e2e-node");
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    let is_there = |name: &&str| {
        let kept = std::fs::read(home.join("installed").join(name)).ok();
        kept == Some(std::fs::read(wanted.join(name)).unwrap())
    };
    if !FILES.iter().all(is_there) {
        let copy = |into: &Path| {
            std::fs::create_dir_all(into).unwrap();
            for name in FILES {
                std::fs::copy(wanted.join(name), into.join(name)).unwrap();
            }
        };
        copy(&home);
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--prefix"]).arg(&home)).await;
        copy(&home.join("installed"));
    }
    home
}
