-- How many orders of a customer wait for their first message at once, and who may not buy for a
-- while. Functions that learn of it stand here in full.

-- L21: holds that are neither released nor captured, which are orders that were bought, have no
-- message yet, and are not over. Kept with every movement of the wallet, so that asking costs a
-- purchase nothing that grows with the number of its customer's orders.
ALTER TABLE ledger.wallet ADD COLUMN holds int NOT NULL DEFAULT 0;

UPDATE ledger.wallet w SET holds = open.holds
FROM (
    SELECT h.wallet_user, count(*) AS holds
    FROM ledger.wallet held
    JOIN ledger.transfer h ON h.wallet_user = held.user_id AND h.kind = 'ORDER_DEBIT'
    WHERE held.held > 0
      AND NOT EXISTS (SELECT FROM ledger.transfer r
                      WHERE r.journal_key = left(h.journal_key, -length('hold')) || 'resolve')
    GROUP BY h.wallet_user
) AS open
WHERE w.user_id = open.wallet_user;

-- L21; every hold is of a positive amount (L2).
ALTER TABLE ledger.wallet
    ADD CONSTRAINT wallet_holds CHECK (holds >= 0 AND (holds = 0) = (held = 0));

CREATE OR REPLACE VIEW ledger.wallets AS SELECT * FROM ledger.wallet;

-- Posts one journal. True: the money moved now; false: it had moved before.
--
-- L2, L10, L14, L19, L20: it has 1 to 10 movements, each permitted for its kind to this login, of
-- which at most one moves a wallet. Within a wallet money stays with its customer, and what goes
-- into an exchange comes out in the other currency. Every purchase passes here, so each question is
-- asked once and by key.
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
            holds = w.holds + sign(v_held)::int, seq = w.seq + 1,
            chain = link(w.chain, p_key, p_kind, v_leg, p_from_class[v_leg], p_from_owner[v_leg],
                         p_to_class[v_leg], p_to_owner[v_leg], p_amount[v_leg],
                         p_currency[v_leg], w.seq + 1, w.available + v_avail, w.held + v_held,
                         w.debt + v_debt, now())
        WHERE w.user_id = v_user AND w.currency = p_currency[v_leg]
          AND w.available + v_avail >= 0 AND w.held + v_held >= 0
        RETURNING * INTO v_wallet;
        IF NOT FOUND THEN
            IF EXISTS (SELECT FROM wallet w
                       WHERE w.user_id = v_user AND w.currency <> p_currency[v_leg]) THEN
                PERFORM refuse(p_key, p_kind);
            END IF;
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

-- Posts what was proposed, on the word of a second person, in the wallet's own currency.
CREATE OR REPLACE FUNCTION ledger.approve_adjustment(
    p_reference text, p_approver text, OUT posted boolean, OUT user_id bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_key      CONSTANT text := 'adjustment:' || p_reference;
    v_currency text;
    v          proposal%ROWTYPE;
BEGIN
    -- The lock lets one of two approvers go first.
    SELECT * INTO v FROM proposal p WHERE p.reference = p_reference FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no proposal %', p_reference USING ERRCODE = 'LG004';
    ELSIF lower(btrim(v.operator)) = lower(btrim(p_approver)) THEN
        RAISE EXCEPTION 'proposal % needs the word of a second person', p_reference
            USING ERRCODE = 'LG004';
    END IF;
    user_id := v.user_id;
    SELECT w.currency INTO v_currency FROM wallet w WHERE w.user_id = v.user_id;
    IF v.change = 'give' THEN
        posted := post(v_key, 'ADJUSTMENT', ARRAY['adjustment'], ARRAY[0::bigint],
                       ARRAY['available'], ARRAY[v.user_id], ARRAY[v.amount], ARRAY[v_currency]);
    ELSE
        posted := post(v_key, 'ADJUSTMENT', ARRAY['available'], ARRAY[v.user_id],
                       ARRAY['adjustment'], ARRAY[0::bigint], ARRAY[v.amount], ARRAY[v_currency]);
    END IF;
    IF posted THEN
        INSERT INTO adjustment (journal_key, operator, reason, approver)
        VALUES (v_key, v.operator, v.reason, p_approver);
    END IF;
END $$;

-- Who may not buy for a while: after too many purchases without a message, or on the word of an
-- operator. A ban that was lifted stays as a row that is over.
CREATE TABLE customer_bans (
    user_id     bigint PRIMARY KEY REFERENCES users (id),
    tier        text NOT NULL CHECK (tier IN ('SOFT', 'HARD')),
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL CHECK (until >= since),
    -- Nothing that ended before is held against the customer any more.
    judged_from timestamptz
);

-- Who stopped a customer, or let them go on, and why; written by people and by the abuse guard.
CREATE TABLE customer_audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id  bigint NOT NULL REFERENCES users (id),
    action   text NOT NULL CHECK (action IN ('ban', 'unban', 'suspend', 'resume')),
    tier     text CHECK (tier IN ('SOFT', 'HARD')),
    until    timestamptz,
    operator text NOT NULL CHECK (length(btrim(operator)) BETWEEN 1 AND 500),
    reason   text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 500),
    at       timestamptz NOT NULL,
    -- The login of the database, which nobody chooses freely.
    login    text NOT NULL DEFAULT session_user,
    CONSTRAINT customer_audit_ban CHECK (
        (action = 'ban') = (tier IS NOT NULL) AND (action = 'ban') = (until IS NOT NULL))
);

