//! One run from the first process to the verdict.

use std::{
    io::Write as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use tokio::time::Instant;

use crate::{
    cli::Options,
    history::{Header, History, What},
    load::{Load, Served},
    nemesis::{Hands, Nemesis, Profile, Until, profile},
    stack::{Plan, System},
};

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let profile = profile(&options.profile).context("no such profile")?;
    let unix_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let seed = options.seed.unwrap_or(unix_ms);
    let name = format!("{}-{seed}", profile.name);
    let directory = options.directory.clone().unwrap_or_else(|| PathBuf::from("target/chaos").join(name));
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir_all(&directory)?;
    say(&format!("seed {seed}, profile {}, into {}", profile.name, directory.display()));
    let history = Arc::new(History::create(&directory.join("history.jsonl"))?);
    let minutes = options.minutes.unwrap_or(profile.minutes);
    history.tell(What::Begin(Header {
        seed,
        profile: profile.name.to_owned(),
        minutes,
        unix_ms,
        arguments: std::env::args().skip(1).collect(),
    }))?;
    let plan = Plan {
        binaries: options.bin_dir.clone(),
        worker: options.control.clone(),
        directory: directory.clone(),
        disk_mib: Some(options.disk_mib),
        seed,
        customers: options.customers,
    };
    let system = Arc::new(System::start(&plan).await?);
    say("the system is up");
    if !system.postgres.has_own_disk() {
        history.note("no file system may be mounted here: the disk is never full")?;
    }
    for customer in &system.customers {
        let (id, granted) = (customer.id, customer.granted);
        history.tell(What::Customer { id, email: customer.email.clone(), granted })?;
    }
    break_it(&system, &history, (&profile, seed), (minutes, options.steps)).await?;
    Ok(())
}

async fn break_it(
    system: &Arc<System>,
    history: &Arc<History>,
    (profile, seed): (&Profile, u64),
    (minutes, steps): (f64, Option<u64>),
) -> anyhow::Result<()> {
    let served = Arc::new(Served::by(system.servers.iter().filter(|it| it.kind == "api-server").map(|it| it.name.clone())));
    let mut load = Load::start(system, history, &served, seed).await?;
    let deadline = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let hands = Hands::new(Arc::clone(system), Arc::clone(history), Arc::clone(&served));
    let mut nemesis = Nemesis::start(hands, profile, seed, Until { deadline, steps });
    tokio::select! {
        ended = nemesis.finish() => ended?,
        error = load.failure() => return Err(error.context("the load failed")),
    }
    nemesis.calm().await?;
    history.tell(What::Calm)?;
    say("calm");
    load.finish().await?;
    history.tell(What::Silent)?;
    say("silent");
    Ok(())
}

pub(crate) fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "chaos: {words}");
}
