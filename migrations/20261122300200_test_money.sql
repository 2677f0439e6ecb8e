-- Test accounts hold money of no value, in the currency that ISO 4217 reserves for testing. A wallet
-- has one currency for ever, and no journal brings the two together (L20).

ALTER TABLE ledger.wallet
    ADD COLUMN currency text NOT NULL DEFAULT 'IDR'
        CONSTRAINT wallet_currency CHECK (currency IN ('IDR', 'XTS'));

CREATE OR REPLACE VIEW ledger.wallets AS SELECT * FROM ledger.wallet;

INSERT INTO ledger.rule VALUES
    ('TEST_CREDIT',        'test_money', 'available',  'XTS', '^test:[0-9]+:grant$'),
    ('ORDER_DEBIT',        'available',  'held',       'XTS', '^order:[0-9]+:[0-9]+:hold$'),
    ('ORDER_REFUND',       'held',       'available',  'XTS', '^order:[0-9]+:[0-9]+:resolve$'),
    ('ORDER_CAPTURE',      'held',       'revenue',    'XTS', '^order:[0-9]+:[0-9]+:resolve$'),
    ('ORDER_COMPENSATION', 'revenue',    'available',  'XTS',
        '^order:[0-9]+:[0-9]+:compensation:.+$'),
    ('ADJUSTMENT',         'adjustment', 'available',  'XTS', '^adjustment:.+$'),
    ('ADJUSTMENT',         'available',  'adjustment', 'XTS', '^adjustment:.+$');
INSERT INTO ledger.permission VALUES ('TEST_CREDIT', 'switchboard_operator');

CREATE FUNCTION ledger.open_test_wallet(p_user bigint) RETURNS void LANGUAGE sql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    INSERT INTO wallet (user_id, currency) VALUES (p_user, 'XTS') ON CONFLICT DO NOTHING;
$$;
ALTER FUNCTION ledger.open_test_wallet OWNER TO switchboard_ledger;
REVOKE ALL ON FUNCTION ledger.open_test_wallet FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.open_test_wallet TO switchboard_operator;

-- Three functions learn of the wallet's currency. Their text stays where it was written: each of
-- these words is changed in it, and must be there.
DO $$
DECLARE
    v_change text[];
    v_text   text;
BEGIN
    FOREACH v_change SLICE 1 IN ARRAY ARRAY[
        ['ledger.post', 'WHERE w.user_id = v_user AND',
         'WHERE w.user_id = v_user AND w.currency = p_currency[v_leg] AND'],
        ['ledger.post', 'PERFORM refuse_wallet(',
         'IF EXISTS (SELECT FROM wallet w
                       WHERE w.user_id = v_user AND w.currency <> p_currency[v_leg]) THEN
                PERFORM refuse(p_key, p_kind);
            END IF;
            PERFORM refuse_wallet('],
        ['ledger.approve_adjustment', 'ARRAY[''IDR'']',
         'ARRAY[(SELECT w.currency FROM wallet w WHERE w.user_id = v.user_id)]'],
        -- What is bought of the built-in provider costs test money.
        ['public.orders_reserve', 'ARRAY[''IDR'']',
         'ARRAY[CASE WHEN p_provider = 0 THEN ''XTS'' ELSE ''IDR'' END]']
    ] LOOP
        SELECT pg_get_functiondef(p.oid) INTO STRICT v_text
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE format('%s.%s', n.nspname, p.proname) = v_change[1];
        IF strpos(v_text, v_change[2]) = 0 THEN
            RAISE EXCEPTION '% is written otherwise than this migration knows', v_change[1];
        END IF;
        EXECUTE replace(v_text, v_change[2], v_change[3]);
    END LOOP;
END $$;

-- What every account holds; each currency adds up to zero by itself.
CREATE OR REPLACE VIEW ledger.balances AS
SELECT 'available' AS class, user_id AS owner, currency, available AS balance
FROM ledger.wallet WHERE seq > 0
UNION ALL
SELECT 'held', user_id, currency, held FROM ledger.wallet WHERE seq > 0
UNION ALL
SELECT 'debt', user_id, currency, -debt FROM ledger.wallet WHERE debt > 0
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
