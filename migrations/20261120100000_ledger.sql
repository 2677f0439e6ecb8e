-- The ledger: rules live here, so that no path can forget them. Numbers such as L3 are those of
-- docs/invariants.md.

DO $$
BEGIN
    -- Roles belong to the cluster, not to the database: another database may have made them.
    BEGIN
        CREATE ROLE switchboard_ledger NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    BEGIN
        CREATE ROLE switchboard_app NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
END $$;

CREATE SCHEMA ledger;

-- A customer's money. The only balances that are kept; all others are sums.
CREATE TABLE ledger.wallet (
    user_id    bigint PRIMARY KEY,
    available  bigint NOT NULL DEFAULT 0,
    held       bigint NOT NULL DEFAULT 0,
    -- Number of the last movement of this wallet (L5).
    seq        bigint NOT NULL DEFAULT 0,
    opened_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT wallet_available_floor CHECK (available >= 0), -- L4
    CONSTRAINT wallet_held_floor CHECK (held >= 0)            -- L4
) WITH (fillfactor = 70);

-- Which movements each kind of journal may consist of (L14).
CREATE TABLE ledger.rule (
    kind        text NOT NULL,
    from_class  text NOT NULL,
    to_class    text NOT NULL,
    currency    text NOT NULL,
    key_pattern text NOT NULL,
    PRIMARY KEY (kind, from_class, to_class)
);

INSERT INTO ledger.rule VALUES
    ('ORDER_DEBIT',   'available',        'held',             'IDR', '^order:[0-9]+:[0-9]+:hold$'),
    ('ORDER_REFUND',  'held',             'available',        'IDR', '^order:[0-9]+:[0-9]+:resolve$'),
    ('ORDER_CAPTURE', 'held',             'revenue',          'IDR', '^order:[0-9]+:[0-9]+:resolve$'),
    ('ORDER_CAPTURE', 'provider_prepaid', 'provider_expense', 'USD', '^order:[0-9]+:[0-9]+:resolve$'),
    ('TOPUP_CREDIT',  'gateway_clearing', 'available',        'IDR', '^topup:[a-z0-9]+:.+$'),
    ('ADJUSTMENT',    'adjustment',       'available',        'IDR', '^adjustment:.+$');

-- One movement: an amount leaves one account and enters another, so every row is balanced in
-- itself (L1, L13). Rows of one business step share its key.
CREATE TABLE ledger.transfer (
    journal_key     text NOT NULL,
    leg             smallint NOT NULL,
    kind            text NOT NULL,
    from_class      text NOT NULL,
    from_owner      bigint NOT NULL,
    to_class        text NOT NULL,
    to_owner        bigint NOT NULL,
    amount          bigint NOT NULL,
    currency        text NOT NULL,
    -- The customer whose wallet this row moved, its place in that wallet's history, and what the
    -- wallet held afterwards (L5). Null where no wallet moved.
    wallet_user     bigint,
    wallet_seq      bigint,
    available_after bigint,
    held_after      bigint,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (journal_key, leg),                                          -- L6, L7, L9
    CONSTRAINT transfer_amount CHECK (amount BETWEEN 1 AND 1000000000000000), -- L2, L11
    CONSTRAINT transfer_moves CHECK ((from_class, from_owner) <> (to_class, to_owner)),
    CONSTRAINT transfer_key_length CHECK (length(journal_key) <= 300),
    CONSTRAINT transfer_wallet CHECK (
        (wallet_user IS NULL) = (wallet_seq IS NULL)
        AND (wallet_user IS NULL) = (available_after IS NULL)
        AND (wallet_user IS NULL) = (held_after IS NULL)
    )
);

CREATE UNIQUE INDEX transfer_wallet_seq ON ledger.transfer (wallet_user, wallet_seq)
    WHERE wallet_user IS NOT NULL; -- L5

-- Who ordered a correction, and why (L16).
CREATE TABLE ledger.adjustment (
    journal_key text PRIMARY KEY,
    operator    text NOT NULL CHECK (length(btrim(operator)) BETWEEN 1 AND 500),
    reason      text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 500),
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- L3: what is written stays written.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of ledger.% are never changed', TG_TABLE_NAME USING ERRCODE = 'LG003';
END $$;

CREATE TRIGGER transfer_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER adjustment_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.adjustment
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- L16: a correction without an explanation does not commit.
CREATE FUNCTION ledger.require_note() RETURNS trigger LANGUAGE plpgsql
    SET search_path = ledger, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM adjustment a WHERE a.journal_key = NEW.journal_key) THEN
        RAISE EXCEPTION 'adjustment % names no operator', NEW.journal_key USING ERRCODE = 'LG004';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER adjustment_is_explained AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'ADJUSTMENT')
    EXECUTE FUNCTION ledger.require_note();

