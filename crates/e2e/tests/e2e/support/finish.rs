//! What must hold at the end of every test.

use std::time::Duration;

use super::{
    books::contradictions,
    stack::{PROVIDERS, Stack},
    wait::eventually,
};

/// Longer than what is retried takes: a number is given back, a callback acted on.
const QUIET: Duration = Duration::from_secs(45);

impl Stack {
    /// Waits until all is settled, checks the books and the logs, ends everything cleanly.
    pub(crate) async fn finish(mut self) {
        for provider in PROVIDERS {
            self.sandbox.faults(provider, serde_json::json!({})).await;
        }
        eventually("our books and the world's agree", QUIET, async || {
            let found = contradictions(&self).await;
            if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
        })
        .await;
        let audit = self.ctl.try_run(&["ledger", "audit", "--json"]).await;
        assert_eq!(audit.code, 0, "{}\n{}", audit.stdout, audit.stderr);
        for worker in &self.workers {
            let page = worker.get("/metrics").await.expect("the task worker tells its metrics");
            assert!(page.text.contains("task_runs_total"), "{}", page.text);
        }
        for server in self.servers() {
            server.stop().await;
        }
        self.plant_what_was_sold().await;
        self.secrets.assert_unseen(self.logs());
        self.database.remove().await;
        self.is_finished = true;
        let _ = std::fs::remove_dir_all(&self.directory);
    }

    /// Numbers, codes and texts are secrets as well.
    async fn plant_what_was_sold(&self) {
        for provider in PROVIDERS {
            for activation in self.sandbox.activations(provider).await {
                self.secrets.plant(activation["phone"].as_str().unwrap());
                for sms in activation["sms"].as_array().unwrap() {
                    // Codes that tests send are long enough to be told from other numbers.
                    let code = sms["code"].as_str().unwrap();
                    if code.len() >= 8 {
                        self.secrets.plant(code);
                    }
                    self.secrets.plant(sms["text"].as_str().unwrap());
                }
            }
        }
    }
}
