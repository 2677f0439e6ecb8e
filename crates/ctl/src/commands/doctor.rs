//! Looks at everything an installation needs.

use std::{error::Error, time::Duration};

use domain::{providers::ProviderRecord, store::StoreError};
use infra::redis::Redis;
use runtime::{SecretString, config::Faults};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{Answer, Exit, wiring::Backends};

/// What does not answer in this time is reported as not answering.
const PATIENCE: Duration = Duration::from_secs(15);

/// One thing that was looked at.
struct Line {
    name: String,
    outcome: Result<String, Trouble>,
}

struct Trouble {
    what: String,
    remedy: &'static str,
}

impl Trouble {
    fn new(what: impl Into<String>, remedy: &'static str) -> Self {
        Self { what: what.into(), remedy }
    }

    fn caused(error: &(dyn Error + 'static), remedy: &'static str) -> Self {
        let mut what = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            what.push_str(": ");
            what.push_str(&error.to_string());
            cause = error.source();
        }
        Self { what, remedy }
    }
}

/// Without usable settings there is nothing else to look at.
pub(crate) fn without_config(faults: &Faults) -> Answer {
    let remedy = "correct these settings, in the file or in the environment";
    let lines = faults.iter().map(|fault| Line {
        name: "settings".to_owned(),
        outcome: Err(Trouble::new(fault.to_string(), remedy)),
    });
    report(lines.collect()).with_exit(Exit::Usage)
}

/// Looks at everything and never stops at the first trouble.
pub(crate) async fn examine(backends: &Backends) -> Answer {
    let mut lines = vec![settings(backends)];
    let database = database(backends).await;
    let reachable = database.outcome.is_ok();
    lines.push(database);
    if reachable {
        lines.push(migrations(backends).await);
    }
    lines.extend(all_redis(backends).await);
    if reachable {
        lines.extend(providers(backends).await);
    }
    report(lines)
}

fn settings(backends: &Backends) -> Line {
    let config = &backends.config;
    let pays_in = !backends.desk.gateways.all().is_empty();
    let missing: Vec<_> =
        [("ingest.public_url", config.ingest.is_some()), ("a payment gateway", pays_in)]
            .into_iter()
            .filter_map(|(name, is_set)| (!is_set).then_some(name))
            .collect();
    let found = if missing.is_empty() {
        "complete".to_owned()
    } else {
        format!("usable, without {}", missing.join(" and "))
    };
    Line { name: "settings".to_owned(), outcome: Ok(found) }
}

async fn database(backends: &Backends) -> Line {
    let remedy = "is Postgres running, and are database.url and its password right?";
    let outcome = match timeout(PATIENCE, backends.postgres.ping()).await {
        Ok(Ok(())) => Ok("answers".to_owned()),
        Ok(Err(error)) => Err(Trouble::caused(&error, remedy)),
        Err(_) => Err(Trouble::new("does not answer", remedy)),
    };
    Line { name: "database".to_owned(), outcome }
}

async fn migrations(backends: &Backends) -> Line {
    let outcome = match backends.postgres.migrations_pending().await {
        Ok(pending) if pending.is_empty() => Ok("the schema is up to date".to_owned()),
        Ok(pending) => {
            let what = format!("{} not applied: {}", pending.len(), pending.join(", "));
            Err(Trouble::new(what, "run: ctl migrate"))
        }
        Err(error) => Err(Trouble::caused(&error, "may this login read _sqlx_migrations?")),
    };
    Line { name: "migrations".to_owned(), outcome }
}

async fn all_redis(backends: &Backends) -> Vec<Line> {
    let Some(redis) = &backends.config.redis else {
        let remedy = "set redis.session_url, redis.cache_url and redis.ratelimit_url";
        let outcome = Err(Trouble::new("not set", remedy));
        return vec![Line { name: "redis".to_owned(), outcome }];
    };
    let mut lines = Vec::new();
    for (name, url) in [
        ("redis session", &redis.session_url),
        ("redis cache", &redis.cache_url),
        ("redis ratelimit", &redis.ratelimit_url),
    ] {
        let outcome = ask_redis(url).await;
        lines.push(Line { name: name.to_owned(), outcome });
    }
    lines
}

async fn ask_redis(url: &SecretString) -> Result<String, Trouble> {
    let remedy = "is this Redis running, and is its address right?";
    let redis = Redis::connect(url).map_err(|error| Trouble::caused(&error, remedy))?;
    redis.ping().await.map_err(|error| Trouble::caused(&error, remedy))?;
    Ok("answers".to_owned())
}

async fn providers(backends: &Backends) -> Vec<Line> {
    let name = "providers".to_owned();
    match backends.desk.directory.list().await {
        Ok(list) if list.is_empty() => {
            let outcome = Err(Trouble::new("there is none", "run: ctl provider add --help"));
            vec![Line { name, outcome }]
        }
        Ok(list) => {
            let mut lines = Vec::new();
            for record in list {
                let outcome = ask_provider(backends, &record).await;
                lines.push(Line { name: format!("provider {}", record.code), outcome });
            }
            lines
        }
        Err(error) => vec![Line { name, outcome: Err(unreadable(&error)) }],
    }
}

async fn ask_provider(backends: &Backends, record: &ProviderRecord) -> Result<String, Trouble> {
    let remedy = "is its address right, and its key? see: ctl provider list";
    let adapter = backends.desk.registry.get(record.id).await.map_err(|e| unreadable(&e))?;
    let adapter = adapter.ok_or_else(|| Trouble::new("is gone", remedy))?;
    let balance = adapter.balance().await.map_err(|error| Trouble::caused(&error, remedy))?;
    let state = if record.enabled { "answers" } else { "disabled, answers" };
    Ok(format!("{state}, our balance there is {balance} USD"))
}

fn unreadable(error: &StoreError) -> Trouble {
    Trouble::caused(error, "is secrets.seal_key the one that the providers were added with?")
}

fn report(lines: Vec<Line>) -> Answer {
    let failed = lines.iter().filter(|line| line.outcome.is_err()).count();
    let bodies: Vec<Value> = lines.iter().map(body).collect();
    let rows: Vec<_> = lines.into_iter().map(row).collect();
    let answer = Answer::rows(json!(bodies), ["", "", "", ""], rows);
    if failed == 0 {
        return answer;
    }
    answer.and(format_args!("{failed} failed")).with_exit(Exit::Failed)
}

fn body(line: &Line) -> Value {
    match &line.outcome {
        Ok(found) => json!({ "name": line.name, "ok": true, "found": found }),
        Err(trouble) => json!({
            "name": line.name, "ok": false, "found": trouble.what, "remedy": trouble.remedy,
        }),
    }
}

fn row(line: Line) -> [String; 4] {
    match line.outcome {
        Ok(found) => ["ok".to_owned(), line.name, found, String::new()],
        Err(trouble) => {
            ["failed".to_owned(), line.name, trouble.what, format!("→ {}", trouble.remedy)]
        }
    }
}
