use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    stack::{Ground, start_api},
    stats::Spread,
};

/// Fine beside some milliseconds of start.
const INTERVAL: Duration = Duration::from_micros(200);

/// How long api-server takes from its start, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starts {
    /// To the first answer.
    pub(crate) health: Spread,
    /// To the first balance of a customer: database connected, token checked.
    pub(crate) balance: Spread,
}

impl Starts {
    pub(super) async fn measure(ground: &Ground<'_>, times: u32) -> anyhow::Result<Self> {
        let token = ground.tokens.first().context("there are no customers")?;
        let ask_health = b"GET /health HTTP/1.1\r\nhost: bench\r\n\r\n";
        let ask_balance = format!(
            "GET /v1/balance HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        let (mut health, mut balance) = (Vec::new(), Vec::new());
        for _ in 0..times {
            let started = Instant::now();
            let mut api = start_api(ground, &ground.logins.api)?;
            api.answers(ask_health, INTERVAL).await?;
            health.push(started.elapsed().as_secs_f64() * 1e3);
            api.answers(ask_balance.as_bytes(), INTERVAL).await?;
            balance.push(started.elapsed().as_secs_f64() * 1e3);
            api.stop().await?;
        }
        Ok(Self { health: Spread::of(health), balance: Spread::of(balance) })
    }

    pub(crate) fn json(&self) -> Value {
        let spread = |it: Spread| json!([it.least, it.median, it.greatest]);
        json!({ "health_ms": spread(self.health), "balance_ms": spread(self.balance) })
    }
}
