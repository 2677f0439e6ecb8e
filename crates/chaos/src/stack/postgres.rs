//! A database server of our own, to be killed with everything that belongs to it.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::{sleep, timeout},
};

use super::{
    ports::free_address,
    process::{PATIENCE, Process, Program, send},
    tmpfs::Tmpfs,
};

/// The owner of everything in it.
pub(crate) const OWNER: &str = "chaos";
/// The one database that is used.
const DATABASE: &str = "postgres";

/// Small, so that checkpoints and recoveries are frequent; durable, because that is the question.
const SETTINGS: &str = "unix_socket_directories = ''
max_connections = 120
shared_buffers = 64MB
max_wal_size = 128MB
min_wal_size = 32MB
checkpoint_timeout = 30s
fsync = on
synchronous_commit = on
full_page_writes = on
autovacuum_naptime = 15s
restart_after_crash = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
";

/// The running server.
pub(crate) struct Postgres {
    process: Process,
    pub(crate) port: u16,
    /// Absent where mounting is not permitted.
    disk: Option<Tmpfs>,
    home: PathBuf,
}

impl Postgres {
    /// Makes a cluster and starts it. `home` is made, on a disk of its own where possible.
    pub(super) async fn start(
        home: &Path,
        log: &Path,
        disk_mib: Option<u64>,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(home)?;
        let disk = match disk_mib {
            Some(mib) if is_root()? => Tmpfs::mount(home, mib).await.ok(),
            _ => None,
        };
        let data = home.join("data");
        let port = free_address()?.port();
        initialise(&data, log, port).await?;
        let program = as_server_user(&["postgres", "-D", &data.display().to_string()], log)?;
        let server = Self { process: Process::start(program)?, port, disk, home: home.to_owned() };
        server.ready().await?;
        Ok(server)
    }

    /// Where it is for somebody who logs in as `role` on another address than its own.
    pub(crate) fn url(role: &str, port: u16) -> String {
        format!("postgres://{role}@127.0.0.1:{port}/{DATABASE}")
    }

    /// Where its owner finds it.
    pub(crate) fn owner_url(&self) -> String {
        Self::url(OWNER, self.port)
    }

    pub(crate) const fn has_own_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Waits until it takes queries.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let watch = self.process.watch(Duration::from_millis(10));
        while let Err(error) = greet(self.port).await {
            watch.again(error).await?;
        }
        Ok(())
    }

    /// Ends it and every process that belongs to it at once. One that lived on would keep the
    /// shared memory and with it the next start.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        let Some(postmaster) = self.process.pid().await else { return Ok(()) };
        // Stopped, it starts no more children while they are counted.
        self.process.signal("STOP").await?;
        let children = children_of(postmaster)?;
        send("KILL", &children).await?;
        self.process.kill().await?;
        for child in children {
            gone(child).await?;
        }
        Ok(())
    }

    /// Ends it without a checkpoint, as `pg_ctl stop -m immediate` does.
    pub(crate) async fn stop_immediately(&self) -> anyhow::Result<()> {
        self.process.signal("QUIT").await?;
        self.process.ended().await.map(drop)
    }

    /// Starts it again after its end and waits until it takes queries.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        self.process.start_again().await?;
        self.ready().await
    }

    /// Takes all room from its disk but `spare_kib`.
    pub(crate) async fn fill_disk(&self, spare_kib: u64) -> anyhow::Result<()> {
        self.disk.as_ref().context("no disk of its own")?.fill(spare_kib).await
    }

    /// Gives the room back, and starts the server if it gave up meanwhile.
    pub(crate) async fn grow_disk(&self) -> anyhow::Result<()> {
        self.disk.as_ref().context("no disk of its own")?.grow().await?;
        // It may be on its way out this very moment; then the first look finds it alive.
        for _ in 0..3 {
            if !self.process.is_running().await? {
                self.process.start_again().await?;
            }
            if self.ready().await.is_ok() {
                return Ok(());
            }
        }
        self.ready().await
    }

    /// Ends it in order.
    pub(crate) async fn stop(&self) -> anyhow::Result<()> {
        self.process.signal("INT").await?;
        self.process.ended().await?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // After an early end the postmaster dies with its process; its children notice and follow.
        self.disk.take();
        let _ = fs::remove_dir_all(&self.home);
    }
}

async fn initialise(data: &Path, log: &Path, port: u16) -> anyhow::Result<()> {
    if is_root()? {
        let owned = Command::new("install")
            .args(["-d", "-o", "postgres", "-g", "postgres", "-m", "700"])
            .arg(data)
            .status();
        ensure!(owned.await?.success(), "cannot make {}", data.display());
    }
    let path = data.display().to_string();
    let words = ["initdb", "-D", &path, "-U", OWNER, "--auth=trust", "--encoding=UTF8"];
    let rest = ["--locale=C", "--data-checksums", "--no-sync"];
    let program = as_server_user(&[&words[..], &rest[..]].concat(), log)?;
    let made = program.command().output().await.context("cannot run initdb")?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "initdb: {said}");
    let settings = format!("listen_addresses = '127.0.0.1'\nport = {port}\n{SETTINGS}");
    fs::write(data.join("postgresql.auto.conf"), settings)?;
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// The server refuses to run as root.
fn as_server_user(words: &[&str], log: &Path) -> anyhow::Result<Program> {
    let user: &[&str] = if is_root()? {
        &["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
    } else {
        &[]
    };
    let all = [user, words].concat();
    let (path, arguments) = all.split_first().context("no command")?;
    Ok(Program {
        name: "postgres".to_owned(),
        path: path.into(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
        environment: Vec::new(),
        log: log.to_owned(),
    })
}

/// Asks for a session as every client does; an error such as "starting up" is no session.
async fn greet(port: u16) -> anyhow::Result<()> {
    let mut hello = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", OWNER, "database", DATABASE, ""] {
        hello.extend(word.bytes().chain([0]));
    }
    let length = u32::try_from(hello.len() + 4)?.to_be_bytes();
    let greeting = async {
        let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
        server.write_all(&[&length[..], &hello].concat()).await?;
        server.read_u8().await
    };
    let kind = timeout(PATIENCE, greeting).await??;
    ensure!(kind == b'R', "the server does not take sessions yet");
    Ok(())
}

fn children_of(parent: u32) -> anyhow::Result<Vec<u32>> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    Ok(children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// Waits until a process that is not our child holds nothing any more.
async fn gone(pid: u32) -> anyhow::Result<()> {
    let waiting = async {
        // A zombie has let go of its memory; whoever inherited it may reap it later.
        while fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !is_zombie(&stat)) {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, waiting).await.with_context(|| format!("process {pid} does not end"))
}

fn is_zombie(stat: &str) -> bool {
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
}

/// Runs statements as the owner and returns what they print, one line per row.
pub(crate) async fn psql(url: &str, script: &str) -> anyhow::Result<String> {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("cannot run psql")?;
    let mut input = child.stdin.take().context("psql has no input")?;
    let writing = async move {
        // It may end at the first error without reading on; its own words tell more.
        let _ = input.write_all(script.as_bytes()).await;
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), writing);
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "psql: {}", said.trim());
    Ok(String::from_utf8(output.stdout)?)
}
