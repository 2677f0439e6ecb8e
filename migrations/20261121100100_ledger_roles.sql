-- Every binary has a login of its own, and each may post only the kinds of journals that are its
-- business: a stolen login of the webhook server creates no money.

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['switchboard_api', 'switchboard_webhook', 'switchboard_worker',
                                  'switchboard_operator'] LOOP
        -- Roles belong to the cluster, not to the database: another database may have made them.
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        -- Whoever owns the schema runs the operator's tools, and switchboard_app is for
        -- installations where all servers share one login.
        BEGIN
            IF NOT pg_has_role(current_user, v_role, 'USAGE') THEN
                EXECUTE format('GRANT %I TO %I', v_role, current_user);
            END IF;
            IF v_role <> 'switchboard_operator'
               AND NOT pg_has_role('switchboard_app', v_role, 'USAGE') THEN
                EXECUTE format('GRANT %I TO switchboard_app', v_role);
            END IF;
        EXCEPTION WHEN unique_violation THEN NULL;
        END;
    END LOOP;
END $$;

-- Which role may post which kind. A kind without a row is posted by migrations only.
CREATE TABLE ledger.permission (
    kind text NOT NULL,
    role text NOT NULL,
    PRIMARY KEY (kind, role)
);

INSERT INTO ledger.permission
SELECT kind, 'switchboard_' || role FROM (VALUES
    ('ORDER_DEBIT', ARRAY['api', 'worker']),
    ('ORDER_REFUND', ARRAY['api', 'worker']),
    ('ORDER_CAPTURE', ARRAY['api', 'worker', 'webhook']),
    ('ORDER_COMPENSATION', ARRAY['operator']),
    ('LATE_SMS', ARRAY['api', 'worker', 'webhook']),
    ('TOPUP_CREDIT', ARRAY['worker']),
    ('TOPUP_REFUND', ARRAY['worker', 'operator']),
    ('TOPUP_REFUND_REVERSAL', ARRAY['worker']),
    ('CLAWBACK', ARRAY['worker']),
    ('CLAWBACK_REVERSAL', ARRAY['worker']),
    ('DEBT_REPAYMENT', ARRAY['worker', 'operator']),
    ('GATEWAY_SETTLEMENT', ARRAY['operator']),
    ('PROVIDER_FUNDING', ARRAY['operator']),
    ('ADJUSTMENT', ARRAY['operator'])
) AS permitted (kind, roles), unnest(roles) AS role;

-- Why a movement found no rule: the login may not post the kind, or nobody may post it so.
CREATE FUNCTION ledger.refuse(p_key text, p_kind text) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = ledger, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM rule r WHERE r.kind = p_kind)
       AND NOT EXISTS (SELECT FROM permission m
                       WHERE m.kind = p_kind AND pg_has_role(session_user, m.role, 'USAGE')) THEN
        RAISE EXCEPTION '% may not post %', session_user, p_kind USING ERRCODE = '42501';
    END IF;
    RAISE EXCEPTION 'journal % is not permitted as %', p_key, p_kind USING ERRCODE = 'LG004';
END $$;

