-- Money that goes back: claw-backs, refunds of payments, compensations. Customers can owe us, and
-- can be stopped from buying. Every movement of a wallet is chained to the one before.

ALTER TABLE ledger.wallet
    -- What the customer owes: what left the debt account minus what entered it.
    ADD COLUMN debt   bigint  NOT NULL DEFAULT 0,
    -- Whether a freeze is in force; kept by ledger.freeze and ledger.unfreeze.
    ADD COLUMN frozen boolean NOT NULL DEFAULT false,
    -- Hash of the last chained movement, over the hash before it (L17).
    ADD COLUMN chain  bytea   NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    ADD CONSTRAINT wallet_debt_floor CHECK (debt >= 0),
    ADD CONSTRAINT wallet_chain_length CHECK (length(chain) = 32);

-- The debt changes with hardly any purchase, so the index costs purchases nothing.
CREATE INDEX wallet_indebted ON ledger.wallet (user_id) WHERE debt > 0;

-- Rows from before this migration keep NULL in debt_after and chain: nobody owed anything, and the
-- chain of a wallet begins with its first movement from now on. Their transaction is this one.
ALTER TABLE ledger.transfer
    ADD COLUMN debt_after bigint,
    ADD COLUMN chain      bytea,
    -- Who wrote the row: lets a reader tell finished transactions from running ones.
    ADD COLUMN xact       bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    ADD CONSTRAINT transfer_chained CHECK (
        (wallet_user IS NULL) = (chain IS NULL) AND (wallet_user IS NULL) = (debt_after IS NULL)
    ) NOT VALID;

-- Transactions come nearly in the order of their numbers, and an index by blocks costs next to
-- nothing to keep.
CREATE INDEX transfer_xact ON ledger.transfer USING brin (xact int8_minmax_multi_ops)
    WITH (pages_per_range = 32, autosummarize = on);

-- Compensations of an order, to add them up (L8).
CREATE INDEX transfer_compensation
    ON ledger.transfer (substring(journal_key FROM '^order:[0-9]+:[0-9]+:'))
    WHERE kind = 'ORDER_COMPENSATION';

