//! L9: what was booked for payments is what the journals moved.

use domain::ledger::audit::Finding;
use sqlx::PgConnection;

use super::audit::finding;

pub(super) async fn findings(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let mut findings = credits(conn).await?;
    findings.extend(returns(conn).await?);
    Ok(findings)
}

/// A payment is booked with the sum of its credits; every credit belongs to a payment.
async fn credits(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"WITH journals AS (
               SELECT journal_key, wallet_user, amount FROM ledger.transfers
               WHERE kind = 'TOPUP_CREDIT' AND wallet_user IS NOT NULL
           ), credits AS (
               -- Further credits of a payment have the total at the end of their key.
               SELECT coalesce(f.journal_key, j.journal_key) AS key, j.wallet_user,
                      sum(j.amount) AS credited
               FROM journals j LEFT JOIN journals f ON f.journal_key <> j.journal_key
                   AND f.journal_key = regexp_replace(j.journal_key, ':[0-9]+$', '')
               GROUP BY 1, 2
           ), booked AS (
               SELECT 'topup:' || p.gateway || ':' || p.payment_id AS key, t.user_id, p.credited
               FROM payments p JOIN topups t ON t.id = p.topup_id
           )
           SELECT coalesce(b.user_id, c.wallet_user) AS "user_id!",
                  format('%s is credited %s, booked %s', coalesce(b.key, c.key), c.credited,
                         b.credited) AS "detail!"
           FROM booked b FULL JOIN credits c ON c.key = b.key AND c.wallet_user = b.user_id
           WHERE coalesce(b.credited, 0) <> coalesce(c.credited, 0)"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| finding("L9", Some(r.user_id), None, r.detail)).collect())
}

/// The same for what went back.
async fn returns(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let rows = sqlx::query!(
        r#"WITH causes AS (
               SELECT 'clawback:' || gateway || ':'
                          || CASE kind WHEN 'UNDONE' THEN '' ELSE lower(kind) || ':' END
                          || id AS key, gateway, payment_id
               FROM payment_reversals
               UNION ALL
               SELECT 'refund:' || t.gateway || ':' || r.id, t.gateway, r.payment_id
               FROM topup_refunds r JOIN topups t ON t.id = r.topup_id
           ), journals AS (
               SELECT regexp_replace(journal_key, ':reversal$', '') AS key, wallet_user,
                      CASE WHEN kind IN ('CLAWBACK', 'TOPUP_REFUND') THEN amount
                           ELSE -amount END AS amount
               FROM ledger.transfers
               WHERE kind IN ('CLAWBACK', 'CLAWBACK_REVERSAL', 'TOPUP_REFUND',
                              'TOPUP_REFUND_REVERSAL') AND wallet_user IS NOT NULL
           ), moved AS (
               SELECT c.gateway, c.payment_id, j.wallet_user, sum(j.amount) AS reversed
               FROM journals j LEFT JOIN causes c USING (key) GROUP BY 1, 2, 3
           ), booked AS (
               SELECT p.gateway, p.payment_id, t.user_id, p.reversed
               FROM payments p JOIN topups t ON t.id = p.topup_id
           )
           SELECT coalesce(b.user_id, m.wallet_user) AS "user_id!",
                  format('%s of payment %s went back, booked %s', m.reversed,
                         coalesce(b.payment_id, m.payment_id), b.reversed) AS "detail!"
           FROM booked b FULL JOIN moved m ON m.gateway = b.gateway
               AND m.payment_id = b.payment_id AND m.wallet_user = b.user_id
           WHERE coalesce(b.reversed, 0) <> coalesce(m.reversed, 0)"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| finding("L9", Some(r.user_id), None, r.detail)).collect())
}
