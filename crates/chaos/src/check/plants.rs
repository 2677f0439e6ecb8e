//! Faults planted into the books of a run, to see whether the check finds them. Each is made in a
//! transaction that is undone, so that the books stay as they are.

use serde::{Deserialize, Serialize};

use super::{Facts, Finding, contradictions};
use crate::evidence::{Evidence, read_books};

/// What became of one planted fault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Planted {
    pub(crate) what: String,
    /// What the check says besides what it said before; empty when it has seen nothing.
    pub(crate) found: Vec<Finding>,
}

/// Triggers and foreign keys would refuse most of it.
const UNGUARDED: &str = "SET LOCAL session_replication_role = replica;";

/// What is planted, and how. Wallets and their histories agree wherever that is possible: only a
/// look outside the ledger can tell.
const PLANTS: [(&str, &str); 20] = [
    (
        "an order vanishes",
        "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders WHERE state = 'COMPLETED');",
    ),
    (
        "an order changes hands",
        "UPDATE orders o SET user_id = (SELECT min(id) FROM users WHERE id <> o.user_id)
         WHERE o.id = (SELECT min(id) FROM orders WHERE state = 'COMPLETED');",
    ),
    (
        "an order appears that nobody asked for",
        "INSERT INTO orders (user_id, product_id, catalog_product_id, attempt, price, provider_id,
             external_service, external_country, cost_micros, state, attempted_at, failed_reason,
             created_at, changed_at)
         SELECT user_id, product_id, catalog_product_id, 1, price, provider_id, external_service,
             external_country, cost_micros, 'FAILED', now(), 'provider', now(), now()
         FROM orders LIMIT 1;",
    ),
    (
        "a confirmed end is undone",
        "UPDATE orders SET state = 'EXPIRED', canceled_at = NULL
         WHERE id = (SELECT min(id) FROM orders WHERE state = 'CANCELED');",
    ),
    (
        "a purchase never ends",
        "UPDATE orders SET state = 'RESERVING', external_id = NULL, phone = NULL,
             activated_at = NULL, expires_at = NULL, cancel_from = NULL, canceled_at = NULL
         WHERE id = (SELECT min(id) FROM orders WHERE state IN ('CANCELED', 'EXPIRED'));",
    ),
    (
        "an order claims another number",
        "UPDATE orders SET external_id = external_id || '9'
         WHERE id = (SELECT min(id) FROM orders WHERE external_id IS NOT NULL);",
    ),
    (
        "the key of a purchase vanishes",
        "DELETE FROM idempotency_keys WHERE ctid = (SELECT min(ctid) FROM idempotency_keys);",
    ),
    (
        "a capture vanishes",
        "DELETE FROM ledger.transfer WHERE journal_key = (
             SELECT min(journal_key) FROM ledger.transfer WHERE kind = 'ORDER_CAPTURE');",
    ),
    (
        "a refund vanishes",
        "DELETE FROM ledger.transfer WHERE journal_key = (
             SELECT min(journal_key) FROM ledger.transfer WHERE kind = 'ORDER_REFUND');",
    ),
    (
        "a payment is credited twice, wallet and history agreeing",
        "SELECT ledger.post(journal_key || '_', kind, ARRAY[from_class], ARRAY[from_owner],
             ARRAY[to_class], ARRAY[to_owner], ARRAY[amount], ARRAY[currency])
         FROM ledger.transfer WHERE journal_key LIKE 'topup:stripe:%' ORDER BY journal_key LIMIT 1;",
    ),
    (
        "a payment is credited to somebody else",
        "UPDATE ledger.transfer SET to_owner = to_owner + 1
         WHERE to_class = 'available' AND journal_key = (
             SELECT min(journal_key) FROM ledger.transfer WHERE kind = 'TOPUP_CREDIT');",
    ),
    (
        "a credit vanishes",
        "DELETE FROM ledger.transfer WHERE journal_key = (
             SELECT min(journal_key) FROM ledger.transfer WHERE kind = 'TOPUP_CREDIT');",
    ),
    (
        "a claw-back vanishes",
        "DELETE FROM ledger.transfer WHERE journal_key = (
             SELECT min(journal_key) FROM ledger.transfer WHERE kind = 'CLAWBACK');",
    ),
    (
        "a debt is forgotten, wallet and history agreeing",
        "UPDATE ledger.wallet SET available = available + 1000 WHERE user_id = (
             SELECT min(user_id) FROM payment_reversals r JOIN topups t ON t.id = r.topup_id);
         UPDATE ledger.transfer SET available_after = available_after + 1000
         WHERE (wallet_user, wallet_seq) = (
             SELECT user_id, seq FROM ledger.wallet WHERE user_id = (
                 SELECT min(user_id) FROM payment_reversals r JOIN topups t ON t.id = r.topup_id));",
    ),
    (
        "a customer who was stopped buys again",
        "UPDATE ledger.wallet SET frozen = false WHERE frozen;",
    ),
    (
        "a refund is ordered twice",
        "INSERT INTO topup_refunds (id, topup_id, payment_id, amount, value_currency, value_amount,
             operator, approver, reason, state, created_at, changed_at)
         SELECT gen_random_uuid(), topup_id, payment_id, amount, value_currency, value_amount,
             operator, approver, reason, 'DONE', created_at, changed_at
         FROM topup_refunds LIMIT 1;",
    ),
    (
        "a wallet gains one rupiah",
        "UPDATE ledger.wallet SET available = available + 1
         WHERE user_id = (SELECT min(user_id) FROM ledger.wallet);",
    ),
    (
        "a message vanishes",
        "DELETE FROM sms_messages WHERE ctid = (SELECT min(ctid) FROM sms_messages);",
    ),
    (
        "a message goes to another customer",
        "UPDATE sms_messages m SET text_sealed = other.text_sealed, day = other.day
         FROM sms_messages other
         WHERE m.ctid = (SELECT min(ctid) FROM sms_messages)
           AND other.ctid = (SELECT max(ctid) FROM sms_messages);",
    ),
    (
        "customers are told twice",
        "INSERT INTO events (user_id, order_id, kind, created_at, seq)
         SELECT user_id, order_id, kind, created_at, (SELECT max(seq) + 1 FROM events)
         FROM events ORDER BY id LIMIT 1;",
    ),
];

/// Plants one fault after the other into the books at `url`, of which `evidence` tells, and which
/// have the faults `known` without that. What finds nothing to spoil, as after a run in which
/// nobody cancelled, is left out.
pub(crate) async fn plant_all(
    url: &str,
    evidence: &Evidence,
    known: &[Finding],
) -> anyhow::Result<Vec<Planted>> {
    let mut planted = Vec::new();
    let whole = read_books(url, "").await?;
    for (what, how) in PLANTS {
        let books = read_books(url, &format!("{UNGUARDED}\n{how}")).await?;
        if books == whole {
            continue;
        }
        let evidence = evidence.with_books(&books)?;
        let mut found = contradictions(&Facts::of(&evidence));
        found.retain(|finding| !known.contains(finding));
        planted.push(Planted { what: what.to_owned(), found });
    }
    Ok(planted)
}
