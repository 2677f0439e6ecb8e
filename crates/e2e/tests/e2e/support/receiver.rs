//! Servers of customers, written with the libraries that customers use.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};

use super::{
    certificates::Certificates,
    customer::Customer,
    process::{Process, Program},
    python::interpreter,
    stack::Stack,
    wait::{SOON, eventually},
};

/// A server that takes messages in several ways, see `python/receiver.py`.
pub(crate) struct Receiver {
    process: Process,
    url: String,
}

impl Receiver {
    /// One that is ready.
    pub(crate) async fn start(stack: &Stack) -> Self {
        Self::launch(stack, "http", Vec::new()).await
    }

    /// One that speaks TLS with that certificate, and believes what is signed with `secret`.
    pub(crate) async fn sealed(
        stack: &Stack,
        certificates: &Certificates,
        (name, secret): (&str, &str),
    ) -> Self {
        let path = |path: PathBuf| path.display().to_string();
        let set = vec![
            ("CERTIFICATE", path(certificates.certificate(name))),
            ("KEY", path(certificates.key(name))),
            ("SECRET", secret.to_owned()),
        ];
        Self::launch(stack, "https", set).await
    }

    async fn launch(stack: &Stack, scheme: &str, set: Vec<(&str, String)>) -> Self {
        static TURN: AtomicU32 = AtomicU32::new(0);
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/receiver.py");
        let usual = ["PYTHONUTF8", "PYTHONDONTWRITEBYTECODE"].map(|name| (name, "1".to_owned()));
        let environment = usual.into_iter().chain(set);
        let process = Process::start(Program {
            name: "receiver".to_owned(),
            path: interpreter().await.to_owned(),
            arguments: vec![script.display().to_string()],
            environment: environment.map(|(key, it)| (key.to_owned(), it)).collect(),
            log: stack.scratch(&format!("receiver-{turn}.log")),
        });
        let mut receiver = Self { process, url: String::new() };
        let port = eventually("the receiver listens", SOON, async || {
            receiver.lines().first().and_then(|line| line["port"].as_u64()).ok_or("not yet")
        });
        let port = port.await;
        receiver.url = format!("{scheme}://127.0.0.1:{port}");
        receiver
    }

    /// Where a customer may be told; `path` says how it goes.
    pub(crate) fn at(&self, path: &str, customer: &Customer) -> String {
        format!("{}{path}?{}", self.url, customer.id)
    }

    /// Has a customer told there, and every message checked.
    pub(crate) async fn listen(&self, path: &str, customer: &Customer) -> Value {
        let url = self.at(path, customer);
        let set = customer.patch("/v1/webhook", json!({ "webhook_url": url })).await.data();
        let place = format!("{path}?{}", customer.id);
        let secret = json!({ "path": place, "secret": set["webhook_secret"] });
        let told = customer.http.post(format!("{}/secret", self.url)).json(&secret).send().await;
        assert_eq!(told.unwrap().status(), 200);
        set
    }

    /// What came for a customer, in order.
    pub(crate) fn came(&self, customer: &Customer) -> Vec<Value> {
        let query = customer.id.to_string();
        self.lines().into_iter().filter(|line| line["query"] == query).collect()
    }

    fn lines(&self) -> Vec<Value> {
        let log = std::fs::read(&self.process.program.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
