-- I-19: a number that no order owns and that got a message all the same is charged: its cost is
-- booked as ours, once, and from then on no order can own it.

-- When its cost was booked.
ALTER TABLE orphan_activations ADD COLUMN written_off_at timestamptz;

-- Callbacks of such numbers come to rest.
GRANT SELECT ON orphan_activations TO switchboard_webhook;

INSERT INTO ledger.rule VALUES
    ('ORPHAN_SMS', 'late_sms_expense', 'provider_prepaid', 'USD', '^orphan:[0-9]+:.+$');
INSERT INTO ledger.permission VALUES ('ORPHAN_SMS', 'switchboard_worker');

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
