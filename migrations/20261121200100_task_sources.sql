-- What tasks come from: callbacks that are not settled, and ended orders whose provider has not
-- heard of it. Both had reconcilers of their own before.

-- Stores the task of whatever should have one and has none, which only an earlier version leaves
-- behind. What an operator has discarded stays so.
CREATE FUNCTION task_adopt(p_until timestamptz) RETURNS bigint LANGUAGE sql AS $$
    WITH sources AS (
        SELECT 'order.close_upstream' AS kind, id::text AS subject FROM orders
        WHERE upstream_open AND state IN ('COMPLETED', 'CANCELED', 'EXPIRED')
          AND changed_at <= p_until
        UNION ALL
        SELECT 'sms.confirm', id::text FROM sms_inbox
        WHERE state = 'PENDING' AND created_at <= p_until
    ), adopted AS (
        INSERT INTO tasks (kind, subject, run_at)
        SELECT s.kind, s.subject, now() FROM sources s
        WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.kind = s.kind AND t.subject = s.subject)
          AND NOT EXISTS (SELECT FROM task_audit a
                          WHERE a.kind = s.kind AND a.subject = s.subject
                            AND a.action = 'discard')
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT count(*) FROM adopted
$$;

REVOKE EXECUTE ON FUNCTION task_adopt FROM PUBLIC;
GRANT EXECUTE ON FUNCTION task_adopt TO switchboard_app;

SELECT task_adopt('infinity');

-- What was given up before tasks existed lies dead now, where operators find it.
INSERT INTO tasks (kind, subject, run_at, created_at, dead_at, dead_reason)
SELECT 'sms.confirm', id::text, now(), created_at, now(), 'exhausted'
FROM sms_inbox WHERE state = 'PARKED';

-- Only earlier versions look at these.
ALTER TABLE sms_inbox ALTER COLUMN next_attempt_at SET DEFAULT now();
