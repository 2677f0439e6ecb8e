//! The incremental audit: what was finished since the last one.

use domain::{
    ledger::audit::{AuditReport, Finding, Horizon},
    store::StoreError,
};
use sqlx::PgConnection;

use super::{
    audit::{finding, links, snapshot, trial_balance, unbalanced},
    payins,
};
use crate::postgres::{Postgres, error};

/// The transactions looked at: from, inclusively, and to, exclusively.
#[derive(Clone, Copy)]
struct Window {
    from: i64,
    to: i64,
}

pub(in crate::postgres) async fn recent(
    postgres: &Postgres,
) -> Result<(AuditReport, Horizon), StoreError> {
    let mut tx = snapshot(postgres).await.map_err(error::store)?;
    let answer = look(&mut tx).await.map_err(error::store)?;
    tx.commit().await.map_err(error::store)?;
    Ok(answer)
}

async fn look(conn: &mut PgConnection) -> sqlx::Result<(AuditReport, Horizon)> {
    // Everything below the oldest running transaction is finished and in this snapshot.
    let window = sqlx::query_as!(
        Window,
        r#"SELECT h.xact AS "from!",
                  pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "to!"
           FROM ledger.horizons h WHERE h.name = 'audit'"#
    );
    let window = window.fetch_one(&mut *conn).await?;
    let size = sqlx::query!(
        r#"SELECT count(*) AS "transfers!", count(DISTINCT wallet_user) AS "wallets!"
           FROM ledger.transfers WHERE xact >= $1 AND xact < $2"#,
        window.from,
        window.to,
    );
    let size = size.fetch_one(&mut *conn).await?;
    let mut findings = wallets(conn, window).await?;
    findings.extend(history(conn, window).await?);
    findings.extend(links(conn, window.from, window.to).await?);
    findings.extend(orders(conn, window).await?);
    findings.extend(payins::recent(conn, (window.from, window.to)).await?);
    let trial_balance = trial_balance(conn).await?;
    findings.extend(unbalanced(&trial_balance));
    let (transfers, wallets) = (size.transfers, size.wallets);
    let report = AuditReport { transfers, wallets, findings, trial_balance, root: None };
    Ok((report, Horizon(window.to)))
}

/// L5: a wallet that moved holds what its last movement says.
async fn wallets(conn: &mut PgConnection, window: Window) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"WITH moved AS (
               SELECT DISTINCT wallet_user FROM ledger.transfers
               WHERE xact >= $1 AND xact < $2 AND wallet_user IS NOT NULL
           )
           SELECT m.wallet_user AS "user_id!",
                  format('wallet %s+%s-%s, its movement %s says %s+%s-%s', w.available, w.held,
                         w.debt, w.seq, t.available_after, t.held_after, t.debt_after)
                      AS "detail!"
           FROM moved m
           LEFT JOIN ledger.wallets w ON w.user_id = m.wallet_user
           LEFT JOIN ledger.transfers t ON t.wallet_user = w.user_id AND t.wallet_seq = w.seq
           WHERE (w.available, w.held, w.debt)
               IS DISTINCT FROM (t.available_after, t.held_after, coalesce(t.debt_after, 0))"#,
        window.from,
        window.to,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| finding("L5", Some(r.user_id), None, r.detail)).collect())
}

/// L5: each movement's balance follows from the one before, which exists.
async fn history(conn: &mut PgConnection, window: Window) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"SELECT t.wallet_user AS "user_id!", t.journal_key AS "key!"
           FROM ledger.transfers t
           LEFT JOIN ledger.transfers b
               ON b.wallet_user = t.wallet_user AND b.wallet_seq = t.wallet_seq - 1
           WHERE t.xact >= $1 AND t.xact < $2 AND t.wallet_user IS NOT NULL
             AND ((b.wallet_seq IS NULL) <> (t.wallet_seq = 1)
               OR t.available_after <> coalesce(b.available_after, 0) + t.amount
                  * ((t.to_class = 'available')::int - (t.from_class = 'available')::int)
               OR t.held_after <> coalesce(b.held_after, 0) + t.amount
                  * ((t.to_class = 'held')::int - (t.from_class = 'held')::int)
               OR coalesce(t.debt_after, 0) <> coalesce(b.debt_after, 0) + t.amount
                  * ((t.from_class = 'debt')::int - (t.to_class = 'debt')::int))"#,
        window.from,
        window.to,
    )
    .fetch_all(conn)
    .await?;
    let detail = |key: String| format!("balance after {key} does not follow");
    Ok(rows.into_iter().map(|r| finding("L5", Some(r.user_id), None, detail(r.key))).collect())
}

/// L14: an order whose money moved has exactly the journals that its state implies.
async fn orders(conn: &mut PgConnection, window: Window) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"WITH moved AS (
               SELECT split_part(journal_key, ':', 2)::bigint AS id, min(wallet_user) AS user_id,
                      max(split_part(journal_key, ':', 3)::int) AS attempt
               FROM ledger.transfers
               WHERE xact >= $1 AND xact < $2 AND leg = 1
                 AND kind IN ('ORDER_DEBIT', 'ORDER_REFUND', 'ORDER_CAPTURE')
               GROUP BY 1
           ), steps AS (
               SELECT m.id, coalesce(o.user_id, m.user_id) AS user_id, o.state, o.price,
                      o.attempt AS last, n.attempt, h.wallet_user AS payer, h.amount,
                      r.kind AS resolved
               FROM moved m
               LEFT JOIN orders o ON o.id = m.id
               CROSS JOIN LATERAL generate_series(1, greatest(o.attempt, m.attempt))
                   AS n (attempt)
               LEFT JOIN ledger.transfers h ON h.leg = 1
                   AND h.journal_key = format('order:%s:%s:hold', m.id, n.attempt)
               LEFT JOIN ledger.transfers r ON r.leg = 1
                   AND r.journal_key = format('order:%s:%s:resolve', m.id, n.attempt)
           )
           SELECT id AS "order_id!", user_id AS "user_id!",
                  format('state %s, attempt %s of %s, held %s of %s, resolved by %s', state,
                         attempt, last, amount, price, resolved) AS "detail!"
           FROM steps
           WHERE state IS NULL OR attempt > last OR payer IS DISTINCT FROM user_id
              OR (attempt < last AND resolved IS DISTINCT FROM 'ORDER_REFUND')
              OR (attempt = last AND (amount <> price OR resolved IS DISTINCT FROM
                  CASE WHEN state IN ('RESERVING', 'ACTIVE') THEN NULL
                       WHEN state IN ('OTP_RECEIVED', 'COMPLETED') THEN 'ORDER_CAPTURE'
                       ELSE 'ORDER_REFUND' END))"#,
        window.from,
        window.to,
    )
    .fetch_all(conn)
    .await?;
    let row = |user, order, detail| finding("L14", Some(user), Some(order), detail);
    Ok(rows.into_iter().map(|r| row(r.user_id, r.order_id, r.detail)).collect())
}
