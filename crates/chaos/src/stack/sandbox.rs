//! The outside world. It is never killed: it remembers what really happened.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::{Value, json};

use super::process::{Process, Program};

/// Those who sell numbers, the cheapest first.
pub(crate) const PROVIDERS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Those who take payments.
pub(crate) const GATEWAYS: [&str; 4] = ["stripe", "heleket", "duitku", "btcpay"];

/// The running stand-in.
pub(crate) struct Sandbox {
    pub(crate) url: String,
    http: Client,
    _process: Process,
}

impl Sandbox {
    /// The address is known once it listens.
    pub(super) async fn start(mut program: Program, http: Client) -> anyhow::Result<Self> {
        let file = program.log.with_extension("address");
        program.arguments.extend(["--addr-file".to_owned(), file.display().to_string()]);
        let process = Process::start(program)?;
        let watch = process.watch(Duration::from_millis(10));
        let address = loop {
            match std::fs::read_to_string(&file) {
                Ok(address) => break address,
                Err(error) => watch.again(error.into()).await?,
            }
        };
        Ok(Self { url: format!("http://{}", address.trim()), http, _process: process })
    }

    pub(super) fn port(&self) -> anyhow::Result<u16> {
        let port = self.url.rsplit(':').next().and_then(|port| port.parse().ok());
        port.context("the sandbox has no port")
    }

    /// Calls a control, which has to succeed.
    pub(crate) async fn control(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let (status, answer) = self.try_control(path, body).await?;
        ensure!(status == 200, "{path}: {answer}");
        Ok(answer)
    }

    /// Calls a control that may refuse.
    pub(crate) async fn try_control(
        &self,
        path: &str,
        body: Value,
    ) -> anyhow::Result<(u16, Value)> {
        let url = format!("{}/control/{path}", self.url);
        let response = self.http.post(url).json(&body).send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    /// What it knows, with the `newest` activations of each provider and payments of each gateway.
    pub(crate) async fn state(&self, newest: Option<u32>) -> anyhow::Result<Value> {
        let query = newest.map_or_else(String::new, |newest| format!("?newest={newest}"));
        let url = format!("{}/control/state{query}", self.url);
        Ok(self.http.get(url).send().await?.json().await?)
    }

    /// What a gateway knows of money, whatever it told us.
    pub(crate) async fn truth(&self, gateway: &str) -> anyhow::Result<Value> {
        let url = format!("{}/control/{gateway}/truth", self.url);
        Ok(self.http.get(url).send().await?.json().await?)
    }

    /// Ends everything that goes wrong outside.
    pub(crate) async fn calm(&self) -> anyhow::Result<()> {
        for provider in PROVIDERS {
            self.control(&format!("providers/{provider}/faults"), json!({})).await?;
            self.control("callbacks/flush", json!({ "provider": provider })).await?;
        }
        for gateway in GATEWAYS {
            self.control(gateway, json!({ "faults": {} })).await?;
        }
        Ok(())
    }
}
