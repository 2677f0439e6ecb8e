use std::collections::HashMap;

use anyhow::Context;
use serde::{Deserialize, de::DeserializeOwned};

use super::sealed::Keys;

/// Everything our database knows that a check needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    /// The numbers under which the ledger knows providers.
    pub(crate) providers: Vec<Provider>,
    pub(crate) orders: Vec<Order>,
    pub(crate) keys: Vec<Key>,
    pub(crate) wallets: Vec<Wallet>,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) messages: Vec<Message>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) topups: Vec<Topup>,
    pub(crate) reversals: Vec<Reversal>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) told: Vec<Told>,
    pub(crate) events: Vec<Event>,
    pub(crate) canaries: Vec<Canary>,
    pub(crate) dead_tasks: Vec<DeadTask>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Provider {
    pub(crate) id: i64,
    pub(crate) code: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) attempt: i64,
    pub(crate) price: i64,
    pub(crate) cost_micros: i64,
    pub(crate) state: String,
    pub(crate) provider: String,
    pub(crate) external_id: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) upstream_open: bool,
    pub(crate) sms_revision: i64,
    pub(crate) otp_message: Option<String>,
    #[serde(default)]
    otp_sealed: Option<String>,
    #[serde(default)]
    otp_day: Option<String>,
}

/// What a repeated request finds.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Key {
    pub(crate) user_id: i64,
    pub(crate) operation: String,
    #[serde(rename = "key")]
    pub(crate) text: String,
    pub(crate) order_ids: Vec<i64>,
    pub(crate) created_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wallet {
    pub(crate) user_id: i64,
    pub(crate) available: i64,
    pub(crate) held: i64,
    pub(crate) seq: i64,
    /// Owed after a payment was taken back.
    #[serde(default)]
    pub(crate) debt: i64,
    /// Whether purchases are stopped.
    #[serde(default)]
    pub(crate) frozen: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) journal_key: String,
    pub(crate) from_class: String,
    pub(crate) from_owner: i64,
    pub(crate) to_class: String,
    pub(crate) to_owner: i64,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) wallet_user: Option<i64>,
    pub(crate) wallet_seq: Option<i64>,
    pub(crate) available_after: Option<i64>,
    pub(crate) held_after: Option<i64>,
    pub(crate) debt_after: Option<i64>,
}

/// A text that a customer got.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Message {
    pub(crate) user_id: i64,
    pub(crate) order_id: i64,
    pub(crate) revision: i64,
    pub(crate) text: String,
    #[serde(default)]
    sealed: Option<String>,
    #[serde(default)]
    day: Option<String>,
}

/// A callback as it was stored.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Letter {
    pub(crate) id: i64,
    pub(crate) provider: String,
    pub(crate) external_id: String,
    pub(crate) state: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Topup {
    pub(crate) id: String,
    pub(crate) user_id: i64,
    pub(crate) gateway: String,
    /// In rupiah.
    pub(crate) amount: i64,
    /// What the gateway was asked for, in the units of the ledger.
    pub(crate) charge_amount: i64,
    pub(crate) charge_currency: String,
    pub(crate) state: String,
}

/// Money that went back without our doing, as it was booked.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reversal {
    pub(crate) gateway: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) payment_id: String,
    /// In rupiah, from the customer.
    pub(crate) taken: i64,
    pub(crate) state: String,
    pub(crate) user_id: i64,
}

/// Money that an operator sends back.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) topup_id: String,
    pub(crate) gateway: String,
    pub(crate) payment_id: String,
    /// In rupiah, from the customer.
    pub(crate) amount: i64,
    pub(crate) state: String,
    pub(crate) user_id: i64,
}

/// How often customers were told of one thing.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Told {
    pub(crate) order_id: i64,
    pub(crate) kind: String,
    pub(crate) times: i64,
    pub(crate) unstamped: i64,
}

/// An event with its place, if it has one yet.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Event {
    pub(crate) user_id: i64,
    pub(crate) order_id: i64,
    #[serde(rename = "event")]
    pub(crate) kind: String,
    pub(crate) seq: Option<u64>,
}

/// How often a task of no other use took effect.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Canary {
    pub(crate) task_id: i64,
    pub(crate) subject: String,
    pub(crate) times: i64,
}

/// A task that nobody tries any more.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DeadTask {
    pub(crate) id: i64,
    pub(crate) kind: String,
}

/// Read in one snapshot. Each section begins with its name after a number sign.
pub(super) const QUERIES: &str = "
\\echo #providers
SELECT to_json(x) FROM (SELECT id, code FROM providers ORDER BY id) x;
\\echo #orders
SELECT to_json(x) FROM (
    SELECT o.id, o.user_id, o.attempt, o.price, o.cost_micros, o.state, p.code AS provider,
           o.external_id, o.phone, o.upstream_open, o.sms_revision, o.otp_message,
           to_jsonb(o) ->> 'otp_message_sealed' AS otp_sealed, to_jsonb(o) ->> 'otp_day' AS otp_day,
           o.failed_reason, o.created_at, o.changed_at
    FROM orders o JOIN providers p ON p.id = o.provider_id ORDER BY o.id) x;
