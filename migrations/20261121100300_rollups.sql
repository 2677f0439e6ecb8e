-- Sums of the accounts that no row carries, kept up to a horizon behind which every transaction is
-- finished. Nobody waits for them: purchases only append, a background task adds up.

CREATE TABLE ledger.rollup (
    class    text NOT NULL,
    owner    bigint NOT NULL,
    currency text NOT NULL,
    balance  bigint NOT NULL,
    PRIMARY KEY (class, owner, currency)
);

-- Up to which transaction, exclusively, something was looked at. A transaction that is still
-- running has no number below the horizon, so a row that appears late is never skipped.
CREATE TABLE ledger.horizon (
    name     text PRIMARY KEY CHECK (name IN ('rollup', 'audit')),
    xact     bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO ledger.horizon (name, xact) VALUES ('rollup', 0), ('audit', 0);

-- What every account holds: what entered it minus what left it. Wallets carry theirs.
CREATE OR REPLACE VIEW ledger.balances AS
SELECT 'available' AS class, user_id AS owner, 'IDR' AS currency, available AS balance
FROM ledger.wallet WHERE seq > 0
UNION ALL
SELECT 'held', user_id, 'IDR', held FROM ledger.wallet WHERE seq > 0
UNION ALL
SELECT 'debt', user_id, 'IDR', -debt FROM ledger.wallet WHERE debt > 0
UNION ALL
SELECT class, owner, currency, sum(balance)::bigint
FROM (
    SELECT class, owner, currency, balance FROM ledger.rollup
    UNION ALL
    SELECT s.class, s.owner, t.currency, s.amount
    FROM ledger.transfer t
    CROSS JOIN LATERAL (VALUES (t.to_class, t.to_owner, t.amount),
                               (t.from_class, t.from_owner, -t.amount)) AS s (class, owner, amount)
    WHERE t.xact >= (SELECT h.xact FROM ledger.horizon h WHERE h.name = 'rollup')
      AND s.class NOT IN ('available', 'held', 'debt')
) AS parts
GROUP BY class, owner, currency;

-- Adds what was finished since to the sums; answers how many movements that were.
-- LG007: numbers of transactions went back, as after restoring a dump; see ledger.rebase.
CREATE FUNCTION ledger.roll_up() RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_from bigint;
    v_to   bigint;
    v_rows bigint;
BEGIN
    SELECT xact INTO v_from FROM horizon WHERE name = 'rollup' FOR UPDATE;
    -- Taken before the next statement looks: it sees at least what was finished here.
    v_to := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    IF v_to < v_from THEN
        RAISE EXCEPTION 'transactions are numbered anew: rebase the ledger'
            USING ERRCODE = 'LG007';
    END IF;
    WITH fresh AS MATERIALIZED (
        SELECT * FROM transfer t WHERE t.xact >= v_from AND t.xact < v_to
    ), added AS (
        INSERT INTO rollup AS r (class, owner, currency, balance)
        SELECT s.class, s.owner, f.currency, sum(s.amount)::bigint
        FROM fresh f
        CROSS JOIN LATERAL (VALUES (f.to_class, f.to_owner, f.amount),
                                   (f.from_class, f.from_owner, -f.amount))
            AS s (class, owner, amount)
        WHERE s.class NOT IN ('available', 'held', 'debt')
        GROUP BY s.class, s.owner, f.currency
        ON CONFLICT (class, owner, currency) DO UPDATE SET balance = r.balance + excluded.balance
    )
    SELECT count(*) INTO v_rows FROM fresh;
    UPDATE horizon SET xact = v_to, moved_at = now() WHERE name = 'rollup';
    RETURN v_rows;
END $$;

-- Notes that everything below the horizon was audited. It never moves back.
CREATE FUNCTION ledger.mark_audited(p_xact bigint) RETURNS void LANGUAGE sql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    UPDATE horizon SET xact = greatest(xact, p_xact), moved_at = now() WHERE name = 'audit';
$$;

-- L17: movements between two horizons that do not follow from the one before, and wallets that do
-- not end with the hash of their last one.
CREATE FUNCTION ledger.broken_links(p_from bigint, p_to bigint)
RETURNS TABLE (user_id bigint, journal_key text) LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    SELECT t.wallet_user, t.journal_key
    FROM transfer t
    LEFT JOIN transfer b ON b.wallet_user = t.wallet_user AND b.wallet_seq = t.wallet_seq - 1
    WHERE t.wallet_user IS NOT NULL AND t.xact >= p_from AND t.xact < p_to
      AND CASE
          WHEN t.chain IS NULL THEN b.chain IS NOT NULL
          ELSE t.chain <> link(coalesce(b.chain, decode(repeat('00', 32), 'hex')), t.journal_key,
                               t.kind, t.leg, t.from_class, t.from_owner, t.to_class, t.to_owner,
                               t.amount, t.currency, t.wallet_seq, t.available_after,
                               t.held_after, t.debt_after, t.created_at)
          END
    UNION ALL
    SELECT w.user_id, t.journal_key
    FROM wallet w
    JOIN transfer t ON t.wallet_user = w.user_id AND t.wallet_seq = w.seq
    WHERE t.xact >= p_from AND t.xact < p_to
      AND w.chain <> coalesce(t.chain, decode(repeat('00', 32), 'hex'));
$$;

-- For the owner, after a dump was restored into another cluster, with all servers stopped: there
-- transactions are numbered anew, so all rows count as written now.
CREATE FUNCTION ledger.rebase() RETURNS void LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
BEGIN
    ALTER TABLE transfer DISABLE TRIGGER transfer_is_final;
    ALTER TABLE transfer DROP CONSTRAINT transfer_chained;
    UPDATE transfer SET xact = pg_current_xact_id()::text::bigint;
    ALTER TABLE transfer ADD CONSTRAINT transfer_chained CHECK (
        (wallet_user IS NULL) = (chain IS NULL) AND (wallet_user IS NULL) = (debt_after IS NULL)
    ) NOT VALID;
    ALTER TABLE transfer ENABLE TRIGGER transfer_is_final;
    DELETE FROM rollup;
    UPDATE horizon SET xact = 0, moved_at = now();
END $$;

-- The oldest payment of a gateway that was not paid out yet is found from the newest on.
CREATE INDEX transfer_collected ON ledger.transfer (from_owner, currency, created_at DESC)
    INCLUDE (amount) WHERE from_class = 'gateway_clearing';

CREATE VIEW ledger.horizons AS SELECT * FROM ledger.horizon;

DO $$
DECLARE
    v_object text;
BEGIN
    FOREACH v_object IN ARRAY ARRAY['rollup', 'horizon'] LOOP
        EXECUTE format('ALTER TABLE ledger.%I OWNER TO switchboard_ledger', v_object);
    END LOOP;
    ALTER VIEW ledger.horizons OWNER TO switchboard_ledger;
    FOR v_object IN
        SELECT p.oid::regprocedure::text FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'ledger' AND p.proname IN ('roll_up', 'mark_audited', 'broken_links',
                                                     'rebase')
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO switchboard_ledger', v_object);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_object);
    END LOOP;
END $$;

GRANT SELECT ON ledger.horizons
    TO switchboard_api, switchboard_webhook, switchboard_worker, switchboard_operator;
GRANT EXECUTE ON FUNCTION ledger.roll_up, ledger.mark_audited TO switchboard_worker;
GRANT EXECUTE ON FUNCTION ledger.broken_links TO switchboard_worker, switchboard_operator;
