//! L9: what was booked for payments is what the journals moved.

use domain::ledger::audit::Finding;
use sqlx::PgConnection;

use super::audit::finding;

type Findings = sqlx::Result<Vec<Finding>>;

pub(super) async fn findings(conn: &mut PgConnection) -> Findings {
    let mut findings = credits(conn).await?;
    findings.extend(returns(conn).await?);
    Ok(findings)
}

/// A payment is booked with the sum of its credits; every credit belongs to a payment.
async fn credits(conn: &mut PgConnection) -> Findings {
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
async fn returns(conn: &mut PgConnection) -> Findings {
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
               -- What is undone in parts has what was undone before at the end of its stem.
               SELECT regexp_replace(journal_key, ':reversal$', '') AS key,
                      regexp_replace(journal_key, ':[0-9]+:reversal$', '') AS stem, wallet_user,
                      CASE WHEN kind IN ('CLAWBACK', 'TOPUP_REFUND') THEN amount
                           ELSE -amount END AS amount
               FROM ledger.transfers
               WHERE kind IN ('CLAWBACK', 'CLAWBACK_REVERSAL', 'TOPUP_REFUND',
                              'TOPUP_REFUND_REVERSAL') AND wallet_user IS NOT NULL
           ), moved AS (
               SELECT coalesce(c.gateway, s.gateway) AS gateway,
                      coalesce(c.payment_id, s.payment_id) AS payment_id, j.wallet_user,
                      sum(j.amount) AS reversed
               FROM journals j LEFT JOIN causes c ON c.key = j.key
               LEFT JOIN causes s ON c.key IS NULL AND s.key = j.stem
               GROUP BY 1, 2, 3
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

/// The same for payments whose money moved in the transactions from `from` up to `to`, or that were
/// booked within the last hour: each is looked up by key.
pub(super) async fn recent(conn: &mut PgConnection, (from, to): (i64, i64)) -> Findings {
    let rows = sqlx::query!(
        r#"WITH moved AS (
               SELECT journal_key, kind, wallet_user, split_part(journal_key, ':', 2) AS gateway,
                      regexp_replace(journal_key, '^[a-z]+:[a-z0-9]+:', '') AS id,
                      regexp_replace(journal_key, '^[a-z]+:\w+:|(:\d+)?:reversal$', '', 'g') AS of
               FROM ledger.transfers
               WHERE xact >= $1 AND xact < $2 AND wallet_user IS NOT NULL
                 AND kind ~ '^(TOPUP_CREDIT$|CLAWBACK|TOPUP_REFUND)'
           ), causes AS (
               SELECT m.journal_key, m.wallet_user, c.gateway, c.payment_id
               FROM moved m LEFT JOIN LATERAL (
                   SELECT p.gateway, p.payment_id FROM payments p
                   WHERE (m.kind, m.gateway) = ('TOPUP_CREDIT', p.gateway)
                     AND p.payment_id IN (m.id, regexp_replace(m.id, ':[0-9]+$', ''))
                   UNION ALL
                   SELECT r.gateway, r.payment_id FROM payment_reversals r
                   WHERE m.kind LIKE 'CLAWBACK%' AND r.gateway = m.gateway
                     AND (r.kind, r.id) IN (('REFUND', substr(m.of, length('refund:') + 1)),
                                            ('DISPUTE', substr(m.of, length('dispute:') + 1)),
                                            ('UNDONE', m.of))
                     AND m.of IN (lower(r.kind) || ':' || r.id, r.id)
                   UNION ALL
                   SELECT t.gateway, r.payment_id
                   FROM topup_refunds r JOIN topups t ON t.id = r.topup_id
                   WHERE m.kind LIKE 'TOPUP_REFUND%' AND (t.gateway, r.id::text) = (m.gateway, m.of)
               ) AS c ON true
           ), touched AS (
               SELECT gateway, payment_id FROM causes WHERE payment_id IS NOT NULL
               UNION
               SELECT gateway, payment_id FROM payments WHERE booked_at >= now() - interval '1 hour'
           ), sums AS (
               SELECT p.gateway, p.payment_id, t.user_id, p.credited, p.reversed,
                      (SELECT sum(c.amount) FROM ledger.transfers f
                       JOIN ledger.transfers c ON c.wallet_user = f.wallet_user
                           AND c.wallet_seq >= f.wallet_seq AND c.kind = 'TOPUP_CREDIT'
                           AND f.journal_key IN (c.journal_key,
                               regexp_replace(c.journal_key, ':[0-9]+$', ''))
                       WHERE f.journal_key = format('topup:%s:%s', p.gateway, p.payment_id)
                         AND f.wallet_user = t.user_id) AS arrived,
                      (SELECT sum(j.amount * CASE WHEN j.kind LIKE '%_REVERSAL' THEN -1 ELSE 1 END)
                       FROM (SELECT format('clawback:%s:%s%s', r.gateway, CASE
                                 WHEN r.kind <> 'UNDONE' THEN lower(r.kind) || ':' END, r.id)
                             FROM payment_reversals r
                             WHERE r.topup_id = t.id AND r.payment_id = p.payment_id
                             UNION ALL
                             SELECT format('refund:%s:%s', t.gateway, r.id) FROM topup_refunds r
                             WHERE r.topup_id = t.id AND r.payment_id = p.payment_id)
                           AS went (key)
                       JOIN ledger.transfers f
                           ON (f.journal_key, f.wallet_user) = (went.key, t.user_id)
                       JOIN ledger.transfers j ON j.wallet_user = f.wallet_user
                           AND j.wallet_seq >= f.wallet_seq AND j.kind ~ '^(CLAWBACK|TOPUP_REFUND)'
                           AND went.key = regexp_replace(j.journal_key, '(:\d+)?:reversal$', '')
                      ) AS returned
               FROM touched JOIN payments p USING (gateway, payment_id)
               JOIN topups t ON t.id = p.topup_id)
           SELECT wallet_user AS "user_id!", journal_key || ' belongs to no payment' AS "detail!"
           FROM causes WHERE payment_id IS NULL
           UNION ALL
           SELECT user_id, format('payment %s is credited %s less %s, booked %s less %s',
                                  payment_id, arrived, returned, credited, reversed)
           FROM sums
           WHERE credited <> coalesce(arrived, 0) OR reversed <> coalesce(returned, 0)"#,
        from,
        to,
    );
    let rows = rows.fetch_all(conn).await?;
    Ok(rows.into_iter().map(|r| finding("L9", Some(r.user_id), None, r.detail)).collect())
}
