use std::{collections::HashMap, fs, path::Path, time::Duration};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Books, World, books::QUERIES};
use crate::{
    history::{Entry, read},
    stack::{GATEWAYS, System, psql},
};

/// What a check works on.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) history: Vec<Entry>,
    pub(crate) books: Books,
    pub(crate) world: World,
    pub(crate) audit: Audit,
}

/// What our own audit said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Audit {
    /// Absent when it did not end.
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

/// An audit of a long history takes a while.
const AUDIT: Duration = Duration::from_mins(5);

/// Writes down what is left of a run that has become quiet.
pub(crate) async fn collect(system: &System, directory: &Path) -> anyhow::Result<()> {
    let books = read_books(&system.postgres.owner_url(), "").await?;
    fs::write(directory.join("books.txt"), books)?;
    let mut world = system.sandbox.state(None).await?;
    for gateway in GATEWAYS {
        world["truth"][gateway] = system.sandbox.truth(gateway).await?;
    }
    fs::write(directory.join("world.json"), world.to_string())?;
    let done = system.ctl.try_run(&["ledger", "audit"], AUDIT).await?;
    let audit = Audit { code: done.code, said: format!("{}{}", done.stdout, done.stderr) };
    fs::write(directory.join("audit.json"), serde_json::to_string(&audit)?)?;
    Ok(())
}

/// Prints all books in one snapshot. What `first` changes is seen in it and undone afterwards.
pub(crate) async fn read_books(url: &str, first: &str) -> anyhow::Result<String> {
    let script = format!("BEGIN ISOLATION LEVEL REPEATABLE READ;\n{first}\n{QUERIES}\nROLLBACK;\n");
    psql(url, &script).await
}

/// The newest place of each customer's events.
pub(crate) async fn newest_events(system: &System) -> anyhow::Result<HashMap<i64, u64>> {
    let newest = "SELECT user_id, max(seq) FROM events WHERE seq IS NOT NULL GROUP BY user_id";
    let rows = psql(&system.postgres.owner_url(), newest).await?;
    let row = |row: &str| {
        let (user, seq) = row.split_once('|').context("no row")?;
        Ok((user.parse()?, seq.parse()?))
    };
    rows.lines().filter(|line| !line.is_empty()).map(row).collect()
}

/// Lets what rests after failures be tried again now. Where real time passes, it rests for minutes.
pub(crate) async fn hurry(system: &System) -> anyhow::Result<()> {
    psql(&system.postgres.owner_url(), HURRY).await.map(drop)
}

const HURRY: &str = "
SELECT to_regclass('tasks') IS NOT NULL AS has_tasks \\gset
UPDATE topups SET poll_at = now() WHERE poll_at > now();
\\if :has_tasks
UPDATE tasks SET run_at = now() WHERE dead_at IS NULL AND worker IS NULL AND run_at > now();
\\endif
";

/// What the running system still has to do; empty when it has come to rest.
pub(crate) async fn unfinished(system: &System) -> anyhow::Result<String> {
    let found = psql(&system.postgres.owner_url(), UNFINISHED).await?;
    let mut left: Vec<_> = found.lines().filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let rented = World::activations(&system.sandbox.state(None).await?)?;
    let rented = rented.iter().filter(|it| it.is_open()).count();
    if rented > 0 {
        left.push(format!("{rented} numbers still rented"));
    }
    Ok(left.join(", "))
}

const UNFINISHED: &str = "
SELECT to_regclass('tasks') IS NOT NULL AS has_tasks \\gset
SELECT count(*) || ' orders ' || state FROM orders
    WHERE state IN ('RESERVING', 'ACTIVE', 'OTP_RECEIVED') GROUP BY state;
SELECT count(*) || ' numbers to give back' FROM orders
    WHERE upstream_open AND state IN ('COMPLETED', 'CANCELED', 'EXPIRED') HAVING count(*) > 0;
SELECT count(*) || ' callbacks' FROM sms_inbox WHERE state = 'PENDING' HAVING count(*) > 0;
SELECT count(*) || ' top-ups to look at' FROM topups WHERE poll_at <= now() HAVING count(*) > 0;
SELECT count(*) || ' debts with money to pay them' FROM ledger.wallets
    WHERE debt > 0 AND available > 0 HAVING count(*) > 0;
SELECT count(*) || ' events' FROM events WHERE seq IS NULL HAVING count(*) > 0;
\\if :has_tasks
SELECT 'task ' || kind || ' ' || subject || ', attempt ' || attempt || coalesce(': ' || last_error, '')
    FROM tasks WHERE dead_at IS NULL LIMIT 20;
\\endif
";

impl Evidence {
    /// Reads what a run left in its directory.
    pub(crate) fn load(directory: &Path) -> anyhow::Result<Self> {
        let history = text(directory, "history.jsonl")?;
        let books = text(directory, "books.txt")?;
        let world: Value = serde_json::from_str(&text(directory, "world.json")?)?;
        let audit = serde_json::from_str(&text(directory, "audit.json")?)?;
        Ok(Self { audit, ..Self::of(&history, &books, &world)? })
    }

    /// From what was written down, with an audit that has nothing to say.
    pub(crate) fn of(history: &str, books: &str, world: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            history: read(history)?,
            books: Books::parse(books)?,
            world: World::parse(world)?,
            audit: Audit { code: Some(0), said: String::new() },
        })
    }

    /// The same with other books.
    pub(crate) fn with_books(&self, printed: &str) -> anyhow::Result<Self> {
        Ok(Self { books: Books::parse(printed)?, ..self.clone() })
    }
}

fn text(directory: &Path, name: &str) -> anyhow::Result<String> {
    let path = directory.join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}
