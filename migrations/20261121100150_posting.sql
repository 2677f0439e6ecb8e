-- How a journal is posted since customers can owe us, every movement of a wallet is chained to the
-- one before, and each login posts its own kinds only.
--
-- Who loses a race with an equal journal is told so. Two units that post the same key at once both
-- find it free; the second one waits for the wallet and then finds in it what the first one left.
-- It runs again and sees the key, instead of being refused for lack of money it has itself taken.

-- The hash of a movement, over the one before in the same wallet (L17): the time at full width,
-- then numbers and names, which contain no blanks, and the key at the end. It goes into the row
-- and becomes the wallet's.
CREATE FUNCTION ledger.link(
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

-- Raises 40001 when the key was committed since the first look at it. Asked before every refusal
-- that depends on what a wallet holds.
CREATE FUNCTION ledger.give_way(p_key text) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = ledger, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM transfer t WHERE t.journal_key = p_key) THEN
        RAISE EXCEPTION 'journal % was posted meanwhile', p_key USING ERRCODE = '40001';
    END IF;
END $$;

-- L4: why a wallet was not moved. `p_change` is what the journal would do to what can be spent. A
-- wallet that was filled between the look at it and the refusal refuses nothing: the unit runs
-- again.
CREATE FUNCTION ledger.refuse_wallet(p_key text, p_user bigint, p_change bigint)
RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
DECLARE
    v_wallet wallet%ROWTYPE;
    v_floor  text;
BEGIN
    SELECT * INTO v_wallet FROM wallet w WHERE w.user_id = p_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer % has no wallet', p_user USING ERRCODE = 'LG005';
    END IF;
    PERFORM give_way(p_key);
    IF v_wallet.available + p_change < 0 THEN
        v_floor := 'wallet_available_floor';
    ELSIF EXISTS (SELECT FROM transfer t
                  WHERE t.journal_key = regexp_replace(p_key, ':resolve$', ':hold')
                    AND t.amount > v_wallet.held) THEN
        v_floor := 'wallet_held_floor';
    ELSE
        RAISE EXCEPTION 'the wallet of customer % was moved meanwhile', p_user
            USING ERRCODE = '40001';
    END IF;
    RAISE EXCEPTION 'the wallet of customer % holds too little', p_user
        USING ERRCODE = '23514', CONSTRAINT = v_floor;
END $$;

-- L8, L14: what follows the end of an order fits how it ended. A late code costs us only when the
-- order was refunded; compensations give back what was earned, and no more. The caller has locked
-- the wallet, so no other compensation of the order is under way.
CREATE FUNCTION ledger.check_sequel(
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
        PERFORM give_way(p_key);
        RAISE EXCEPTION 'journal % does not fit the end of its order', p_key
            USING ERRCODE = 'LG004';
    END IF;
END $$;

-- L18: what is undone was done, to the same customer and with no less.
CREATE FUNCTION ledger.check_reversal(p_key text, p_user bigint, p_amount bigint[])
RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM transfer t
        WHERE t.journal_key = left(p_key, -length(':reversal'))
        HAVING count(*) = cardinality(p_amount) AND bool_or(t.wallet_user = p_user)
           -- The movements of a reversal come in the opposite order.
           AND bool_and(t.amount >= p_amount[cardinality(p_amount) + 1 - t.leg])
    ) THEN
        RAISE EXCEPTION 'journal % reverses nothing of the kind', p_key USING ERRCODE = 'LG004';
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
        ELSIF p_kind NOT IN ('ORPHAN_SMS', 'GATEWAY_SETTLEMENT', 'PROVIDER_FUNDING') THEN
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
        WHERE w.user_id = v_user AND w.available + v_avail >= 0 AND w.held + v_held >= 0
        RETURNING * INTO v_wallet;
        IF NOT FOUND THEN
            PERFORM refuse_wallet(p_key, v_user, v_avail);
        END IF;
        IF p_kind = 'ORDER_DEBIT' THEN
            IF v_wallet.frozen THEN
                PERFORM give_way(p_key);
                RAISE EXCEPTION 'customer % may not buy', v_user USING ERRCODE = 'LG006';
            ELSIF v_wallet.debt > 0 THEN
                PERFORM give_way(p_key);
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

ALTER FUNCTION ledger.link OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.refuse OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.give_way OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.refuse_wallet OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.check_sequel OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.check_reversal OWNER TO switchboard_ledger;
REVOKE ALL ON FUNCTION ledger.link, ledger.refuse, ledger.give_way, ledger.refuse_wallet,
    ledger.check_sequel, ledger.check_reversal FROM PUBLIC;
