use metrics::gauge;

/// Which build is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildInfo {
    /// Version shared by every crate of the workspace.
    pub version: &'static str,
    /// Source revision, if the build was told (`SWITCHBOARD_COMMIT` at compile time).
    pub commit: &'static str,
}

/// The build this code was compiled into.
pub const fn build_info() -> BuildInfo {
    let commit = match option_env!("SWITCHBOARD_COMMIT") {
        Some(commit) => commit,
        None => "unknown",
    };
    BuildInfo { version: env!("CARGO_PKG_VERSION"), commit }
}

/// Publishes the build as the labels of a gauge that is always 1.
pub(crate) fn publish(binary: &'static str) {
    let BuildInfo { version, commit } = build_info();
    gauge!("build_info", "binary" => binary, "version" => version, "commit" => commit).set(1.0);
}