CREATE FUNCTION ledger.open_wallet(p_user bigint) RETURNS void LANGUAGE sql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    INSERT INTO wallet (user_id) VALUES (p_user) ON CONFLICT DO NOTHING;
$$;

-- How many times a price fits into a wallet; locks the wallet until the end of the transaction.
CREATE FUNCTION ledger.affordable(p_user bigint, p_price bigint) RETURNS bigint LANGUAGE sql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    SELECT available / p_price FROM wallet WHERE user_id = p_user FOR NO KEY UPDATE;
$$;

-- L6: the same key with the same content changes nothing; with other content it is an error.
CREATE FUNCTION ledger.same_journal(
    p_key text, p_kind text, p_from_class text[], p_from_owner bigint[], p_to_class text[],
    p_to_owner bigint[], p_amount bigint[], p_currency text[]
) RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
    SELECT count(*) = cardinality(p_amount) AND bool_and(
        t.kind = p_kind
        AND t.from_class = p_from_class[t.leg] AND t.from_owner = p_from_owner[t.leg]
        AND t.to_class = p_to_class[t.leg] AND t.to_owner = p_to_owner[t.leg]
        AND t.amount = p_amount[t.leg] AND t.currency = p_currency[t.leg])
    FROM transfer t WHERE t.journal_key = p_key;
$$;

-- L7: what resolves a hold must be exactly what was held.
CREATE FUNCTION ledger.check_hold(p_key text, p_user bigint, p_amount bigint) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM transfer t
        WHERE t.journal_key = left(p_key, -length(':resolve')) || ':hold' AND t.leg = 1
          AND t.kind = 'ORDER_DEBIT' AND t.from_owner = p_user AND t.amount = p_amount
    ) THEN
        RAISE EXCEPTION 'journal % resolves no such hold', p_key USING ERRCODE = 'LG004';
    END IF;
END $$;

-- L2, L10, L14: a journal has 1 to 10 movements, each permitted for its kind, of which at most one
-- touches a wallet, and a hold stays within one customer.
CREATE FUNCTION ledger.check_legs(
    p_key text, p_kind text, p_from_class text[], p_from_owner bigint[], p_to_class text[],
    p_to_owner bigint[], p_amount bigint[], p_currency text[]
) RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
DECLARE
    v_legs int := cardinality(p_amount);
    v_good int;
BEGIN
    IF v_legs NOT BETWEEN 1 AND 10
       OR (cardinality(p_from_class), cardinality(p_from_owner), cardinality(p_to_class),
           cardinality(p_to_owner), cardinality(p_currency))
          <> (v_legs, v_legs, v_legs, v_legs, v_legs) THEN
        RAISE EXCEPTION 'journal % is malformed', p_key USING ERRCODE = 'LG004';
    END IF;
    SELECT count(*) INTO v_good
    FROM generate_subscripts(p_amount, 1) AS i
    JOIN rule r ON r.kind = p_kind AND r.from_class = p_from_class[i]
        AND r.to_class = p_to_class[i] AND r.currency = p_currency[i] AND p_key ~ r.key_pattern
    WHERE r.from_class <> 'available' OR p_from_owner[i] = p_to_owner[i];
    IF v_good IS DISTINCT FROM v_legs THEN
        RAISE EXCEPTION 'journal % is not permitted as %', p_key, p_kind USING ERRCODE = 'LG004';
    END IF;
END $$;

