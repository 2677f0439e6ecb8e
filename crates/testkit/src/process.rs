use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

use crate::Outcome;

/// A server's binary with neither Postgres nor Redis to talk to. Dies with this value.
pub struct Alone {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Alone {
    /// How long an answer may take: ten times what the slowest readiness check waits.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Starts `program` and waits until it listens.
    pub fn start(program: &str) -> Outcome<Self> {
        let mut child = Command::new(program)
            .env_clear()
            .env("SWITCHBOARD__HTTP__LISTEN", "127.0.0.1:0")
            .env("SWITCHBOARD__DATABASE__URL", "postgres://nobody@127.0.0.1:1/nothing")
            .env("SWITCHBOARD__REDIS__SESSION_URL", "redis://127.0.0.1:1")
            .env("SWITCHBOARD__REDIS__CACHE_URL", "redis://127.0.0.1:1")
            .env("SWITCHBOARD__REDIS__RATELIMIT_URL", "redis://127.0.0.1:1")
            .env("SWITCHBOARD__SECRETS__SEAL_KEY", "ab".repeat(32))
            .env("SWITCHBOARD__SHUTDOWN__DRAIN_SECONDS", "0")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().ok_or("a process with a log")?;
        let mut alone = Self { child, log: BufReader::new(stderr), address: String::new() };
        let mut line = String::new();
        while alone.address.is_empty() {
            line.clear();
            if alone.log.read_line(&mut line)? == 0 {
                return Err("the process ended before it listened".into());
            }
            if let Some((_, rest)) = line.split_once("listening on ") {
                alone.address = rest.split('"').next().unwrap_or_default().to_owned();
            }
        }
        Ok(alone)
    }

    /// The whole answer to a request such as `GET /health`.
    pub fn ask(&self, request: &str) -> Outcome<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Self::PATIENCE))?;
        write!(stream, "{request} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Asks it to end, and answers with whether it ended well and what it logged to the last.
    pub fn terminate(mut self) -> Outcome<(bool, String)> {
        let pid = self.child.id().to_string();
        if !Command::new("kill").args(["-TERM", &pid]).status()?.success() {
            return Err("the process was gone already".into());
        }
        let mut rest = String::new();
        self.log.read_to_string(&mut rest)?;
        Ok((self.child.wait()?.success(), rest))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