-- Why a customer may not buy. Several reasons may be in force at once.
CREATE TABLE ledger.wallet_freeze (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES ledger.wallet (user_id),
    cause      text NOT NULL CHECK (cause IN ('audit', 'dispute', 'operator')),
    reference  text NOT NULL CHECK (length(btrim(reference)) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    lifted_at  timestamptz,
    lifted_by  text CHECK (length(btrim(lifted_by)) BETWEEN 1 AND 500),
    CONSTRAINT wallet_freeze_lifted CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);

CREATE UNIQUE INDEX wallet_freeze_in_force ON ledger.wallet_freeze (user_id, cause, reference)
    WHERE lifted_at IS NULL;

-- One sign for all accounts: positive is owed or earned, negative is owned, owed to us or spent.
-- What codes cost was booked the other way round until now.
ALTER TABLE ledger.rule DROP CONSTRAINT rule_pkey;
ALTER TABLE ledger.rule ADD PRIMARY KEY (kind, from_class, to_class, currency);

DELETE FROM ledger.rule WHERE kind = 'ORDER_CAPTURE' AND currency = 'USD';

INSERT INTO ledger.rule VALUES
    ('ORDER_CAPTURE', 'provider_expense', 'provider_prepaid', 'USD',
        '^order:[0-9]+:[0-9]+:resolve$'),
    ('ORDER_COMPENSATION', 'revenue', 'available', 'IDR',
        '^order:[0-9]+:[0-9]+:compensation:.+$'),
    ('LATE_SMS', 'late_sms_expense', 'provider_prepaid', 'USD', '^order:[0-9]+:[0-9]+:late$'),
    ('TOPUP_CREDIT', 'gateway_clearing', 'liquidity', 'USD', '^topup:[a-z0-9]+:.+$'),
    ('TOPUP_CREDIT', 'liquidity', 'available', 'IDR', '^topup:[a-z0-9]+:.+$'),
    ('TOPUP_REFUND', 'available', 'gateway_clearing', 'IDR', '^refund:[a-z0-9]+:.+$'),
    ('TOPUP_REFUND', 'available', 'liquidity', 'IDR', '^refund:[a-z0-9]+:.+$'),
    ('TOPUP_REFUND', 'liquidity', 'gateway_clearing', 'USD', '^refund:[a-z0-9]+:.+$'),
    ('TOPUP_REFUND_REVERSAL', 'gateway_clearing', 'available', 'IDR',
        '^refund:[a-z0-9]+:.+:reversal$'),
    ('TOPUP_REFUND_REVERSAL', 'gateway_clearing', 'liquidity', 'USD',
        '^refund:[a-z0-9]+:.+:reversal$'),
    ('TOPUP_REFUND_REVERSAL', 'liquidity', 'available', 'IDR', '^refund:[a-z0-9]+:.+:reversal$'),
    ('CLAWBACK', 'debt', 'gateway_clearing', 'IDR', '^clawback:[a-z0-9]+:.+$'),
    ('CLAWBACK', 'debt', 'liquidity', 'IDR', '^clawback:[a-z0-9]+:.+$'),
    ('CLAWBACK', 'liquidity', 'gateway_clearing', 'USD', '^clawback:[a-z0-9]+:.+$'),
    ('CLAWBACK_REVERSAL', 'gateway_clearing', 'available', 'IDR',
        '^clawback:[a-z0-9]+:.+:reversal$'),
    ('CLAWBACK_REVERSAL', 'gateway_clearing', 'liquidity', 'USD',
        '^clawback:[a-z0-9]+:.+:reversal$'),
    ('CLAWBACK_REVERSAL', 'liquidity', 'available', 'IDR', '^clawback:[a-z0-9]+:.+:reversal$'),
    ('DEBT_REPAYMENT', 'available', 'debt', 'IDR', '^debt:[0-9]+:[0-9]+$'),
    ('GATEWAY_SETTLEMENT', 'bank', 'gateway_clearing', 'IDR', '^settlement:[a-z0-9]+:.+$'),
    ('GATEWAY_SETTLEMENT', 'bank', 'gateway_clearing', 'USD', '^settlement:[a-z0-9]+:.+$'),
    ('GATEWAY_SETTLEMENT', 'gateway_fee', 'gateway_clearing', 'IDR', '^settlement:[a-z0-9]+:.+$'),
    ('GATEWAY_SETTLEMENT', 'gateway_fee', 'gateway_clearing', 'USD', '^settlement:[a-z0-9]+:.+$'),
    ('PROVIDER_FUNDING', 'provider_prepaid', 'bank', 'USD', '^funding:[0-9]+:.+$'),
    ('ADJUSTMENT', 'available', 'adjustment', 'IDR', '^adjustment:.+$'),
    -- Only this migration posts it: twice what was booked with the other sign.
    ('SIGN_CHANGE', 'provider_expense', 'provider_prepaid', 'USD', '^sign_change:[0-9]+$');

INSERT INTO ledger.transfer (journal_key, leg, kind, from_class, from_owner, to_class, to_owner,
                             amount, currency)
SELECT 'sign_change:' || to_owner, 1, 'SIGN_CHANGE', 'provider_expense', to_owner,
       'provider_prepaid', to_owner, 2 * sum(amount), 'USD'
FROM ledger.transfer WHERE from_class = 'provider_prepaid' AND to_class = 'provider_expense'
GROUP BY to_owner;

-- The hash of a movement, over the one before in the same wallet (L17): numbers at fixed width,
-- names without blanks, the key at the end. It goes into the row and becomes the wallet's.
CREATE FUNCTION ledger.link(
    p_previous bytea, p_key text, p_kind text, p_leg int, p_from_class text, p_from_owner bigint,
    p_to_class text, p_to_owner bigint, p_amount bigint, p_currency text, p_seq bigint,
    p_available bigint, p_held bigint, p_debt bigint, p_at timestamptz
) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.sha256(
        p_previous || int8send(p_seq) || int4send(p_leg) || int8send(p_from_owner)
        || int8send(p_to_owner) || int8send(p_amount) || int8send(p_available)
        || int8send(p_held) || int8send(p_debt) || timestamptz_send(p_at)
        || convert_to(p_kind || ' ' || p_from_class || ' ' || p_to_class || ' ' || p_currency
                      || ' ' || p_key, 'UTF8'));
$$;

-- L2, L10, L14: a journal has 1 to 10 movements, each permitted for its kind. Within a wallet
-- money stays with its customer, and what goes into an exchange comes out in the other currency.
CREATE OR REPLACE FUNCTION ledger.check_legs(
    p_key text, p_kind text, p_from_class text[], p_from_owner bigint[], p_to_class text[],
    p_to_owner bigint[], p_amount bigint[], p_currency text[]
) RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
DECLARE
    v_legs      int := cardinality(p_amount);
    v_good      int;
    v_exchanged int;
BEGIN
    IF v_legs NOT BETWEEN 1 AND 10
       OR (cardinality(p_from_class), cardinality(p_from_owner), cardinality(p_to_class),
           cardinality(p_to_owner), cardinality(p_currency))
          <> (v_legs, v_legs, v_legs, v_legs, v_legs) THEN
        RAISE EXCEPTION 'journal % is malformed', p_key USING ERRCODE = 'LG004';
    END IF;
    SELECT count(*), coalesce(sum((r.to_class = 'liquidity')::int
                                  - (r.from_class = 'liquidity')::int), 0)
    INTO v_good, v_exchanged
    FROM generate_subscripts(p_amount, 1) AS i
    JOIN rule r ON r.kind = p_kind AND r.from_class = p_from_class[i]
        AND r.to_class = p_to_class[i] AND r.currency = p_currency[i] AND p_key ~ r.key_pattern
    WHERE p_from_owner[i] = p_to_owner[i]
       OR r.from_class NOT IN ('available', 'held', 'debt')
       OR r.to_class NOT IN ('available', 'held', 'debt');
    IF (v_good, v_exchanged) IS DISTINCT FROM (v_legs, 0) THEN
        RAISE EXCEPTION 'journal % is not permitted as %', p_key, p_kind USING ERRCODE = 'LG004';
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

-- L8, L14: what follows the end of an order fits how it ended. A late code costs us only when the
-- order was refunded; compensations give back what was earned, and no more. The caller has locked
-- the wallet, so no other compensation of the order is under way.
CREATE FUNCTION ledger.check_sequel(p_key text, p_kind text, p_user bigint, p_amount bigint)
RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
DECLARE
    v_stem  text := substring(p_key FROM '^order:[0-9]+:[0-9]+:');
    v_good  boolean;
BEGIN
    SELECT CASE p_kind
        WHEN 'LATE_SMS' THEN t.kind = 'ORDER_REFUND'
        ELSE t.kind = 'ORDER_CAPTURE' AND t.wallet_user = p_user AND t.amount >= p_amount + (
            SELECT coalesce(sum(c.amount), 0) FROM transfer c
            WHERE c.kind = 'ORDER_COMPENSATION'
              AND substring(c.journal_key FROM '^order:[0-9]+:[0-9]+:') = v_stem)
        END
    INTO v_good
    FROM transfer t WHERE t.journal_key = v_stem || 'resolve' AND t.leg = 1;
    IF v_good IS NOT TRUE THEN
        RAISE EXCEPTION 'journal % does not fit the end of its order', p_key
            USING ERRCODE = 'LG004';
    END IF;
END $$;

-- Posts one journal. True: the money moved now; false: it had moved before.
-- SQLSTATE LG002: the key stands for other content. LG004: not permitted. LG005: no such wallet.
-- LG006: the customer may not buy. 23514 wallet_available_floor: the wallet holds too little, or
-- its customer owes money and wants to spend.
CREATE OR REPLACE FUNCTION ledger.post(
    p_key text, p_kind text, p_from_class text[], p_from_owner bigint[], p_to_class text[],
    p_to_owner bigint[], p_amount bigint[], p_currency text[]
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_purses CONSTANT text[] := ARRAY['available', 'held', 'debt'];
    v_user   bigint;
    v_leg    int;
    v_avail  bigint := 0;
    v_held   bigint := 0;
    v_debt   bigint := 0;
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
        CONTINUE WHEN p_from_class[i] <> ALL (v_purses) AND p_to_class[i] <> ALL (v_purses);
        IF v_user IS NOT NULL THEN
            RAISE EXCEPTION 'journal % moves a wallet twice', p_key USING ERRCODE = 'LG004';
        END IF;
        v_leg := i;
        v_user := CASE WHEN p_from_class[i] = ANY (v_purses) THEN p_from_owner[i]
                       ELSE p_to_owner[i] END;
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
    INSERT INTO transfer (journal_key, leg, kind, from_class, from_owner, to_class, to_owner,
                          amount, currency, wallet_user, wallet_seq, available_after, held_after,
                          debt_after, chain)
    SELECT p_key, i, p_kind, p_from_class[i], p_from_owner[i], p_to_class[i], p_to_owner[i],
           p_amount[i], p_currency[i],
           CASE WHEN i = v_leg THEN v_user END, CASE WHEN i = v_leg THEN v_wallet.seq END,
           CASE WHEN i = v_leg THEN v_wallet.available END,
           CASE WHEN i = v_leg THEN v_wallet.held END,
           CASE WHEN i = v_leg THEN v_wallet.debt END,
           CASE WHEN i = v_leg THEN v_wallet.chain END
    FROM generate_subscripts(p_amount, 1) AS i
    ON CONFLICT (journal_key, leg) DO NOTHING;
    IF NOT FOUND THEN
        -- The same key was committed since the first look: run the unit again to see it.
        RAISE EXCEPTION 'journal % was posted meanwhile', p_key USING ERRCODE = '40001';
    END IF;
    RETURN true;
END $$;

-- Spends what a customer can spend on what they owe; answers how much that was. The amount depends
-- on the wallet, so its key is the place in the wallet's history and never meets another one.
CREATE FUNCTION ledger.repay_debt(p_user bigint) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_amount bigint;
    v_seq    bigint;
BEGIN
    SELECT least(available, debt), seq + 1 INTO v_amount, v_seq
    FROM wallet WHERE user_id = p_user AND debt > 0 FOR NO KEY UPDATE;
    IF v_amount IS NULL OR v_amount = 0 THEN
        RETURN 0;
    END IF;
    PERFORM post(format('debt:%s:%s', p_user, v_seq), 'DEBT_REPAYMENT', ARRAY['available'],
                 ARRAY[p_user], ARRAY['debt'], ARRAY[p_user], ARRAY[v_amount], ARRAY['IDR']);
    RETURN v_amount;
END $$;

CREATE FUNCTION ledger.freeze(p_user bigint, p_cause text, p_reference text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    UPDATE wallet SET frozen = true WHERE user_id = p_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'customer % has no wallet', p_user USING ERRCODE = 'LG005';
    END IF;
    INSERT INTO wallet_freeze (user_id, cause, reference) VALUES (p_user, p_cause, p_reference)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

CREATE FUNCTION ledger.unfreeze(p_user bigint, p_cause text, p_reference text, p_by text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
    v_lifted boolean;
BEGIN
    PERFORM FROM wallet WHERE user_id = p_user FOR NO KEY UPDATE;
    UPDATE wallet_freeze SET lifted_at = now(), lifted_by = p_by
    WHERE user_id = p_user AND cause = p_cause AND reference = p_reference AND lifted_at IS NULL;
    v_lifted := FOUND;
    UPDATE wallet SET frozen = false
    WHERE user_id = p_user AND frozen AND NOT EXISTS (
        SELECT FROM wallet_freeze f WHERE f.user_id = p_user AND f.lifted_at IS NULL);
    RETURN v_lifted;
END $$;

CREATE OR REPLACE VIEW ledger.wallets AS SELECT * FROM ledger.wallet;
CREATE OR REPLACE VIEW ledger.transfers AS SELECT * FROM ledger.transfer;
CREATE VIEW ledger.freezes AS SELECT * FROM ledger.wallet_freeze;

ALTER TABLE ledger.wallet_freeze OWNER TO switchboard_ledger;
ALTER VIEW ledger.freezes OWNER TO switchboard_ledger;
DO $$
DECLARE
    v_object text;
BEGIN
    FOR v_object IN
        SELECT p.oid::regprocedure::text FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'ledger'
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO switchboard_ledger', v_object);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_object);
    END LOOP;
END $$;

GRANT SELECT ON ledger.freezes TO switchboard_app;
GRANT EXECUTE ON FUNCTION ledger.repay_debt, ledger.freeze, ledger.unfreeze TO switchboard_app;
