use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use infra::http::JsonClient;
use runtime::{SecretString, config::Orders};
use serde_json::{Value, json};

use super::Arguments;
use crate::Desk;

/// The longest call; nothing here takes a second unless something is wrong.
const CALL: Duration = Duration::from_secs(20);
const PROVIDERS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Where the story plays: the public API, the outside world, and somebody who tells it.
pub(super) struct Stage {
    pub(super) desk: Desk,
    pub(super) api: JsonClient,
    pub(super) sandbox: JsonClient,
    pub(super) terms: Orders,
    urls: (String, String),
    started: Instant,
}

impl Stage {
    pub(super) fn new(desk: Desk, arguments: &Arguments, terms: Orders) -> anyhow::Result<Self> {
        let Arguments { api_url, sandbox_url } = arguments;
        Ok(Self {
            desk,
            api: JsonClient::new(api_url, CALL)?,
            sandbox: JsonClient::new(sandbox_url, CALL)?,
            terms,
            urls: (api_url.clone(), sandbox_url.clone()),
            started: Instant::now(),
        })
    }

    /// The customer speaks from now on.
    pub(super) fn enter(&mut self, token: String) {
        self.api = self.api.clone().with_token(SecretString::from(token));
    }

    /// Providers without faults that let a number be given back as early as we do.
    pub(super) async fn set(&self) -> anyhow::Result<()> {
        let Orders { lifetime, min_cancel, .. } = &self.terms;
        say(&format!(
            "\nA customer's day. To be short, an order lives {} s here instead of 20 minutes, and \
             may be\ncanceled after {} s instead of 2 minutes.\n",
            lifetime.as_secs(),
            min_cancel.as_secs()
        ))?;
        for provider in PROVIDERS {
            let path = format!("/control/providers/{provider}");
            let body = json!({ "min_cancel_seconds": min_cancel.as_secs() });
            self.sandbox.post(&path, &body).await?;
            self.sandbox.post(&format!("{path}/faults"), &json!({})).await?;
        }
        say(&format!("{:>8}  {:<80} {:>14}", "TIME", "WHAT HAPPENS", "BALANCE"))
    }

    /// Tells what happened, with the balance that the customer sees.
    pub(super) async fn tell(&self, what: &str) -> anyhow::Result<()> {
        let balance = self.balance().await?;
        let seconds = self.started.elapsed().as_secs_f64();
        say(&format!("{seconds:>6.1} s  {what:<80} {:>14}", rupiah(balance)))
    }

    pub(super) async fn balance(&self) -> anyhow::Result<i64> {
        let body = self.api.get("/v1/balance").await.context("asking for the balance")?;
        body.pointer("/data/balance").and_then(Value::as_i64).context("no balance in the answer")
    }

    pub(super) fn close(&self) -> anyhow::Result<()> {
        let (api, sandbox) = &self.urls;
        say(&format!(
            "\nEverything went as it should. It all keeps running:\n\
             \x20 API       {api}/v1    (token: . .dev/stack.env; echo $API_TOKEN)\n\
             \x20 sandbox   {sandbox}/control/state\n\
             \x20 settings  . .dev/stack.env, then target/release/ctl --help\n\
             Stop everything: make down."
        ))
    }
}

/// `1 234 567 IDR`.
pub(super) fn rupiah(amount: i64) -> String {
    let digits = amount.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    format!("{text} IDR")
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

#[cfg(test)]
mod tests {
    use super::rupiah;

    #[test]
    fn groups_thousands() {
        assert_eq!(rupiah(0), "0 IDR");
        assert_eq!(rupiah(999), "999 IDR");
        assert_eq!(rupiah(1_234_567), "1 234 567 IDR");
    }
}
