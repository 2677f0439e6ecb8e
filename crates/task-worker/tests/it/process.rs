use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

/// The binary itself, with neither Postgres nor Redis to talk to.
struct Alone {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Alone {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_task-worker"))
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
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the process ended");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split('"').next().unwrap().to_owned();
            }
        };
        Self { child, log, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn starts_before_its_backends_and_says_that_it_is_not_ready() {
    let mut alone = Alone::start();
    assert!(alone.get("/health").starts_with("HTTP/1.1 200 "));
    let ready = alone.get("/health/ready");
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    assert!(ready.ends_with(r#"{"status":"failed","checks":{"database":"failed"}}"#), "{ready}");
    // Without Redis nobody leads, so that the tasks run, and without Postgres they fail.
    let metrics = alone.get("/metrics");
    assert!(metrics.contains("task_leader{task=\"relay\"} 0"), "{metrics}");

    let pid = alone.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut rest = String::new();
    alone.log.read_to_string(&mut rest).unwrap();
    assert!(alone.child.wait().unwrap().success(), "{rest}");
}
