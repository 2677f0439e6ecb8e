//! The full audit: every question to the books, in one snapshot.

use domain::{
    ledger::audit::{AuditReport, Finding, TrialLine},
    money::Currency,
    store::StoreError,
};
use sqlx::{PgConnection, Postgres as Driver, Transaction};

use super::payins;
use crate::postgres::{Postgres, error};

/// One snapshot that lasts as long as reading the whole history may take.
#[expect(clippy::disallowed_methods, reason = "an audit needs one snapshot for all questions")]
pub(super) async fn snapshot(postgres: &Postgres) -> sqlx::Result<Transaction<'static, Driver>> {
    let mut tx = postgres.pool.begin().await?;
    sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .execute(&mut *tx)
        .await?;
    // Longer than any request may take.
    sqlx::query!("SET LOCAL statement_timeout = '10min'").execute(&mut *tx).await?;
    Ok(tx)
}

pub(super) async fn full(postgres: &Postgres) -> Result<AuditReport, StoreError> {
    let mut tx = snapshot(postgres).await.map_err(error::store)?;
    let report = look_at_everything(&mut tx).await.map_err(error::store)?;
    tx.commit().await.map_err(error::store)?;
    Ok(report)
}

async fn look_at_everything(conn: &mut PgConnection) -> sqlx::Result<AuditReport> {
    let size = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM ledger.transfers) AS "transfers!",
                  (SELECT count(*) FROM ledger.wallets) AS "wallets!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    let mut findings = wallets(conn).await?;
    findings.extend(history(conn).await?);
    findings.extend(links(conn, 0, i64::MAX).await?);
    findings.extend(orders(conn).await?);
    findings.extend(payins::findings(conn).await?);
    findings.extend(sums(conn).await?);
    let trial_balance = trial_balance(conn).await?;
    findings.extend(unbalanced(&trial_balance));
    let root = sqlx::query_scalar!(
        "SELECT encode(sha256(string_agg(chain, ''::bytea ORDER BY user_id)), 'hex')
         FROM ledger.wallets"
    );
    let root = root.fetch_one(&mut *conn).await?;
    let (transfers, wallets) = (size.transfers, size.wallets);
    Ok(AuditReport { transfers, wallets, findings, trial_balance, root })
}

/// L13: what accounts of one currency hold adds up to zero.
pub(super) fn unbalanced(lines: &[TrialLine]) -> Vec<Finding> {
    let sum = |currency: Currency| -> i64 {
        let lines = lines.iter().filter(|line| line.currency == currency.code());
        lines.map(|line| line.balance).sum()
    };
    let sums = Currency::ALL.map(|currency| (currency.code(), sum(currency)));
    let off = sums.into_iter().filter(|(_, sum)| *sum != 0);
    off.map(|(currency, sum)| finding("L13", None, None, format!("{currency} sums to {sum}")))
        .collect()
}

pub(super) fn finding(
    invariant: &str,
    user_id: Option<i64>,
    order_id: Option<i64>,
    detail: String,
) -> Finding {
    Finding { invariant: invariant.to_owned(), user_id, order_id, detail }
}

/// L5, L21: a wallet holds what its movements add up to, and as many as it counted.
async fn wallets(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"WITH moved AS (
               SELECT wallet_user AS user_id, count(*) AS rows, max(wallet_seq) AS seq,
                      sum(CASE WHEN to_class = 'available' THEN amount ELSE 0 END
                        - CASE WHEN from_class = 'available' THEN amount ELSE 0 END) AS available,
                      sum(CASE WHEN to_class = 'held' THEN amount ELSE 0 END
                        - CASE WHEN from_class = 'held' THEN amount ELSE 0 END) AS held,
                      sum((to_class = 'held')::int - (from_class = 'held')::int) AS holds,
                      sum(CASE WHEN from_class = 'debt' THEN amount ELSE 0 END
                        - CASE WHEN to_class = 'debt' THEN amount ELSE 0 END) AS debt
               FROM ledger.transfers WHERE wallet_user IS NOT NULL GROUP BY wallet_user
           )
           SELECT coalesce(w.user_id, m.user_id) AS "user_id!",
                  format('wallet %s+%s-%s with %s holds after %s, movements %s+%s-%s with %s after %s',
                         w.available, w.held, w.debt, w.holds, w.seq,
                         m.available, m.held, m.debt, m.holds, m.seq) AS "detail!"
           FROM ledger.wallets w FULL JOIN moved m USING (user_id)
           WHERE coalesce(w.available, -1) <> coalesce(m.available, 0)
              OR coalesce(w.held, -1) <> coalesce(m.held, 0)
              OR coalesce(w.holds, -1) <> coalesce(m.holds, 0)
              OR coalesce(w.debt, -1) <> coalesce(m.debt, 0)
              OR coalesce(w.seq, -1) <> coalesce(m.rows, 0)
              OR coalesce(m.rows, 0) <> coalesce(m.seq, 0)"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| finding("L5", Some(r.user_id), None, r.detail)).collect())
}

