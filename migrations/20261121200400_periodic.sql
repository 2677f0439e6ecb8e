-- Periodic tasks: who runs which slot of time, whatever the lock server believes.

CREATE TABLE periodic (
    task text PRIMARY KEY CHECK (task ~ '^[a-z0-9_-]{1,60}$'),
    -- Rises with each run and never falls: a run that was overtaken can commit nothing.
    term bigint NOT NULL,
    -- The newest slot that was run: when it began, in milliseconds of the Unix epoch.
    slot bigint NOT NULL
);

-- A slot is run once; those that are missing were missed.
CREATE TABLE periodic_run (
    task        text NOT NULL,
    slot        bigint NOT NULL,
    term        bigint NOT NULL,
    worker      text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    succeeded   boolean,
    PRIMARY KEY (task, slot),
    CONSTRAINT periodic_run_end CHECK ((finished_at IS NULL) = (succeeded IS NULL))
);

CREATE INDEX periodic_run_age ON periodic_run (started_at);

-- Takes the present slot of a task for a run of a new term; no term when it is taken already.
-- The clock is the database's, which all workers share.
CREATE FUNCTION periodic_begin(p_task text, p_interval_ms bigint, p_worker text)
RETURNS TABLE (term bigint, slot bigint, missed bigint, next_ms bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_now    bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    v_slot   bigint := v_now / p_interval_ms * p_interval_ms;
    v_next   bigint := v_slot + p_interval_ms - v_now;
    v_before bigint;
    v_term   bigint;
BEGIN
    INSERT INTO periodic (task, term, slot) VALUES (p_task, 0, v_slot - p_interval_ms) ON CONFLICT DO NOTHING;
    SELECT p.slot INTO v_before FROM periodic p WHERE p.task = p_task FOR NO KEY UPDATE;
    INSERT INTO periodic_run (task, slot, term, worker)
    SELECT p_task, v_slot, p.term + 1, p_worker FROM periodic p WHERE p.task = p_task
    ON CONFLICT DO NOTHING RETURNING periodic_run.term INTO v_term;
    IF v_term IS NOT NULL THEN
        UPDATE periodic p SET term = v_term, slot = v_slot WHERE p.task = p_task;
    END IF;
    RETURN QUERY SELECT v_term, v_slot, greatest((v_slot - v_before) / p_interval_ms - 1, 0), v_next;
END $$;

REVOKE EXECUTE ON FUNCTION periodic_begin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION periodic_begin TO switchboard_worker, switchboard_app;
GRANT SELECT, INSERT, UPDATE ON periodic TO switchboard_worker, switchboard_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON periodic_run TO switchboard_worker, switchboard_app;
GRANT SELECT ON periodic, periodic_run TO switchboard_operator;
