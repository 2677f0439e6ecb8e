use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Arg, ArgAction, Command, value_parser};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::build_info::{self, build_info};
use crate::config::{self, Keys, Loaded, Log, Section, Shutdown, Source, Telemetry};
use crate::shutdown::Exit;
use crate::supervisor::Supervisor;
use crate::telemetry;

/// Exit status of a wrong command line or configuration, as is usual.
const USAGE: u8 = 2;
/// Wait for threads that are blocked after every task has ended.
const BLOCKED: Duration = Duration::from_secs(1);

/// What a binary gets besides its own configuration.
#[derive(Clone)]
pub struct App {
    /// Spawns the tasks of the binary.
    pub supervisor: Supervisor,
    /// Renders the metrics of the process.
    pub metrics: PrometheusHandle,
    /// How long the stages of shutdown take.
    pub shutdown: Shutdown,
}

/// The sections every binary has: `[log]`, `[telemetry]` and `[shutdown]`.
struct Base {
    log: Log,
    telemetry: Telemetry,
    shutdown: Shutdown,
}

impl Section for Base {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            log: keys.section("log"),
            telemetry: keys.section("telemetry"),
            shutdown: keys.section("shutdown"),
        }
    }
}

enum Order {
    Run,
    CheckConfig,
    PrintReference,
}

/// The body of every `main`: command line, configuration, telemetry, tasks, exit code.
///
/// `start` connects and spawns its tasks through [`App::supervisor`], then returns; the process
/// lives until those tasks end. A signal during `start` ends it at once.
pub fn main_with<C, F>(name: &'static str, start: F) -> ExitCode
where
    C: Section,
    F: AsyncFnOnce(C, App) -> anyhow::Result<()>,
{
    main_from(name, std::env::args_os(), start)
}

/// [`main_with`] for another command line than the process's own; the first argument is skipped.
pub fn main_from<C, F>(
    name: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
    start: F,
) -> ExitCode
where
    C: Section,
    F: AsyncFnOnce(C, App) -> anyhow::Result<()>,
{
    let (order, path) = match command_line(name, arguments) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    if matches!(order, Order::PrintReference) {
        return say(&config::reference::<(Base, C)>());
    }
    let loaded = match Source::from_process(path.as_deref())
        .and_then(|source| config::load::<(Base, C)>(&source))
    {
        Ok(loaded) => loaded,
        Err(faults) => {
            complain(&format!("{name}: the configuration cannot be used\n{faults}"));
            return ExitCode::from(USAGE);
        }
    };
    if matches!(order, Order::CheckConfig) {
        let ignored = loaded.ignored.join(", ");
        let note = if ignored.is_empty() { String::new() } else { format!(", ignored: {ignored}") };
        return say(&format!("{name}: the configuration is valid{note}\n"));
    }
    match block_on(run(name, loaded, start)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&format!("{name}: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs on all cores; what still blocks a thread afterwards does not keep the process alive.
fn block_on(main: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the worker threads")?;
    let exit = threads.block_on(main);
    threads.shutdown_timeout(BLOCKED);
    exit
}

async fn run<C, F>(name: &'static str, loaded: Loaded<(Base, C)>, start: F) -> anyhow::Result<Exit>
where
    F: AsyncFnOnce(C, App) -> anyhow::Result<()>,
{
    let (base, config) = loaded.config;
    let traces = telemetry::init(name, &base.log, &base.telemetry)?;
    let metrics = telemetry::metrics_handle()?;
    build_info::publish(name);
    let supervisor =
        Supervisor::with_signals(base.shutdown.grace).context("cannot listen for signals")?;
    supervisor.spawn_loop("metrics-upkeep", telemetry::upkeep(metrics.clone()));
    let ignored = loaded.ignored.join(", ");
    tracing::info!(version = build_info().version, config.ignored = ignored, "{name} starts");

    let app = App { supervisor: supervisor.clone(), metrics, shutdown: base.shutdown };
    let stop = supervisor.stop();
    let started = tokio::select! {
        started = start(config, app) => started,
        () = stop.stopping() => Ok(()),
    };
    if let Err(error) = &started {
        tracing::error!(error = format!("{error:#}"), "{name} cannot start");
        stop.soft.cancel();
    }
    let exit = supervisor.wait().await;
    tracing::info!(exit = ?exit, "{name} ends");
    traces.flush();
    Ok(if started.is_ok() { exit } else { Exit::Failed })
}

fn command_line(
    name: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<(Order, Option<PathBuf>), clap::Error> {
    let matches = Command::new(name)
        .version(build_info().version)
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("PATH")
                .help("TOML file; without it SWITCHBOARD_CONFIG names the file")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(flag("check-config", "Check the configuration and exit"))
        .arg(flag("config-reference", "Print every setting with its default and exit"))
        .try_get_matches_from(arguments)?;
    let order = if matches.get_flag("config-reference") {
        Order::PrintReference
    } else if matches.get_flag("check-config") {
        Order::CheckConfig
    } else {
        Order::Run
    };
    Ok((order, matches.get_one::<PathBuf>("config").cloned()))
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

/// Nobody is left to tell when standard output is closed, so that is a failure like any other.
fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
