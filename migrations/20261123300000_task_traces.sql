-- A task goes on in the trace of what stored it.

-- A traceparent of W3C Trace Context; null where nobody traced.
ALTER TABLE tasks ADD COLUMN trace text CHECK (trace ~ '^[!-~]{1,100}$');

-- As before, with the trace. Of several who want the same, the last is followed: it is what the
-- task still has to do.
DROP FUNCTION task_enqueue(text, text, bigint);
CREATE FUNCTION task_enqueue(
    p_kind text, p_subject text, p_delay_ms bigint DEFAULT 0, p_trace text DEFAULT NULL)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO tasks AS t (kind, subject, run_at, trace)
    VALUES (p_kind, p_subject, now() + p_delay_ms * interval '1 millisecond', p_trace)
    ON CONFLICT (kind, subject) WHERE dead_at IS NULL DO UPDATE SET
        trace    = coalesce(excluded.trace, t.trace),
        again_at = CASE WHEN t.worker IS NOT NULL
                        THEN least(t.again_at, excluded.run_at) END,
        attempt  = CASE WHEN t.worker IS NULL AND excluded.run_at < t.run_at
                        THEN 0 ELSE t.attempt END,
        run_at   = CASE WHEN t.worker IS NULL
                        THEN least(t.run_at, excluded.run_at) ELSE t.run_at END
    RETURNING id
$$;
REVOKE EXECUTE ON FUNCTION task_enqueue FROM PUBLIC;
GRANT EXECUTE ON FUNCTION task_enqueue
    TO switchboard_api, switchboard_webhook, switchboard_worker, switchboard_operator;
