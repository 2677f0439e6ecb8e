-- Durable work. A row lives until its work is done; what was done is told by events, not here.

CREATE TABLE tasks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind ~ '^[a-z0-9_.]{1,60}$'),
    -- Ids only: operators read it.
    subject     text NOT NULL CHECK (subject ~ '^[!-~]{1,200}$'),
    -- From when on it may be claimed: its time, or the end of the lease of whoever has it.
    run_at      timestamptz NOT NULL,
    attempt     int NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- Rises with each claim and never falls: only the newest claim may finish the task.
    token       bigint NOT NULL DEFAULT 0,
    -- Who has it; null while it waits.
    worker      text,
    -- Something new was heard of while it was run: it runs once more from then on.
    again_at    timestamptz,
    last_error  text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    dead_at     timestamptz,
    dead_reason text CHECK (dead_reason IN ('permanent', 'exhausted', 'crashed')),
    CONSTRAINT tasks_dead CHECK (
        (dead_at IS NULL) = (dead_reason IS NULL)
        AND (dead_at IS NULL OR (worker IS NULL AND again_at IS NULL))),
    CONSTRAINT tasks_again CHECK (again_at IS NULL OR worker IS NOT NULL)
) WITH (
    -- Rows are few and change often: dead versions must not pile up where claims search.
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);

-- While a task lives there is one per kind and subject.
CREATE UNIQUE INDEX tasks_key ON tasks (kind, subject) WHERE dead_at IS NULL;
CREATE INDEX tasks_due ON tasks (kind, run_at) WHERE dead_at IS NULL;
CREATE INDEX tasks_buried ON tasks (dead_at) WHERE dead_at IS NOT NULL;

-- Stores a task, or tells a live one of something new. A task that waits comes forward, one that
-- is being run runs once more; its tries begin anew. It tells which task it is.
--
-- Binaries that only leave work to others reach tasks through this function and task_withdraw, and
-- not otherwise: who breaks into one of them can neither take work away nor see whose it is.
CREATE FUNCTION task_enqueue(p_kind text, p_subject text, p_delay_ms bigint DEFAULT 0)
RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO tasks AS t (kind, subject, run_at)
    VALUES (p_kind, p_subject, now() + p_delay_ms * interval '1 millisecond')
    ON CONFLICT (kind, subject) WHERE dead_at IS NULL DO UPDATE SET
        again_at = CASE WHEN t.worker IS NOT NULL
                        THEN least(t.again_at, excluded.run_at) END,
        attempt  = CASE WHEN t.worker IS NULL AND excluded.run_at < t.run_at
                        THEN 0 ELSE t.attempt END,
        run_at   = CASE WHEN t.worker IS NULL
                        THEN least(t.run_at, excluded.run_at) ELSE t.run_at END
    RETURNING id
$$;

-- Takes back a task that waits, because what it was to confirm is confirmed.
CREATE FUNCTION task_withdraw(p_kind text, p_subject text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF p_kind NOT LIKE '%.confirm' THEN
        RAISE EXCEPTION 'tasks of kind % are not taken back', p_kind USING ERRCODE = '42501';
    END IF;
    DELETE FROM tasks
    WHERE kind = p_kind AND subject = p_subject AND dead_at IS NULL AND worker IS NULL;
END $$;

-- Who gave dead tasks a new life or deleted them, and why.
CREATE TABLE task_audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id  bigint NOT NULL,
    kind     text NOT NULL,
    subject  text NOT NULL,
    action   text NOT NULL CHECK (action IN ('retry', 'discard')),
    operator text NOT NULL CHECK (operator ~ '[^[:space:]]'),
    reason   text NOT NULL CHECK (reason ~ '[^[:space:]]'),
    -- What the task had died of.
    dead_reason text NOT NULL,
    last_error  text,
    at       timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX task_audit_subject ON task_audit (kind, subject);

-- Gives a dead task a new life, or deletes it; false when there is no such dead task. Where its
-- matter has a live task already, that one is told.
CREATE FUNCTION task_intervene(p_id bigint, p_action text, p_operator text, p_reason text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_dead tasks%ROWTYPE;
BEGIN
    DELETE FROM tasks t WHERE t.id = p_id AND t.dead_at IS NOT NULL RETURNING * INTO v_dead;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO task_audit
        (task_id, kind, subject, action, operator, reason, dead_reason, last_error)
    VALUES (p_id, v_dead.kind, v_dead.subject, p_action, p_operator, p_reason,
            v_dead.dead_reason, v_dead.last_error);
    IF p_action = 'retry' THEN
        PERFORM task_enqueue(v_dead.kind, v_dead.subject);
    END IF;
    RETURN true;
END $$;

-- The effect of tasks that exist to be watched: a row per finished one, and two rows for one that
-- took effect twice.
CREATE TABLE task_canary (
    task_id bigint NOT NULL,
    token   bigint NOT NULL,
    subject text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX task_canary_at ON task_canary (at);

REVOKE EXECUTE ON FUNCTION task_enqueue, task_withdraw, task_intervene FROM PUBLIC;
GRANT EXECUTE ON FUNCTION task_enqueue, task_withdraw, task_intervene TO switchboard_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO switchboard_app;
GRANT SELECT, INSERT ON task_audit TO switchboard_app;
GRANT SELECT, INSERT, DELETE ON task_canary TO switchboard_app;
