use std::time::Duration;

use domain::{
    ids::ProviderId,
    ledger::{
        Gateway,
        vitals::{Clearing, Prepaid, Vitals, Waiting},
    },
    money::Currency,
    store::StoreError,
    time::Timestamp,
};

use crate::postgres::{Postgres, error};

/// Several times as long as the time between two listings of a provider's numbers.
const LISTED_LATELY: Duration = Duration::from_mins(15);
/// How long payments are looked at that no gateway told of, and how late it may tell.
const REMEMBERED: Duration = Duration::from_hours(24);
const UNTIL_TOLD: Duration = Duration::from_mins(10);

pub(in crate::postgres) async fn vitals(
    postgres: &Postgres,
    now: Timestamp,
    patience: Duration,
) -> Result<Vitals, StoreError> {
    let mut vitals = counts(postgres, now - patience).await.map_err(error::store)?;
    vitals.clearing = clearing(postgres).await?;
    vitals.prepaid = prepaid(postgres).await.map_err(error::store)?;
    vitals.strangers = strangers(postgres, now).await.map_err(error::store)?;
    vitals.unannounced = unannounced(postgres, now).await.map_err(error::store)?;
    Ok(vitals)
}

/// Each number comes from a partial index that holds little else.
async fn counts(postgres: &Postgres, before: Timestamp) -> sqlx::Result<Vitals> {
    let row = sqlx::query!(
        r#"SELECT r.count + a.count AS "holds!", least(r.since, a.since) AS holds_since,
                  r.stuck AS "stuck!", r.stuck_since, a.overdue AS "overdue!", a.overdue_since,
                  d.count AS "debtors!", d.sum AS "debt!", f.count AS "frozen!",
                  p.count AS "proposals!", p.since AS proposals_since,
                  (SELECT moved_at FROM ledger.horizons WHERE name = 'rollup') AS rolled_up_at,
                  (SELECT moved_at FROM ledger.horizons WHERE name = 'audit') AS audited_at
           FROM (SELECT count(*), min(created_at) AS since,
                        count(*) FILTER (WHERE attempted_at < $1) AS stuck,
                        min(attempted_at) FILTER (WHERE attempted_at < $1) AS stuck_since
                 FROM orders WHERE state = 'RESERVING' AND provider_id > 0) AS r,
                (SELECT count(*), min(created_at) AS since,
                        count(*) FILTER (WHERE expires_at < $1) AS overdue,
                        min(expires_at) FILTER (WHERE expires_at < $1) AS overdue_since
                 FROM orders WHERE state = 'ACTIVE' AND provider_id > 0) AS a,
                (SELECT count(*), coalesce(sum(debt), 0)::bigint AS sum
                 FROM ledger.wallets WHERE debt > 0) AS d,
                (SELECT count(DISTINCT user_id) FROM ledger.freezes
                 WHERE lifted_at IS NULL) AS f,
                (SELECT count(*), min(created_at) AS since FROM ledger.proposals
                 WHERE approved_at IS NULL) AS p"#,
        before,
    )
    .fetch_one(&postgres.pool)
    .await?;
    Ok(Vitals {
        holds: Waiting { count: row.holds, since: row.holds_since },
        stuck_reserving: Waiting { count: row.stuck, since: row.stuck_since },
        overdue: Waiting { count: row.overdue, since: row.overdue_since },
        debts: (row.debtors, row.debt),
        frozen: row.frozen,
        proposals: Waiting { count: row.proposals, since: row.proposals_since },
        rolled_up_at: row.rolled_up_at,
        audited_at: row.audited_at,
        ..Vitals::default()
    })
}

