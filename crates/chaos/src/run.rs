//! One run from the first process to the verdict.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use tokio::time::{Instant, sleep};

use crate::{
    check::{Facts, Finding, Grade, Planted, contradictions, plant_all},
    cli::Options,
    evidence::{Evidence, collect, hurry, newest_events, unfinished},
    history::{Header, History, What},
    load::{Listeners, Load, Served},
    nemesis::{Hands, Nemesis, Profile, Until, profile},
    report::{Judged, Summary},
    stack::{Plan, System},
};

/// How long everything may take to come to rest: the window of an order and the patience of all
/// reconcilers, twice.
const REST: Duration = Duration::from_mins(3);
/// Looks at what is left, between which failed work is not called to a new try.
const HURRY_EVERY: u64 = 10;

/// Findings that are printed.
const SHOWN: usize = 40;

/// Starts, breaks, mends and checks.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let profile = profile(&options.profile).context("no such profile")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let unix_ms = u64::try_from(now.as_millis())?;
    let seed = options.seed.unwrap_or(unix_ms % 1_000_000);
    let minutes = options.minutes.unwrap_or(profile.minutes);
    let directory = directory(options, &profile, seed)?;
    say(&format!("seed {seed}, profile {}, into {}", profile.name, directory.display()));
    let history = Arc::new(History::create(&directory.join("history.jsonl"))?);
    history.tell(What::Begin(Header {
        seed,
        profile: profile.name.to_owned(),
        minutes,
        is_control: options.control.is_some(),
        connections: options.connections,
        unix_ms,
        arguments: std::env::args().skip(1).collect(),
    }))?;
    let system = Arc::new(start(options, &directory, seed).await?);
    for customer in &system.customers {
        let (id, granted) = (customer.id, customer.granted);
        history.tell(What::Customer { id, email: customer.email.clone(), granted })?;
    }
    if !system.postgres.has_own_disk() {
        history.note("no file system may be mounted here: the disk is never full")?;
    }
    say("the system is up; breaking it");
    let listeners = Listeners::start(&system, &history, seed).await?;
    disturb(&system, &history, (&profile, seed), (minutes, options.steps)).await?;
    say("all is mended; waiting for rest");
    rest(&system, &history).await?;
    listeners.finish(&newest_events(&system).await?).await?;
    for name in system.stop_servers().await? {
        history.note(format!("{name} did not end cleanly"))?;
    }
    collect(&system, &directory).await?;
    let judged = judge(&system, &directory, options.control.is_some()).await;
    system.postgres.stop().await?;
    judged
}

fn directory(options: &Options, profile: &Profile, seed: u64) -> anyhow::Result<PathBuf> {
    let usual = || Path::new("target/chaos").join(format!("{}-{seed}", profile.name));
    let directory = options.directory.clone().unwrap_or_else(usual);
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

async fn start(options: &Options, directory: &Path, seed: u64) -> anyhow::Result<System> {
    System::start(&Plan {
        binaries: options.bin_dir.clone(),
        worker: options.control.clone(),
        directory: directory.to_owned(),
        disk_mib: Some(options.disk_mib),
        seed,
        customers: options.customers,
        connections: options.connections,
    })
    .await
}

/// Lets customers buy while things break, then mends everything and lets them finish.
async fn disturb(
    system: &Arc<System>,
    history: &Arc<History>,
    (profile, seed): (&Profile, u64),
    (minutes, steps): (f64, Option<u64>),
) -> anyhow::Result<()> {
    let apis = system.servers.iter().filter(|server| server.kind == "api-server");
    let served = Arc::new(Served::by(apis.map(|server| server.name.clone())));
    let mut load = Load::start(system, history, &served, seed).await?;
    let deadline = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let hands = Hands::new(Arc::clone(system), Arc::clone(history), served);
    let mut nemesis = Nemesis::start(hands, profile, seed, Until { deadline, steps });
    tokio::select! {
        ended = nemesis.finish() => ended?,
        error = load.failure() => return Err(error.context("the load failed")),
    }
    nemesis.calm().await?;
    history.tell(What::Calm)?;
    load.finish().await?;
    history.tell(What::Silent)
}

/// Waits until nothing is left to do, which has to be soon.
async fn rest(system: &System, history: &History) -> anyhow::Result<()> {
    let start = Instant::now();
    for round in 1_u64.. {
        if round % HURRY_EVERY == 1 {
            hurry(system).await?;
        }
        let left = unfinished(system).await?;
        if left.is_empty() {
            let after_ms = u64::try_from(start.elapsed().as_millis())?;
            return history.tell(What::Quiet { after_ms });
        }
        if start.elapsed() > REST {
            say(&format!("still unfinished: {left}"));
            return history.note(format!("not at rest: {left}"));
        }
        sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Checks what an earlier run left.
pub(crate) fn check(directory: &Path) -> anyhow::Result<()> {
    let evidence = Evidence::load(directory)?;
    conclude(&contradictions(&Facts::of(&evidence))).map(|good| say(&good))
}

/// Checks what was collected, and the check itself.
async fn judge(system: &System, directory: &Path, is_control: bool) -> anyhow::Result<()> {
    let evidence = Evidence::load(directory)?;
    let facts = Facts::of(&evidence);
    let findings = contradictions(&facts);
    let planted = plant_all(&system.postgres.owner_url(), &evidence, &findings).await?;
    std::fs::write(directory.join("planted.json"), serde_json::to_string_pretty(&planted)?)?;
    let verdict = if is_control { control(&findings) } else { sound(&findings, &planted) };
    let judged = Judged { findings, planted, passed: verdict.is_ok() };
    let summary = Summary::of(&facts, &judged)?;
    summary.save(directory)?;
    let requests = &summary.requests;
    say(&format!(
        "{} faults, {} orders, {} requests without an answer, {} purchases absorbed",
        summary.faults.values().sum::<u64>(),
        summary.orders,
        requests.unknown,
        summary.absorbed,
    ));
    say(&format!("{} faults planted into the books, {} seen", summary.planted, summary.caught));
    verdict.map(|good| say(&good))
}

/// Nothing may be wrong, and everything planted must have been seen.
fn sound(findings: &[Finding], planted: &[Planted]) -> anyhow::Result<String> {
    let good = conclude(findings)?;
    let blind = planted.iter().find(|it| it.found.is_empty());
    ensure!(blind.is_none(), "the check is blind: {}", blind.map_or("", |it| &it.what));
    Ok(good)
}

/// Without the fence tasks have to take effect twice, and nothing else may be wrong.
fn control(findings: &[Finding]) -> anyhow::Result<String> {
    let (doubles, others): (Vec<_>, Vec<_>) =
        findings.iter().cloned().partition(|finding| finding.grade == Grade::Double);
    conclude(&others)?;
    ensure!(!doubles.is_empty(), "nothing was done twice without the fence: the check is blind");
    Ok(format!("without the fence {} tasks took effect twice", doubles.len()))
}

fn conclude(findings: &[Finding]) -> anyhow::Result<String> {
    for finding in findings.iter().take(SHOWN) {
        say(&finding.to_string());
    }
    ensure!(findings.is_empty(), "{} findings", findings.len());
    Ok("nothing lost, nothing done twice, nothing left open".to_owned())
}

/// Tells the operator.
pub(crate) fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "chaos: {words}");
}