\\echo #keys
SELECT to_json(x) FROM (
    SELECT user_id, operation, key, order_ids,
           (extract(epoch FROM created_at) * 1000)::bigint AS created_ms
    FROM idempotency_keys ORDER BY user_id, operation, key) x;
\\echo #wallets
SELECT to_json(w) FROM ledger.wallets w ORDER BY user_id;
\\echo #transfers
SELECT to_json(x) FROM (
    SELECT journal_key, from_class, from_owner, to_class, to_owner, amount, currency,
           wallet_user, wallet_seq, available_after, held_after, debt_after
    FROM ledger.transfers ORDER BY wallet_user, wallet_seq, journal_key, leg) x;
\\echo #messages
SELECT to_json(x) FROM (
    SELECT m.user_id, m.order_id, m.revision, coalesce(m.text, '') AS text,
           to_jsonb(m) ->> 'text_sealed' AS sealed, to_jsonb(m) ->> 'day' AS day
    FROM sms_messages m ORDER BY m.order_id, m.revision) x;
\\echo #letters
SELECT to_json(x) FROM (
    SELECT i.id, p.code AS provider, i.external_id, i.state
    FROM sms_inbox i JOIN providers p ON p.id = i.provider_id ORDER BY i.id) x;
\\echo #topups
SELECT to_json(t) FROM topups t ORDER BY id;
\\echo #reversals
SELECT to_json(x) FROM (
    SELECT r.gateway, r.kind, r.id, r.payment_id, r.taken, r.state, t.user_id
    FROM payment_reversals r JOIN topups t ON t.id = r.topup_id ORDER BY r.number) x;
\\echo #refunds
SELECT to_json(x) FROM (
    SELECT r.id, r.topup_id, t.gateway, r.payment_id, r.amount, r.state, t.user_id
    FROM topup_refunds r JOIN topups t ON t.id = r.topup_id ORDER BY r.number) x;
\\echo #told
SELECT to_json(x) FROM (
    SELECT order_id, kind, count(*) AS times, count(*) FILTER (WHERE seq IS NULL) AS unstamped
    FROM events GROUP BY order_id, kind ORDER BY order_id, kind) x;
\\echo #events
SELECT to_json(x) FROM (
    SELECT user_id, order_id, kind AS event, seq FROM events ORDER BY id) x;
SELECT to_regclass('sms_keys') IS NOT NULL AS has_sms_keys \\gset
\\if :has_sms_keys
\\echo #sms_keys
SELECT to_json(x) FROM (SELECT day::text, key_sealed::text AS key FROM sms_keys) x;
\\endif
SELECT to_regclass('task_canary') IS NOT NULL AS has_tasks \\gset
\\if :has_tasks
\\echo #canaries
SELECT to_json(x) FROM (
    SELECT task_id, subject, count(*) AS times FROM task_canary
    GROUP BY task_id, subject ORDER BY task_id) x;
\\echo #dead_tasks
SELECT to_json(x) FROM (
    SELECT id, kind FROM tasks WHERE dead_at IS NOT NULL ORDER BY id) x;
\\endif
";

impl Books {
    /// Reads what [`QUERIES`] printed.
    pub(super) fn parse(printed: &str) -> anyhow::Result<Self> {
        let mut sections: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut section = "";
        for line in printed.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix('#') {
                Some(name) => section = name,
                None => sections.entry(section).or_default().push(line),
            }
        }
        let rows = |name| sections.get(name).map_or(&[][..], Vec::as_slice);
        let sealed = Keys::of(parse(rows("sms_keys"))?)?;
        Ok(Self {
            providers: parse(rows("providers"))?,
            orders: opened_orders(parse(rows("orders"))?, &sealed),
            keys: parse(rows("keys"))?,
            wallets: parse(rows("wallets"))?,
            transfers: parse(rows("transfers"))?,
            messages: opened_messages(parse(rows("messages"))?, &sealed),
            letters: parse(rows("letters"))?,
            topups: parse(rows("topups"))?,
            reversals: parse(rows("reversals"))?,
            refunds: parse(rows("refunds"))?,
            told: parse(rows("told"))?,
            events: parse(rows("events"))?,
            canaries: parse(rows("canaries"))?,
            dead_tasks: parse(rows("dead_tasks"))?,
        })
    }
}

fn opened_orders(mut orders: Vec<Order>, keys: &Keys) -> Vec<Order> {
    for order in &mut orders {
        if let Some(sealed) = &order.otp_sealed {
            let place = format!("orders.otp_message:{}", order.id);
            order.otp_message = Some(keys.text(order.otp_day.as_deref(), &place, sealed));
        }
    }
    orders
}

fn opened_messages(mut messages: Vec<Message>, keys: &Keys) -> Vec<Message> {
    for message in &mut messages {
        if let Some(sealed) = &message.sealed {
            let place = format!("sms_messages.text:{}:{}", message.order_id, message.revision);
            message.text = keys.text(message.day.as_deref(), &place, sealed);
        }
    }
    messages
}

fn parse<T: DeserializeOwned>(rows: &[&str]) -> anyhow::Result<Vec<T>> {
    let row = |row: &&str| serde_json::from_str(row).with_context(|| (*row).to_owned());
    rows.iter().map(row).collect()
}