/// What gateways owe us, and since when: payouts cover the oldest payments first, so those that
/// are not covered are the newest ones that add up to what is owed.
async fn clearing(postgres: &Postgres) -> Result<Vec<Clearing>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT b.owner AS "owner!", b.currency AS "currency!", -b.balance AS "unsettled!",
                  (SELECT min(newer.created_at) FROM (
                       SELECT t.created_at, sum(t.amount) OVER (
                                  ORDER BY t.created_at DESC ROWS UNBOUNDED PRECEDING)
                              - t.amount AS amount
                       FROM ledger.transfers t
                       WHERE t.from_class = 'gateway_clearing' AND t.from_owner = b.owner
                         AND t.currency = b.currency
                   ) AS newer WHERE newer.amount < -b.balance) AS since
           FROM ledger.balances b WHERE b.class = 'gateway_clearing'"#
    );
    let rows = rows.fetch_all(&postgres.pool).await.map_err(error::store)?;
    rows.into_iter()
        .map(|row| {
            let wrong = |what| error::corrupt("ledger.transfer", row.owner, what);
            Ok(Clearing {
                gateway: Gateway::numbered(row.owner).ok_or_else(|| wrong("gateway"))?,
                currency: Currency::parse(&row.currency).ok_or_else(|| wrong("currency"))?,
                unsettled: row.unsettled,
                since: row.since,
            })
        })
        .collect()
}

/// What was listed lately; what is not listed any more is settled.
async fn strangers(postgres: &Postgres, now: Timestamp) -> sqlx::Result<Vec<(String, Waiting)>> {
    let rows = sqlx::query!(
        r#"SELECT p.code, count(s.external_id) AS "count!", min(s.first_seen_at) AS since
           FROM providers p
           LEFT JOIN orphan_activations s ON s.provider_id = p.id AND s.last_seen_at >= $1
               AND NOT EXISTS (SELECT FROM orders o WHERE o.provider_id = s.provider_id
                                                      AND o.external_id = s.external_id)
           WHERE p.id > 0 GROUP BY p.code ORDER BY p.code"#,
        now - LISTED_LATELY,
    )
    .fetch_all(&postgres.pool)
    .await?;
    let waiting = |count, since| Waiting { count, since };
    Ok(rows.into_iter().map(|row| (row.code, waiting(row.count, row.since))).collect())
}

/// A gateway tells of a payment under the id of its page, under our reference, or under the
/// payment's own id.
async fn unannounced(postgres: &Postgres, now: Timestamp) -> sqlx::Result<Vec<(Gateway, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT p.gateway, count(*) AS "count!"
           FROM payments p JOIN topups t ON t.id = p.topup_id
           WHERE p.booked_at >= $1 AND p.booked_at < $2
             AND NOT EXISTS (
                 SELECT FROM payment_notices n WHERE n.gateway = p.gateway
                     AND n.payment IN ('payment:' || t.payment_id, 'topup:' || t.id,
                                       'payment:' || p.payment_id, 'alias:' || p.payment_id))
           GROUP BY p.gateway"#,
        now - REMEMBERED,
        now - UNTIL_TOLD,
    )
    .fetch_all(&postgres.pool)
    .await?;
    let of = |gateway: &Gateway| {
        let row = rows.iter().find(|row| row.gateway == gateway.code());
        (*gateway, row.map_or(0, |row| row.count))
    };
    Ok(Gateway::ALL.iter().map(of).collect())
}

async fn prepaid(postgres: &Postgres) -> sqlx::Result<Vec<Prepaid>> {
    let rows = sqlx::query!(
        r#"SELECT p.id, p.code, coalesce(-b.balance, 0) AS "booked!",
                  coalesce((SELECT sum(o.cost_micros) FROM orders o
                            WHERE o.state = 'ACTIVE' AND o.provider_id = p.id), 0)::bigint
                      AS "running!",
                  EXISTS (SELECT FROM ledger.decisions d
                          WHERE starts_with(d.journal_key, format('funding:%s:', p.id)))
                      AS "funded!"
           FROM providers p
           LEFT JOIN ledger.balances b
               ON b.class = 'provider_prepaid' AND b.owner = p.id AND b.currency = 'USD'
           WHERE p.id > 0
           ORDER BY p.id"#
    )
    .fetch_all(&postgres.pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Prepaid {
            provider: ProviderId::new(row.id),
            code: row.code,
            booked: row.booked,
            running: row.running,
            funded: row.funded,
        })
        .collect())
}
