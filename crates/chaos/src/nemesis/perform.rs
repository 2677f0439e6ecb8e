use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Act;
use crate::{
    history::{History, What},
    load::Served,
    proxy::Mode,
    stack::{Server, System},
};

/// How long a revived server may take to do something before the next fault goes ahead.
const FIRST_DEED: Duration = Duration::from_secs(3);
/// How long a fuse may stay lit on a wire with little traffic.
const FUSE: Duration = Duration::from_millis(1500);

/// What does the breaking, and the mending.
pub(crate) struct Hands {
    pub(super) system: Arc<System>,
    pub(super) history: Arc<History>,
    served: Arc<Served>,
    numbers: AtomicU64,
}

impl Hands {
    pub(crate) fn new(system: Arc<System>, history: Arc<History>, served: Arc<Served>) -> Self {
        Self { system, history, served, numbers: AtomicU64::new(0) }
    }

    pub(super) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Breaks something and mends it; answers how that went.
    pub(super) async fn perform(&self, act: &Act) -> anyhow::Result<String> {
        match act {
            Act::Kill { server } => self.kill(self.system.server(server)?).await?,
            Act::Restart { server } => return self.restart(self.system.server(server)?).await,
            Act::Pause { server, ms } => {
                let server = self.system.server(server)?;
                server.signal("STOP").await?;
                pass(*ms).await;
                server.signal("CONT").await?;
            }
            Act::KillPostgres | Act::StopPostgres => self.kill_postgres(act).await?,
            Act::FillDisk { spare_kib, ms } => return self.fill_disk(*spare_kib, *ms).await,
            Act::FlushRedis { .. } | Act::KillRedis { .. } | Act::PauseRedis { .. } => {
                self.break_redis(act).await?;
            }
            Act::Cut { .. } | Act::Fuse { .. } | Act::Weather { .. } | Act::Deafen { .. } => {
                return self.break_wire(act).await;
            }
            Act::Provider { provider, faults, ms } => {
                let path = format!("providers/{provider}/faults");
                self.system.sandbox.control(&path, faults.clone()).await?;
                pass(*ms).await;
                self.system.sandbox.control(&path, json!({})).await?;
                let held = json!({ "provider": provider });
                self.system.sandbox.control("callbacks/flush", held).await?;
            }
            Act::Gateway { gateway, faults, ms } => {
                let sandbox = &self.system.sandbox;
                sandbox.control(gateway, json!({ "faults": faults })).await?;
                pass(*ms).await;
                sandbox.control(gateway, json!({ "faults": {} })).await?;
            }
        }
        Ok(String::new())
    }

    async fn kill(&self, server: &Server) -> anyhow::Result<()> {
        let start = Instant::now();
        server.kill().await?;
        let before = self.served.times(&server.name);
        self.revive(server).await?;
        self.recovered(format!("{} ready", server.kind), start)?;
        let ready = Instant::now();
        while ready.elapsed() < FIRST_DEED {
            let has_served = match before {
                Some(before) => self.served.times(&server.name) > Some(before),
                None => has_worked(server).await,
            };
            if has_served {
                return self.recovered(format!("{} working", server.kind), start);
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Starts a server after its end. One that gives up by itself is started anew, as a service
    /// manager would, and told of: it should wait instead.
    async fn revive(&self, server: &Server) -> anyhow::Result<()> {
        server.start_again().await?;
        while let Err(error) = server.ready().await {
            anyhow::ensure!(!server.is_running().await?, error);
            self.history.note(format!("{} ended by itself", server.name))?;
            server.start_again().await?;
        }
        Ok(())
    }

    async fn restart(&self, server: &Server) -> anyhow::Result<String> {
        let is_clean = server.stop().await?;
        self.revive(server).await?;
        Ok(if is_clean { String::new() } else { "did not end cleanly".to_owned() })
    }

    async fn kill_postgres(&self, act: &Act) -> anyhow::Result<()> {
        let start = Instant::now();
        if *act == Act::KillPostgres {
            self.system.postgres.kill().await?;
        } else {
            self.system.postgres.stop_immediately().await?;
        }
        self.system.postgres.start_again().await?;
        self.recovered("Postgres accepting".to_owned(), start)
    }

    async fn fill_disk(&self, spare_kib: u64, ms: u64) -> anyhow::Result<String> {
        let postgres = &self.system.postgres;
        if !postgres.has_own_disk() {
            pass(ms).await;
            return Ok("skipped: Postgres has no disk of its own".to_owned());
        }
        postgres.fill_disk(spare_kib).await?;
        pass(ms).await;
        postgres.grow_disk().await?;
        Ok(String::new())
    }

    async fn break_redis(&self, act: &Act) -> anyhow::Result<()> {
        let (Act::FlushRedis { redis: name }
        | Act::KillRedis { redis: name, .. }
        | Act::PauseRedis { redis: name, .. }) = act
        else {
            return Ok(());
        };
        let Some(redis) = self.system.redis.iter().find(|it| it.name == name) else {
            return Ok(());
        };
        match act {
            Act::KillRedis { ms, .. } => {
                redis.kill().await?;
                pass(*ms).await;
                redis.start_again().await
            }
            Act::PauseRedis { ms, .. } => {
                redis.signal("STOP").await?;
                pass(*ms).await;
                redis.signal("CONT").await
            }
            _ => redis.flush().await,
        }
    }

    async fn break_wire(&self, act: &Act) -> anyhow::Result<String> {
        match act {
            Act::Cut { wire } => {
                self.system.link(wire)?.cut();
            }
            Act::Fuse { wire, way, bytes } => {
                let link = self.system.link(wire)?;
                link.light_fuse(*way, *bytes);
                let start = Instant::now();
                while link.has_lit_fuse() && start.elapsed() < FUSE {
                    pass(5).await;
                }
                if link.has_lit_fuse() {
                    link.heal();
                    return Ok("put out".to_owned());
                }
            }
            Act::Weather { wire, mode, ms } => {
                let link = self.system.link(wire)?;
                link.set(*mode);
                pass(*ms).await;
                link.set(Mode::Clear);
            }
            Act::Deafen { wire, ms } => {
                let link = self.system.link(wire)?;
                link.deafen();
                pass(*ms).await;
                link.heal();
            }
            _ => {}
        }
        Ok(String::new())
    }

    /// Undoes whatever is still broken and waits until everything is ready.
    pub(super) async fn calm(&self) -> anyhow::Result<()> {
        for link in &self.system.links {
            link.heal();
        }
        self.system.sandbox.calm().await?;
        for redis in &self.system.redis {
            redis.signal("CONT").await?;
            redis.start_again().await?;
        }
        self.system.postgres.start_again().await?;
        for server in &self.system.servers {
            server.signal("CONT").await?;
            if !server.is_running().await? {
                self.history.note(format!("{} ended by itself", server.name))?;
            }
            self.revive(server).await?;
        }
        Ok(())
    }

    fn recovered(&self, what: String, since: Instant) -> anyhow::Result<()> {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.history.tell(What::Recovered { what, ms })
    }
}

/// Whether a new process has done what it is there for.
async fn has_worked(server: &Server) -> bool {
    let deeds: &[(&str, &str)] = if server.kind == "task-worker" {
        &[("task_runs_total", "outcome=\"ok\"")]
    } else {
        &[("sms_callbacks_total", ""), ("payment_callbacks_total", "")]
    };
    for (metric, label) in deeds {
        if server.metric(metric, label).await.is_ok_and(|times| times > 0.0) {
            return true;
        }
    }
    false
}

async fn pass(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}
