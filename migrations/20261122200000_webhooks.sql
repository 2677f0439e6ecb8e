-- Telling customers' own servers what happened. A message names its order and repeats nothing of
-- it: what it says is rendered from the order when it is sent.

CREATE TABLE webhook_endpoints (
    user_id         bigint PRIMARY KEY REFERENCES users (id),
    url             text CHECK (length(url) BETWEEN 1 AND 2000),
    -- Encrypted; see SECURITY.md.
    secret_sealed   bytea,
    disabled_at     timestamptz,
    disabled_reason text CHECK (disabled_reason IN (
        'consecutive_failed_user_endpoint', 'gone_user_endpoint')),
    failures        int NOT NULL DEFAULT 0 CHECK (failures >= 0),
    -- Rises with each change by its owner.
    version         bigint NOT NULL DEFAULT 0,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhook_endpoints_disabled CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
) WITH (fillfactor = 70);

CREATE TABLE webhook_messages (
    id          uuid PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES webhook_endpoints (user_id),
    -- The place of its event; null for a trial.
    seq         bigint UNIQUE,
    kind        text NOT NULL CHECK (kind IN (
        'order.otp_received', 'order.completed', 'order.expired', 'order.canceled',
        'webhook.test')),
    order_id    bigint,
    -- Which SMS of the order.
    revision    int CHECK (revision >= 1),
    -- As it was with the order when the message was stored.
    resend_from timestamptz,
    occurred_at timestamptz NOT NULL,
    expires_at  timestamptz,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN (
        'waiting', 'delivered', 'failed', 'expired', 'dropped')),
    attempts    int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    round       int NOT NULL DEFAULT 0 CHECK (round >= 0),
    trigger     text NOT NULL DEFAULT 'schedule' CHECK (trigger IN ('schedule', 'replay', 'test')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhook_messages_about CHECK (
        (kind = 'webhook.test') = (order_id IS NULL) AND (order_id IS NULL) = (seq IS NULL)),
    CONSTRAINT webhook_messages_revision CHECK (
        (kind = 'order.otp_received') = (revision IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX webhook_messages_user ON webhook_messages (user_id, created_at DESC);
CREATE INDEX webhook_messages_waiting ON webhook_messages (created_at) WHERE state = 'waiting';
CREATE INDEX webhook_messages_ended ON webhook_messages (changed_at) WHERE state <> 'waiting';

CREATE TABLE webhook_attempts (
    message_id      uuid NOT NULL REFERENCES webhook_messages (id) ON DELETE CASCADE,
    number          int NOT NULL CHECK (number >= 1),
    user_id         bigint NOT NULL,
    trigger         text NOT NULL CHECK (trigger IN ('schedule', 'replay', 'test')),
    host            text NOT NULL,
    outcome         text NOT NULL,
    status          smallint,
    took_ms         int NOT NULL,
    -- Encrypted: a server may answer with what it was sent.
    response_sealed bytea,
    next_at         timestamptz,
    at              timestamptz NOT NULL,
    PRIMARY KEY (message_id, number)
);

CREATE INDEX webhook_attempts_user ON webhook_attempts (user_id, at DESC);

-- Which SMS an event tells of; null for other events, and for those stored by an earlier version.
ALTER TABLE events ADD COLUMN revision int;

-- Stores the message of each stamped event whose customer wants to be told, with the task that
-- delivers it. Called by the statement that stamps, so that each event has one or none.
CREATE FUNCTION webhook_enqueue(p_seqs bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH told AS (
        INSERT INTO webhook_messages AS m (
            id, user_id, seq, kind, order_id, revision, resend_from, occurred_at, expires_at)
        SELECT gen_random_uuid(), e.user_id, e.seq, e.kind, e.order_id,
               CASE WHEN e.kind = 'order.otp_received'
                    THEN coalesce(e.revision, greatest(o.sms_revision, 1)) END,
               o.resend_from, e.created_at,
               -- An hour longer than the number is rented, see domain::hooks::Message::CODE_GRACE.
               CASE WHEN e.kind = 'order.otp_received' THEN o.expires_at + interval '1 hour' END
        FROM events e
        JOIN webhook_endpoints w
            ON w.user_id = e.user_id AND w.url IS NOT NULL AND w.disabled_at IS NULL
        JOIN orders o ON o.user_id = e.user_id AND o.id = e.order_id
        WHERE e.seq = ANY (p_seqs)
          AND e.kind IN ('order.otp_received', 'order.completed', 'order.expired',
                         'order.canceled')
        ORDER BY e.seq
        RETURNING m.user_id, m.id
    )
    SELECT task_enqueue('webhook.deliver', user_id || ':msg_' || replace(id::text, '-', ''))
    FROM told
$$;

CREATE OR REPLACE FUNCTION events_stamp(p_limit int)
RETURNS TABLE (seq bigint, user_id bigint, order_id bigint, kind text, created_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    v_seqs bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('switchboard.events_stamp', 0));
    WITH fresh AS MATERIALIZED (
        SELECT e.id FROM events e WHERE e.seq IS NULL ORDER BY e.id LIMIT p_limit
    ), placed AS MATERIALIZED (
        SELECT f.id, nextval('events_seq') AS place FROM fresh f
    ), stamped AS (
        UPDATE events e SET seq = p.place FROM placed p WHERE e.id = p.id RETURNING e.seq
    )
    SELECT array_agg(s.seq) INTO v_seqs FROM stamped s;
    IF v_seqs IS NULL THEN
        RETURN;
    END IF;
    PERFORM webhook_enqueue(v_seqs);
    RETURN QUERY
    SELECT e.seq, e.user_id, e.order_id, e.kind, e.created_at
    FROM events e WHERE e.seq = ANY (v_seqs) ORDER BY e.seq;
END $$;

REVOKE EXECUTE ON FUNCTION webhook_enqueue FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhook_enqueue TO switchboard_worker, switchboard_app;

-- api-server: endpoints, trials, and asking for a message again.
GRANT SELECT, INSERT, UPDATE ON webhook_endpoints, webhook_messages TO switchboard_api;
GRANT SELECT, INSERT ON webhook_attempts TO switchboard_api;
-- task-worker: messages of events, deliveries, and forgetting old ones.
GRANT SELECT, UPDATE ON webhook_endpoints TO switchboard_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_messages TO switchboard_worker;
GRANT SELECT, INSERT, DELETE ON webhook_attempts TO switchboard_worker;
-- ctl looks, and asks for messages again.
GRANT SELECT, UPDATE ON webhook_messages TO switchboard_operator;
-- Rows are locked while they are judged, which takes the right to update them.
GRANT SELECT, UPDATE ON webhook_endpoints TO switchboard_operator;
GRANT SELECT ON webhook_attempts TO switchboard_operator;
GRANT SELECT, INSERT, UPDATE ON webhook_endpoints TO switchboard_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_messages TO switchboard_app;
GRANT SELECT, INSERT, DELETE ON webhook_attempts TO switchboard_app;
