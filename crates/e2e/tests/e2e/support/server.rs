use reqwest::Client;

use super::{
    http::{self, Reply},
    process::{Process, Program},
    wait::{SOON, eventually},
};

/// One of our servers.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) url: String,
    http: Client,
}

impl Server {
    pub(super) fn start(program: Program, port: u16, http: Client) -> Self {
        let url = format!("http://127.0.0.1:{port}");
        Self { process: Process::start(program), url, http }
    }

    /// Waits until it can do its work.
    pub(crate) async fn ready(&self) {
        let what = format!("{} is ready", self.process.program.name);
        eventually(&what, SOON, async || {
            let log = || self.process.log_tail(20);
            assert!(self.process.is_running(), "{} ended:\n{}", self.process.program.name, log());
            match self.get("/health/ready").await {
                Some(reply) if reply.status == 200 => Ok(()),
                Some(reply) => Err(reply.text),
                None => Err("no answer".to_owned()),
            }
        })
        .await;
    }

    /// Starts it again after its end and waits until it is ready.
    pub(crate) async fn start_again(&self) {
        self.process.start_again();
        self.ready().await;
    }

    /// Fetches one of its pages; nothing when it does not answer.
    pub(crate) async fn get(&self, path: &str) -> Option<Reply> {
        http::get(&self.http, &format!("{}{path}", self.url)).await
    }

    /// The value of a metric with these labels, if there is one.
    pub(crate) async fn find_metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let page = self.get("/metrics").await?.text;
        let labels: Vec<_> = labels.iter().map(|(key, it)| format!("{key}=\"{it}\"")).collect();
        let line = page.lines().find(|line| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']));
            rest.is_some_and(|rest| labels.iter().all(|label| rest.contains(label)))
        })?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Whether a line of its log has this in it.
    pub(crate) fn has_logged(&self, words: &str) -> bool {
        let log = std::fs::read(&self.process.program.log).unwrap();
        String::from_utf8_lossy(&log).contains(words)
    }

    /// Asks it to end and panics unless it does so cleanly.
    pub(crate) async fn stop(&self) {
        if self.process.is_running() {
            self.process.signal("TERM");
            let code = self.process.exit_code(SOON).await;
            assert_eq!(code, 0, "{}", self.process.log_tail(20));
        }
    }
}
