use std::{io::Write as _, path::Path, process::ExitCode};

use clap::Parser as _;
use runtime::{
    config::{self, Faults, Log, LogFormat, Source, Telemetry},
    telemetry,
};

use crate::{
    Answer, Config, Exit, Failure,
    cli::{Cli, Command},
    commands::{self, doctor},
    wiring::Backends,
};

/// The whole `main`: command line, settings, command, answer, exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = execute(&cli).and_then(|answer| {
        answer.print(cli.json).map_err(Failure::failed)?;
        Ok(answer.exit)
    });
    let exit = outcome.unwrap_or_else(|failure| {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr(), "ctl: {failure}");
        failure.exit
    });
    exit.into()
}

/// Reads the settings the way the servers do.
pub fn read_config(path: Option<&Path>) -> Result<Config, Faults> {
    Ok(config::load::<Config>(&Source::from_process(path)?)?.config)
}

fn execute(cli: &Cli) -> Result<Answer, Failure> {
    let config = match read_config(cli.config.as_deref()) {
        Ok(config) => config,
        Err(faults) if matches!(cli.command, Command::Doctor) => {
            return Ok(doctor::without_config(&faults));
        }
        Err(faults) => {
            let error = anyhow::anyhow!("the configuration cannot be used\n{faults}");
            return Err(Failure { exit: Exit::Usage, error });
        }
    };
    log(cli.verbose)?;
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build();
    threads.map_err(Failure::failed)?.block_on(async {
        let backends = Backends::connect(config)?;
        dispatch(&cli.command, &backends).await
    })
}

/// The servers' log settings are not for a command that talks to a person.
fn log(verbose: bool) -> Result<(), Failure> {
    let filter = if verbose { "info" } else { "warn" };
    let log = Log { format: LogFormat::Pretty, filter: filter.to_owned() };
    let telemetry = Telemetry { otlp_endpoint: None, service_name: None, sample_percent: 0 };
    telemetry::init("ctl", &log, &telemetry).map(drop).map_err(Failure::failed)
}

async fn dispatch(command: &Command, backends: &Backends) -> Result<Answer, Failure> {
    let desk = &backends.desk;
    match command {
        Command::Migrate(arguments) => commands::migrate(&backends.postgres, arguments).await,
        Command::Doctor => Ok(doctor::examine(backends).await),
        Command::Customer(command) => commands::customer(desk, command).await,
        Command::Token(command) => commands::token(desk, command).await,
        Command::Provider(command) => commands::provider(desk, command).await,
        Command::Catalog(command) => commands::catalog(desk, command).await,
        Command::Topup(command) => commands::topup(desk, command).await,
        Command::Rate(command) => commands::rate(desk, command).await,
        Command::Ledger(command) => commands::ledger(desk, command).await,
        Command::Privacy(command) => commands::privacy(desk, command).await,
        Command::Task(command) => commands::task(desk, command).await,
        Command::Webhook(command) => commands::webhook(desk, command).await,
    }
}
