WITH active AS (
    UPDATE orders SET
        state = 'ACTIVE', external_id = $4, phone = $5, activated_at = $6,
        expires_at = $7, cancel_from = $8, cost_micros = $9, upstream_open = true,
        changed_at = $10, poll_at = $10::timestamptz + interval '3 seconds'
    WHERE user_id = $1 AND id = $2 AND attempt = $3 AND state = 'RESERVING'
    RETURNING user_id, id
), told AS (
    INSERT INTO events (user_id, order_id, kind, created_at)
    SELECT user_id, id, $11, $10 FROM active
)
SELECT count(*) AS "count!" FROM active
