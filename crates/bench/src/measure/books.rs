use anyhow::Context;
use serde_json::{Value, json};

use super::shop::Totals;
use crate::stack::Ground;

/// Whether everything that was sold is there, and every rupiah.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    /// Purchases answered with 200, and with anything else.
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    /// Orders in the database that have a number, and those that do not (yet).
    pub(crate) active: u64,
    pub(crate) other: u64,
    /// How often the sandbox was asked for a number.
    pub(crate) asked: u64,
    /// Transactions of pgbench in all its databases, and the orders they left.
    pub(crate) referenced: u64,
    pub(crate) reference_active: u64,
    /// What `ctl ledger audit --json` said; it ended with 0.
    pub(crate) audit: Value,
}

impl Books {
    pub(super) async fn check(ground: &Ground<'_>, totals: &Totals) -> anyhow::Result<Self> {
        // Both end badly when they find something.
        ground.ctl(&["ledger", "trial-balance"]).await?;
        let audit = ground.ctl(&["ledger", "audit", "--full", "--json"]).await?;
        let audit = serde_json::from_str(&audit).context("the audit is no JSON")?;
        let databases = ground.databases;
        // Some have got their code.
        let numbered = "IN ('ACTIVE', 'OTP_RECEIVED')";
        let orders = async |database: &str, condition: &str| {
            let statement =
                format!("SELECT count(*) FROM orders WHERE state {condition} {numbered}");
            databases.server.value::<u64>(database, &statement).await
        };
        let [acknowledged, refused, referenced] = totals.read();
        let mut reference_active = 0;
        for copy in databases.copies() {
            reference_active += orders(copy, "").await?;
        }
        Ok(Self {
            acknowledged,
            refused,
            active: orders(&databases.main, "").await?,
            other: orders(&databases.main, "NOT").await?,
            asked: ground.sales().await?,
            referenced,
            reference_active,
            audit,
        })
    }

    /// Every acknowledged purchase is an order with a number, and there is no further one but for
    /// what was refused because its outcome was unknown.
    pub(crate) fn agree(&self) -> bool {
        let unknown = self.active.checked_sub(self.acknowledged);
        unknown.is_some_and(|unknown| unknown <= self.refused)
            && self.asked >= self.active
            && self.asked - self.active <= self.refused
            && self.referenced == self.reference_active
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "acknowledged": self.acknowledged,
            "refused": self.refused,
            "orders_active": self.active,
            "orders_other": self.other,
            "asked_of_sandbox": self.asked,
            "pgbench_transactions": self.referenced,
            "pgbench_orders": self.reference_active,
            "audit": self.audit,
            "agree": self.agree(),
        })
    }
}