-- Posts one journal. True: the money moved now; false: it had moved before.
-- SQLSTATE LG002: the key stands for other content. LG004: not permitted. LG005: no such wallet.
-- 23514 wallet_available_floor: the wallet holds too little.
CREATE FUNCTION ledger.post(
    p_key text, p_kind text, p_from_class text[], p_from_owner bigint[], p_to_class text[],
    p_to_owner bigint[], p_amount bigint[], p_currency text[]
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_user   bigint;
    v_leg    int;
    v_avail  bigint := 0;
    v_held   bigint := 0;
    v_wallet wallet%ROWTYPE;
BEGIN
    IF EXISTS (SELECT FROM transfer t WHERE t.journal_key = p_key) THEN
        IF same_journal(p_key, p_kind, p_from_class, p_from_owner, p_to_class, p_to_owner,
                        p_amount, p_currency) THEN
            RETURN false;
        END IF;
        RAISE EXCEPTION 'journal % exists with other content', p_key USING ERRCODE = 'LG002';
    END IF;
    PERFORM check_legs(p_key, p_kind, p_from_class, p_from_owner, p_to_class, p_to_owner,
                       p_amount, p_currency);
    FOR i IN 1 .. cardinality(p_amount) LOOP
        IF p_from_class[i] IN ('available', 'held') OR p_to_class[i] IN ('available', 'held') THEN
            IF v_user IS NOT NULL THEN
                RAISE EXCEPTION 'journal % moves a wallet twice', p_key USING ERRCODE = 'LG004';
            END IF;
            v_leg := i;
            v_user := CASE WHEN p_from_class[i] IN ('available', 'held') THEN p_from_owner[i]
                           ELSE p_to_owner[i] END;
            v_avail := p_amount[i] * ((p_to_class[i] = 'available')::int
                                      - (p_from_class[i] = 'available')::int);
            v_held := p_amount[i] * ((p_to_class[i] = 'held')::int
                                     - (p_from_class[i] = 'held')::int);
            IF p_from_class[i] = 'held' THEN
                PERFORM check_hold(p_key, v_user, p_amount[i]);
            END IF;
        END IF;
    END LOOP;
    IF v_user IS NOT NULL THEN
        UPDATE wallet
        SET available = available + v_avail, held = held + v_held, seq = seq + 1
        WHERE user_id = v_user
        RETURNING * INTO v_wallet;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer % has no wallet', v_user USING ERRCODE = 'LG005';
        END IF;
    END IF;
    INSERT INTO transfer (journal_key, leg, kind, from_class, from_owner, to_class, to_owner,
                          amount, currency, wallet_user, wallet_seq, available_after, held_after)
    SELECT p_key, i, p_kind, p_from_class[i], p_from_owner[i], p_to_class[i], p_to_owner[i],
           p_amount[i], p_currency[i],
           CASE WHEN i = v_leg THEN v_user END, CASE WHEN i = v_leg THEN v_wallet.seq END,
           CASE WHEN i = v_leg THEN v_wallet.available END,
           CASE WHEN i = v_leg THEN v_wallet.held END
    FROM generate_subscripts(p_amount, 1) AS i
    ON CONFLICT (journal_key, leg) DO NOTHING;
    IF NOT FOUND THEN
        -- The same key was committed since the first look: run the unit again to see it.
        RAISE EXCEPTION 'journal % was posted meanwhile', p_key USING ERRCODE = '40001';
    END IF;
    RETURN true;
END $$;

-- L16.
CREATE FUNCTION ledger.note_adjustment(p_key text, p_operator text, p_reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    INSERT INTO adjustment (journal_key, operator, reason) VALUES (p_key, p_operator, p_reason);
$$;

CREATE VIEW ledger.wallets AS SELECT * FROM ledger.wallet;
CREATE VIEW ledger.transfers AS SELECT * FROM ledger.transfer;
CREATE VIEW ledger.adjustments AS SELECT * FROM ledger.adjustment;

-- What every account holds: what entered it minus what left it.
CREATE VIEW ledger.balances AS
SELECT class, owner, currency, sum(amount)::bigint AS balance
FROM (
    SELECT to_class AS class, to_owner AS owner, currency, amount FROM ledger.transfer
    UNION ALL
    SELECT from_class, from_owner, currency, -amount FROM ledger.transfer
) AS legs
GROUP BY class, owner, currency;

-- Ownership goes to a role that nobody can log in as; the application may only call and look.
DO $$
DECLARE
    v_object text;
BEGIN
    EXECUTE format('GRANT switchboard_ledger TO %I', current_user);
    EXECUTE 'ALTER SCHEMA ledger OWNER TO switchboard_ledger';
    FOR v_object IN SELECT format('ledger.%I', tablename) FROM pg_tables WHERE schemaname = 'ledger'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO switchboard_ledger', v_object);
    END LOOP;
    FOR v_object IN SELECT format('ledger.%I', viewname) FROM pg_views WHERE schemaname = 'ledger'
    LOOP
        EXECUTE format('ALTER VIEW %s OWNER TO switchboard_ledger', v_object);
    END LOOP;
    FOR v_object IN
        SELECT p.oid::regprocedure::text FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'ledger'
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO switchboard_ledger', v_object);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_object);
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA ledger TO switchboard_app;
GRANT SELECT ON ledger.wallets, ledger.transfers, ledger.adjustments, ledger.balances
    TO switchboard_app;
GRANT EXECUTE ON FUNCTION ledger.open_wallet, ledger.affordable, ledger.post,
    ledger.note_adjustment TO switchboard_app;
