//! Clients that others published, in the language they are published in.

use std::path::{Path, PathBuf};

use tokio::{process::Command, sync::OnceCell};

use super::place::place;

/// Runs a script of `python/`, which has to succeed, with these variables; tells what it printed.
pub(crate) async fn python(script: &str, variables: &[(&str, &str)]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    let mut command = Command::new(interpreter().await);
    // No proxy of the surroundings may stand between a client and us.
    command.arg(&script).env_clear().envs(variables.iter().copied()).env("PYTHONUTF8", "1");
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true).output();
    let output = output.await.unwrap();
    let (told, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{told}\n{errors}", script.display());
    told.into_owned()
}

/// Where Python is, with the published clients.
pub(crate) async fn interpreter() -> &'static Path {
    static PYTHON: OnceCell<PathBuf> = OnceCell::const_new();
    PYTHON
        .get_or_init(async || match &place().python {
            Some(python) => python.clone(),
            None => prepare().await,
        })
        .await
}

/// An environment with what `deploy/dev/requirements.txt` asks for; kept for the next time.
async fn prepare() -> PathBuf {
    let home = place().scratch.join("e2e-venv");
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/dev/requirements.txt");
    let (python, installed) = (home.join("bin/python"), home.join("requirements.txt"));
    if std::fs::read(&installed).ok() != Some(std::fs::read(&wanted).unwrap()) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home)).await;
        let quiet = ["-m", "pip", "install", "--disable-pip-version-check", "-q", "-r"];
        run(Command::new(&python).args(quiet).arg(&wanted)).await;
        std::fs::copy(&wanted, &installed).unwrap();
    }
    python
}

pub(super) async fn run(command: &mut Command) {
    let output = command.output().await.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