CREATE INDEX customer_audit_user ON customer_audit (user_id, id);

-- What the guard may do, and no more: whoever steals a server's login cannot lift a ban, nor ban in
-- the name of an operator. A ban in force gives way to a harder one only. Answers whether the
-- customer is banned by this.
CREATE FUNCTION guard_ban(
    p_user bigint, p_tier text, p_since timestamptz, p_until timestamptz, p_reason text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO customer_bans AS b (user_id, tier, since, until)
    VALUES (p_user, p_tier, p_since, p_until)
    ON CONFLICT (user_id) DO UPDATE
        SET tier = excluded.tier, since = excluded.since, until = excluded.until
        WHERE b.until <= excluded.since
           OR (b.tier = 'SOFT' AND excluded.tier = 'HARD' AND b.until < excluded.until);
    IF FOUND THEN
        INSERT INTO customer_audit (user_id, action, tier, until, operator, reason, at)
        VALUES (p_user, 'ban', p_tier, p_until, 'abuse guard', p_reason, p_since);
    END IF;
    RETURN FOUND;
END $$;

-- The whole first unit of a purchase in one round trip: request key, money, orders.
-- outcome: new | replay | key_reused. A wallet that holds too little for one raises 23514
-- wallet_available_floor. OD001: the customer waits for p_most orders already. OD002: the customer
-- may not buy until the moment in the detail, in microseconds of the epoch behind the tier. What is
-- raised undoes the key as well.
DROP FUNCTION orders_reserve_again;
DROP FUNCTION orders_reserve;
CREATE FUNCTION orders_reserve(
    p_user bigint, p_operation text, p_key text, p_fingerprint text, p_quantity int,
    p_price bigint, p_product bigint, p_catalog_product bigint, p_carrier bigint,
    p_provider bigint, p_service text, p_country text, p_cost bigint, p_now timestamptz,
    p_attempted_at timestamptz, p_most int DEFAULT NULL
) RETURNS TABLE (outcome text, order_ids bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    v_ids   bigint[];
    v_count int := 1;
    v_known idempotency_keys%ROWTYPE;
    v_ban   customer_bans%ROWTYPE;
    v_holds int;
BEGIN
    IF p_quantity > 1 THEN
        v_count := greatest(1, least(p_quantity, ledger.affordable(p_user, p_price)));
        -- Locked by now, so that this is what it will be when the money is set aside.
        SELECT w.holds INTO v_holds FROM ledger.wallets w WHERE w.user_id = p_user;
        v_count := greatest(1, least(v_count, p_most - v_holds));
    END IF;
    SELECT array_agg(nextval('orders_id_seq')) INTO v_ids FROM generate_series(1, v_count);
    IF p_key IS NOT NULL THEN
        INSERT INTO idempotency_keys
        VALUES (p_user, p_operation, p_key, p_fingerprint, v_ids, p_now) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            SELECT * INTO v_known FROM idempotency_keys i
            WHERE i.user_id = p_user AND i.operation = p_operation AND i.key = p_key;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'key vanished' USING ERRCODE = '40001';
            ELSIF v_known.fingerprint <> p_fingerprint THEN
                RETURN QUERY SELECT 'key_reused', ARRAY[]::bigint[];
            ELSE
                RETURN QUERY SELECT 'replay', v_known.order_ids;
            END IF;
            RETURN;
        END IF;
    END IF;
    SELECT * INTO v_ban FROM customer_bans b WHERE b.user_id = p_user AND b.until > p_now;
    IF FOUND THEN
        RAISE EXCEPTION 'customer % is banned', p_user USING ERRCODE = 'OD002',
            DETAIL = format('%s %s', v_ban.tier,
                            (extract(epoch FROM v_ban.until) * 1000000)::bigint);
    END IF;
    FOR i IN 1 .. v_count LOOP
        PERFORM ledger.post('order:' || v_ids[i] || ':1:hold', 'ORDER_DEBIT',
            ARRAY['available'], ARRAY[p_user], ARRAY['held'], ARRAY[p_user], ARRAY[p_price],
            -- What is bought of the built-in provider costs test money.
            ARRAY[CASE WHEN p_provider = 0 THEN 'XTS' ELSE 'IDR' END]);
    END LOOP;
    IF p_most IS NOT NULL THEN
        -- The wallet is locked now, whatever the quantity: nobody counts beside us.
        SELECT w.holds INTO v_holds FROM ledger.wallets w WHERE w.user_id = p_user;
        IF v_holds > p_most THEN
            RAISE EXCEPTION 'customer % waits for % orders already', p_user, p_most
                USING ERRCODE = 'OD001';
        END IF;
    END IF;
    INSERT INTO orders (id, user_id, product_id, catalog_product_id, carrier_id, attempt, price,
                        provider_id, external_service, external_country, cost_micros, state,
                        attempted_at, created_at, changed_at)
    SELECT id, p_user, p_product, p_catalog_product, p_carrier, 1, p_price, p_provider, p_service,
           p_country, p_cost, 'RESERVING', p_attempted_at, p_now, p_now
    FROM unnest(v_ids) AS id;
    RETURN QUERY SELECT 'new', v_ids;
END $$;

-- As orders_reserve, for an activation to be rented again.
CREATE FUNCTION orders_reserve_again(
    p_user bigint, p_operation text, p_key text, p_fingerprint text, p_quantity int,
    p_price bigint, p_product bigint, p_catalog_product bigint, p_carrier bigint,
    p_provider bigint, p_service text, p_country text, p_cost bigint, p_now timestamptz,
    p_attempted_at timestamptz, p_activation text, p_phone text, p_most int DEFAULT NULL
) RETURNS TABLE (outcome text, order_ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    SELECT r.outcome, r.order_ids INTO outcome, order_ids
    FROM orders_reserve(p_user, p_operation, p_key, p_fingerprint, p_quantity, p_price, p_product,
                        p_catalog_product, p_carrier, p_provider, p_service, p_country, p_cost,
                        p_now, p_attempted_at, p_most) r;
    IF outcome = 'new' THEN
        UPDATE orders o SET again_activation = p_activation, again_phone = p_phone
        WHERE o.user_id = p_user AND o.id = ANY(orders_reserve_again.order_ids);
    END IF;
    RETURN NEXT;
END $$;

REVOKE ALL ON FUNCTION guard_ban FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guard_ban TO switchboard_app, switchboard_api, switchboard_worker;
GRANT SELECT ON customer_bans TO switchboard_app, switchboard_api, switchboard_worker;
GRANT SELECT, INSERT, UPDATE ON customer_bans TO switchboard_operator;
GRANT SELECT, INSERT ON customer_audit TO switchboard_operator;
