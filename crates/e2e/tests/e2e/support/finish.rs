//! What must hold at the end of every test.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::{
    books::contradictions,
    server::Server,
    stack::{PROVIDERS, Stack},
    wait::eventually,
};

/// Longer than what is retried takes: a number is given back, a callback acted on.
const QUIET: Duration = Duration::from_secs(45);

/// Whatever is stored of orders, but for what is sealed, in whose digits anything could be found.
const ROWS: &str = "
    SELECT coalesce(string_agg(rows.row::text, ' '), '') FROM (
        SELECT to_jsonb(t) - '{otp_code_sealed,otp_message_sealed}'::text[] FROM orders t UNION ALL
        SELECT to_jsonb(t) - '{code_sealed,text_sealed}'::text[] FROM sms_messages t UNION ALL
        SELECT to_jsonb(t) - '{code_sealed,text_sealed,digest}'::text[] FROM sms_inbox t UNION ALL
        SELECT to_jsonb(t) FROM events t UNION ALL
        SELECT to_jsonb(t) FROM tasks t UNION ALL
        SELECT to_jsonb(t) FROM idempotency_keys t
    ) AS rows (row)";

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
        let doubts = self.doubts().await;
        assert!(doubts.is_empty(), "{}", doubts.join("\n"));
        self.plant_what_was_sold().await;
        self.check_tables().await;
        self.check_metrics().await;
        join_all(self.servers().map(Server::stop)).await;
        for log in self.logs() {
            let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
            self.secrets.assert_unseen(&log.display().to_string(), &text);
        }
        self.database.remove().await;
        self.is_finished = true;
        let _ = std::fs::remove_dir_all(&self.directory);
    }

    /// What our own trial balance and full audit have against the ledger. They see all of it, and
    /// nothing is to be found at any time.
    pub(crate) async fn doubts(&self) -> Vec<String> {
        let movements = "SELECT count(*) FROM ledger.transfers";
        let before = self.database.one::<i64>(movements).await;
        let mut doubts = Vec::new();
        for question in ["trial-balance", "audit --full"] {
            let words: Vec<&str> = ["ledger"].into_iter().chain(question.split(' ')).collect();
            let words = [&words[..], &["--json"]].concat();
            let done = self.ctl.try_run(&words).await;
            let told: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
            let seen = told["transfers"].as_i64().is_none_or(|seen| seen >= before);
            if done.code != 0 || told["clean"] != true || !seen {
                doubts.push(format!("{question}: {}\n{}", done.stdout, done.stderr));
            }
        }
        doubts
    }

    /// Every server tells how it fares, in labels without secrets.
    async fn check_metrics(&self) {
        for server in self.servers() {
            let name = &server.process.program.name;
            let page = server.get("/metrics").await.expect("metrics are told").text;
            assert!(page.contains("build_info"), "{name}: {page}");
            self.secrets.assert_unseen(name, &page);
        }
        for worker in &self.workers {
            let ran = worker.find_metric("task_runs_total", &[("outcome", "ok")]).await;
            assert!(ran.is_some_and(|times| times > 0.0), "{ran:?}");
        }
    }

    /// No code and no text can be read in the tables; numbers can.
    pub(crate) async fn check_tables(&self) {
        let rows: String = self.database.one(ROWS).await;
        for provider in PROVIDERS {
            for activation in self.sandbox.activations(provider).await {
                for sms in activation["sms"].as_array().unwrap() {
                    let long = sms["code"].as_str().filter(|code| code.len() >= 8);
                    for secret in sms["text"].as_str().into_iter().chain(long) {
                        assert!(!rows.contains(secret), "{secret:?} can be read in the database");
                    }
                }
            }
        }
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