-- The hash of a movement, over the one before in the same wallet (L17): the time at full width,
-- then numbers and names, which contain no blanks, and the key at the end. It goes into the row
-- and becomes the wallet's.
CREATE OR REPLACE FUNCTION ledger.link(
    p_previous bytea, p_key text, p_kind text, p_leg int, p_from_class text, p_from_owner bigint,
    p_to_class text, p_to_owner bigint, p_amount bigint, p_currency text, p_seq bigint,
    p_available bigint, p_held bigint, p_debt bigint, p_at timestamptz
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.sha256(
        p_previous || timestamptz_send(p_at)
        || convert_to(concat_ws(' ', p_seq, p_leg, p_kind, p_from_class, p_from_owner, p_to_class,
                                p_to_owner, p_amount, p_currency, p_available, p_held, p_debt,
                                p_key), 'UTF8'));
$$;

-- What was chained by the first form of the hash is chained anew.
ALTER TABLE ledger.transfer DISABLE TRIGGER transfer_is_final;
DO $$
DECLARE
    t       ledger.transfer%ROWTYPE;
    v_user  bigint;
    v_chain bytea;
BEGIN
    FOR t IN SELECT * FROM ledger.transfer WHERE chain IS NOT NULL
             ORDER BY wallet_user, wallet_seq LOOP
        IF v_user IS DISTINCT FROM t.wallet_user THEN
            v_user := t.wallet_user;
            v_chain := decode(repeat('00', 32), 'hex');
        END IF;
        v_chain := ledger.link(v_chain, t.journal_key, t.kind, t.leg, t.from_class, t.from_owner,
                               t.to_class, t.to_owner, t.amount, t.currency, t.wallet_seq,
                               t.available_after, t.held_after, t.debt_after, t.created_at);
        UPDATE ledger.transfer SET chain = v_chain
        WHERE journal_key = t.journal_key AND leg = t.leg;
        UPDATE ledger.wallet SET chain = v_chain WHERE user_id = v_user;
    END LOOP;
END $$;
ALTER TABLE ledger.transfer ENABLE TRIGGER transfer_is_final;

-- Compensations of an order are found in its customer's history, behind the capture: they are too
-- rare for an index that every movement would have to pass.
DROP INDEX ledger.transfer_compensation;

-- L8, L14: what follows the end of an order fits how it ended. A late code costs us only when the
-- order was refunded; compensations give back what was earned, and no more. The caller has locked
-- the wallet, so no other compensation of the order is under way.
CREATE OR REPLACE FUNCTION ledger.check_sequel(
    p_key text, p_kind text, p_user bigint, p_amount bigint
) RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
DECLARE
    v_stem text := substring(p_key FROM '^order:[0-9]+:[0-9]+:');
    v_good boolean;
BEGIN
    SELECT CASE p_kind
        WHEN 'LATE_SMS' THEN t.kind = 'ORDER_REFUND'
        ELSE t.kind = 'ORDER_CAPTURE' AND t.wallet_user = p_user AND t.amount >= p_amount + (
            SELECT coalesce(sum(c.amount), 0) FROM transfer c
            WHERE c.wallet_user = p_user AND c.wallet_seq > t.wallet_seq
              AND c.kind = 'ORDER_COMPENSATION' AND starts_with(c.journal_key, v_stem))
        END
    INTO v_good
    FROM transfer t WHERE t.journal_key = v_stem || 'resolve' AND t.leg = 1;
    IF v_good IS NOT TRUE THEN
        RAISE EXCEPTION 'journal % does not fit the end of its order', p_key
            USING ERRCODE = 'LG004';
    END IF;
END $$;

-- Posts one journal. True: the money moved now; false: it had moved before.
--
-- L2, L10, L14, L19: it has 1 to 10 movements, each permitted for its kind to this login, of which
-- at most one moves a wallet. Within a wallet money stays with its customer, and what goes into an
-- exchange comes out in the other currency. Every purchase passes here, so each question is asked
-- once and by key.
--
-- SQLSTATE LG002: the key stands for other content. LG004: not permitted. LG005: no such wallet.
-- LG006: the customer may not buy. 42501: not for this login. 23514 wallet_available_floor: the
-- wallet holds too little, or its customer owes money and wants to spend.
CREATE OR REPLACE FUNCTION ledger.post(
    p_key text, p_kind text, p_from_class text[], p_from_owner bigint[], p_to_class text[],
    p_to_owner bigint[], p_amount bigint[], p_currency text[]
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_legs      CONSTANT int := cardinality(p_amount);
    v_from      boolean;
    v_to        boolean;
    v_pattern   text;
    v_exchanged int := 0;
    v_user      bigint;
    v_leg       int;
    v_avail     bigint := 0;
    v_held      bigint := 0;
    v_debt      bigint := 0;
    v_wallet    wallet%ROWTYPE;
BEGIN
    IF EXISTS (SELECT FROM transfer t WHERE t.journal_key = p_key) THEN
        IF same_journal(p_key, p_kind, p_from_class, p_from_owner, p_to_class, p_to_owner,
                        p_amount, p_currency) THEN
            RETURN false;
        END IF;
        RAISE EXCEPTION 'journal % exists with other content', p_key USING ERRCODE = 'LG002';
    END IF;
    IF v_legs NOT BETWEEN 1 AND 10 THEN
        RAISE EXCEPTION 'journal % is malformed', p_key USING ERRCODE = 'LG004';
    END IF;
    FOR i IN 1 .. v_legs LOOP
        -- One look at the rules for each movement: this runs with every purchase.
        SELECT r.key_pattern INTO v_pattern FROM rule r
        WHERE r.kind = p_kind AND r.from_class = p_from_class[i] AND r.to_class = p_to_class[i]
          AND r.currency = p_currency[i]
          AND EXISTS (SELECT FROM permission m
                      WHERE m.kind = p_kind AND pg_has_role(session_user, m.role, 'USAGE'));
        v_from := p_from_class[i] IN ('available', 'held', 'debt');
        v_to := p_to_class[i] IN ('available', 'held', 'debt');
        IF (p_key ~ v_pattern) IS NOT TRUE
           OR (v_from AND v_to AND p_from_owner[i] <> p_to_owner[i]) THEN
            PERFORM refuse(p_key, p_kind);
        END IF;
        v_exchanged := v_exchanged + (p_to_class[i] = 'liquidity')::int
            - (p_from_class[i] = 'liquidity')::int;
        CONTINUE WHEN NOT v_from AND NOT v_to;
        IF v_user IS NOT NULL THEN
            RAISE EXCEPTION 'journal % moves a wallet twice', p_key USING ERRCODE = 'LG004';
        END IF;
        v_leg := i;
        v_user := CASE WHEN v_from THEN p_from_owner[i] ELSE p_to_owner[i] END;
        v_avail := p_amount[i] * ((p_to_class[i] = 'available')::int
                                  - (p_from_class[i] = 'available')::int);
        v_held := p_amount[i] * ((p_to_class[i] = 'held')::int
                                 - (p_from_class[i] = 'held')::int);
        v_debt := p_amount[i] * ((p_from_class[i] = 'debt')::int
                                 - (p_to_class[i] = 'debt')::int);
        IF p_from_class[i] = 'held' THEN
            PERFORM check_hold(p_key, v_user, p_amount[i]);
        END IF;
    END LOOP;
    IF v_exchanged <> 0 THEN
        RAISE EXCEPTION 'journal % exchanges one currency only', p_key USING ERRCODE = 'LG004';
    END IF;
    IF v_user IS NULL THEN
        IF p_kind = 'LATE_SMS' THEN
            PERFORM check_sequel(p_key, p_kind, NULL, NULL);
        ELSIF p_kind NOT IN ('GATEWAY_SETTLEMENT', 'PROVIDER_FUNDING') THEN
            RAISE EXCEPTION 'journal % moves no wallet', p_key USING ERRCODE = 'LG004';
        END IF;
    ELSE
        UPDATE wallet w
        SET available = w.available + v_avail, held = w.held + v_held, debt = w.debt + v_debt,
            seq = w.seq + 1,
            chain = link(w.chain, p_key, p_kind, v_leg, p_from_class[v_leg], p_from_owner[v_leg],
                         p_to_class[v_leg], p_to_owner[v_leg], p_amount[v_leg],
                         p_currency[v_leg], w.seq + 1, w.available + v_avail, w.held + v_held,
                         w.debt + v_debt, now())
        WHERE w.user_id = v_user
        RETURNING * INTO v_wallet;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer % has no wallet', v_user USING ERRCODE = 'LG005';
        END IF;
        IF p_kind = 'ORDER_DEBIT' THEN
            IF v_wallet.frozen THEN
                RAISE EXCEPTION 'customer % may not buy', v_user USING ERRCODE = 'LG006';
            ELSIF v_wallet.debt > 0 THEN
                RAISE EXCEPTION 'customer % owes money', v_user
                    USING ERRCODE = '23514', CONSTRAINT = 'wallet_available_floor';
            END IF;
        ELSIF p_kind = 'ORDER_COMPENSATION' THEN
            PERFORM check_sequel(p_key, p_kind, v_user, p_amount[1]);
        ELSIF p_kind IN ('CLAWBACK_REVERSAL', 'TOPUP_REFUND_REVERSAL') THEN
            PERFORM check_reversal(p_key, v_user, p_amount);
        ELSIF p_kind = 'DEBT_REPAYMENT'
              AND p_key <> format('debt:%s:%s', v_user, v_wallet.seq) THEN
            RAISE EXCEPTION 'journal % is not the next of its wallet', p_key
                USING ERRCODE = 'LG004';
        END IF;
    END IF;
    FOR i IN 1 .. v_legs LOOP
        IF i = v_leg THEN
            INSERT INTO transfer (journal_key, leg, kind, from_class, from_owner, to_class,
                                  to_owner, amount, currency, wallet_user, wallet_seq,
                                  available_after, held_after, debt_after, chain)
            VALUES (p_key, i, p_kind, p_from_class[i], p_from_owner[i], p_to_class[i],
                    p_to_owner[i], p_amount[i], p_currency[i], v_user, v_wallet.seq,
                    v_wallet.available, v_wallet.held, v_wallet.debt, v_wallet.chain)
            ON CONFLICT (journal_key, leg) DO NOTHING;
        ELSE
            INSERT INTO transfer (journal_key, leg, kind, from_class, from_owner, to_class,
                                  to_owner, amount, currency)
            VALUES (p_key, i, p_kind, p_from_class[i], p_from_owner[i], p_to_class[i],
                    p_to_owner[i], p_amount[i], p_currency[i])
            ON CONFLICT (journal_key, leg) DO NOTHING;
        END IF;
        IF NOT FOUND THEN
            -- The same key was committed since the first look: run the unit again to see it.
            RAISE EXCEPTION 'journal % was posted meanwhile', p_key USING ERRCODE = '40001';
        END IF;
    END LOOP;
    RETURN true;
END $$;

DROP FUNCTION ledger.check_legs;

ALTER FUNCTION ledger.refuse OWNER TO switchboard_ledger;
REVOKE ALL ON FUNCTION ledger.refuse FROM PUBLIC;
ALTER TABLE ledger.permission OWNER TO switchboard_ledger;

-- What all binaries may look at, and what each may call.
GRANT USAGE ON SCHEMA ledger
    TO switchboard_api, switchboard_webhook, switchboard_worker, switchboard_operator;
GRANT SELECT ON ledger.wallets, ledger.transfers, ledger.adjustments, ledger.balances,
    ledger.freezes
    TO switchboard_api, switchboard_webhook, switchboard_worker, switchboard_operator;
GRANT EXECUTE ON FUNCTION ledger.post
    TO switchboard_api, switchboard_webhook, switchboard_worker, switchboard_operator;
GRANT EXECUTE ON FUNCTION ledger.affordable TO switchboard_api;
GRANT EXECUTE ON FUNCTION ledger.repay_debt, ledger.freeze, ledger.unfreeze
    TO switchboard_worker, switchboard_operator;
GRANT EXECUTE ON FUNCTION ledger.open_wallet, ledger.note_adjustment TO switchboard_operator;

-- The union of the servers' roles, which is less than it was: corrections are the operator's.
REVOKE EXECUTE ON FUNCTION ledger.open_wallet, ledger.note_adjustment FROM switchboard_app;
