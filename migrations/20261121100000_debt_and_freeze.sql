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
ALTER FUNCTION ledger.repay_debt OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.freeze OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.unfreeze OWNER TO switchboard_ledger;
REVOKE ALL ON FUNCTION ledger.repay_debt, ledger.freeze, ledger.unfreeze FROM PUBLIC;

GRANT SELECT ON ledger.freezes TO switchboard_app;
GRANT EXECUTE ON FUNCTION ledger.repay_debt, ledger.freeze, ledger.unfreeze TO switchboard_app;