/// L5: each movement's balance follows from the one before.
async fn history(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"SELECT wallet_user AS "user_id!", journal_key AS "key!" FROM (
               SELECT wallet_user, journal_key, available_after, held_after,
                      coalesce(debt_after, 0) AS debt_after,
                      (to_class = 'available')::int * amount
                        - (from_class = 'available')::int * amount AS available,
                      (to_class = 'held')::int * amount
                        - (from_class = 'held')::int * amount AS held,
                      (from_class = 'debt')::int * amount
                        - (to_class = 'debt')::int * amount AS debt,
                      lag(available_after, 1, 0::bigint) OVER w AS available_before,
                      lag(held_after, 1, 0::bigint) OVER w AS held_before,
                      lag(coalesce(debt_after, 0), 1, 0::bigint) OVER w AS debt_before
               FROM ledger.transfers WHERE wallet_user IS NOT NULL
               WINDOW w AS (PARTITION BY wallet_user ORDER BY wallet_seq)
           ) AS steps
           WHERE available_after <> available_before + available
              OR held_after <> held_before + held
              OR debt_after <> debt_before + debt"#
    )
    .fetch_all(conn)
    .await?;
    let detail = |key: String| format!("balance after {key} does not follow");
    Ok(rows.into_iter().map(|r| finding("L5", Some(r.user_id), None, detail(r.key))).collect())
}

/// L17: each movement of a wallet is chained to the one before, from the first chained one on.
pub(super) async fn links(
    conn: &mut PgConnection,
    from: i64,
    to: i64,
) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"SELECT user_id AS "user_id!", journal_key AS "key!" FROM ledger.broken_links($1, $2)"#,
        from,
        to,
    )
    .fetch_all(conn)
    .await?;
    let detail = |key: String| format!("the hash of {key} does not follow");
    Ok(rows.into_iter().map(|r| finding("L17", Some(r.user_id), None, detail(r.key))).collect())
}

/// L13: the sums that are kept are those of the movements.
async fn sums(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query_scalar!(
        r#"WITH moved AS (
               SELECT s.class, s.owner, t.currency, sum(s.amount) AS balance
               FROM ledger.transfers t
               CROSS JOIN LATERAL (VALUES (t.to_class, t.to_owner, t.amount),
                                          (t.from_class, t.from_owner, -t.amount))
                   AS s (class, owner, amount)
               WHERE s.class NOT IN ('available', 'held', 'debt')
               GROUP BY s.class, s.owner, t.currency
           ), kept AS (
               SELECT * FROM ledger.balances WHERE class NOT IN ('available', 'held', 'debt')
           )
           SELECT format('%s %s holds %s %s, its movements add up to %s', class, owner, k.balance,
                         currency, m.balance) AS "detail!"
           FROM kept k FULL JOIN moved m USING (class, owner, currency)
           WHERE coalesce(k.balance, 0) <> coalesce(m.balance, 0)"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|detail| finding("L13", None, None, detail)).collect())
}

/// L14: an order has exactly the journals that its state implies, and the other way round.
async fn orders(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"WITH holds AS (
               SELECT split_part(journal_key, ':', 2)::bigint AS order_id,
                      split_part(journal_key, ':', 3)::int AS attempt,
                      wallet_user AS user_id, amount
               FROM ledger.transfers WHERE kind = 'ORDER_DEBIT'
           ), resolutions AS (
               SELECT split_part(journal_key, ':', 2)::bigint AS order_id,
                      split_part(journal_key, ':', 3)::int AS attempt, kind
               FROM ledger.transfers
               WHERE kind IN ('ORDER_REFUND', 'ORDER_CAPTURE') AND leg = 1
           ), steps AS (
               SELECT h.order_id, h.attempt, h.user_id, h.amount, r.kind AS resolved
               FROM holds h LEFT JOIN resolutions r USING (order_id, attempt)
           )
           SELECT coalesce(o.id, s.order_id) AS "order_id!",
                  coalesce(o.user_id, s.user_id) AS "user_id!",
                  format('state %s, attempt %s of %s, held %s of %s, resolved by %s', o.state,
                         s.attempt, o.attempt, s.amount, o.price, s.resolved) AS "detail!"
           FROM orders o FULL JOIN steps s ON s.order_id = o.id
           WHERE o.id IS NULL OR s.order_id IS NULL OR s.user_id <> o.user_id
              OR s.attempt > o.attempt
              OR (s.attempt < o.attempt AND s.resolved IS DISTINCT FROM 'ORDER_REFUND')
              OR (s.attempt = o.attempt AND (s.amount <> o.price OR s.resolved IS DISTINCT FROM
                  CASE WHEN o.state IN ('RESERVING', 'ACTIVE') THEN NULL
                       WHEN o.state IN ('OTP_RECEIVED', 'COMPLETED') THEN 'ORDER_CAPTURE'
                       ELSE 'ORDER_REFUND' END))
           UNION ALL
           SELECT o.id, o.user_id, format('%s holds for %s attempts', count(h.attempt), o.attempt)
           FROM orders o LEFT JOIN holds h ON h.order_id = o.id
           GROUP BY o.id, o.user_id, o.attempt HAVING count(h.attempt) <> o.attempt"#
    )
    .fetch_all(conn)
    .await?;
    let row = |user, order, detail| finding("L14", Some(user), Some(order), detail);
    Ok(rows.into_iter().map(|r| row(r.user_id, r.order_id, r.detail)).collect())
}

pub(super) async fn trial_balance(conn: &mut PgConnection) -> sqlx::Result<Vec<TrialLine>> {
    sqlx::query_as!(
        TrialLine,
        r#"SELECT class AS "class!", currency AS "currency!", sum(balance)::bigint AS "balance!"
           FROM ledger.balances GROUP BY class, currency ORDER BY currency, class"#
    )
    .fetch_all(conn)
    .await
}
