-- What customers are told. A row becomes visible when the relay has stamped it.

CREATE TABLE events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL,
    order_id   bigint NOT NULL,
    kind       text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Its place in the order in which events became visible; null until stamped.
    seq        bigint
);

CREATE INDEX events_fresh ON events (id) WHERE seq IS NULL;
CREATE UNIQUE INDEX events_seq_unique ON events (seq) WHERE seq IS NOT NULL;
CREATE INDEX events_user_seq ON events (user_id, seq) WHERE seq IS NOT NULL;
CREATE SEQUENCE events_seq;

-- Ids are given out before commits and so become visible out of order. The place is given after
-- the commit, by one transaction at a time: a reader who saw a place never misses a smaller one.
CREATE FUNCTION events_stamp(p_limit int)
RETURNS TABLE (seq bigint, user_id bigint, order_id bigint, kind text, created_at timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('switchboard.events_stamp', 0));
    RETURN QUERY
    WITH fresh AS MATERIALIZED (
        SELECT e.id FROM events e WHERE e.seq IS NULL ORDER BY e.id LIMIT p_limit
    ), placed AS MATERIALIZED (
        SELECT f.id, nextval('events_seq') AS place FROM fresh f
    ), stamped AS (
        UPDATE events e SET seq = p.place FROM placed p WHERE e.id = p.id
        RETURNING e.seq, e.user_id, e.order_id, e.kind, e.created_at
    )
    SELECT s.seq, s.user_id, s.order_id, s.kind, s.created_at FROM stamped s ORDER BY s.seq;
END $$;

GRANT SELECT, INSERT, UPDATE ON events TO switchboard_app;
GRANT USAGE ON SEQUENCE events_seq TO switchboard_app;
