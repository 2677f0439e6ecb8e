-- What went back of a payment can be more than it, a dispute of all of it after a refund of a part,
-- and no more than was credited is taken for all of that. When one of them comes to nothing, what was
-- taken for it may be given back in parts, as the others come to nothing as well.

-- What of it was given back. Whatever came to nothing before this gets nothing more: what it got then
-- is all that was its own.
ALTER TABLE payment_reversals ADD COLUMN given bigint NOT NULL DEFAULT 0;
ALTER TABLE topup_refunds ADD COLUMN given bigint NOT NULL DEFAULT 0;
UPDATE payment_reversals SET given = taken WHERE state = 'RESTORED';
UPDATE topup_refunds SET given = amount WHERE state = 'FAILED';
ALTER TABLE payment_reversals
    ADD CONSTRAINT payment_reversals_given CHECK (given BETWEEN 0 AND taken);
ALTER TABLE topup_refunds ADD CONSTRAINT topup_refunds_given CHECK (given BETWEEN 0 AND amount);

-- L18: what is undone was done, to the same customer, and all parts of it that are undone are no more
-- than it was. Further parts have what was undone before at the end of their stem. The caller has
-- locked the wallet, so no other part is under way.
CREATE OR REPLACE FUNCTION ledger.check_reversal(p_key text, p_user bigint, p_amount bigint[])
RETURNS void LANGUAGE plpgsql STABLE SET search_path = ledger, pg_temp AS $$
DECLARE
    v_stem   text := left(p_key, -length(':reversal'));
    v_legs   CONSTANT int := cardinality(p_amount);
    v_before text[];
BEGIN
    IF NOT EXISTS (SELECT FROM transfer t WHERE t.journal_key = v_stem) THEN
        v_stem := regexp_replace(v_stem, ':[0-9]+$', '');
    END IF;
    SELECT array_agg(b.journal_key) INTO v_before
    FROM transfer t
    JOIN transfer b ON b.wallet_user = t.wallet_user AND b.wallet_seq > t.wallet_seq
    WHERE t.journal_key = v_stem AND t.wallet_user = p_user AND b.kind = t.kind || '_REVERSAL'
      AND v_stem IN (regexp_replace(b.journal_key, ':reversal$', ''),
                     regexp_replace(b.journal_key, ':[0-9]+:reversal$', ''));
    IF NOT EXISTS (
        SELECT FROM transfer t
        WHERE t.journal_key = v_stem
        HAVING count(*) = v_legs AND bool_or(t.wallet_user = p_user)
           -- The movements of a reversal come in the opposite order.
           AND bool_and(t.amount >= p_amount[v_legs + 1 - t.leg] + (
               SELECT coalesce(sum(b.amount), 0) FROM transfer b
               WHERE b.journal_key = ANY (v_before) AND b.leg = v_legs + 1 - t.leg))
    ) THEN
        RAISE EXCEPTION 'journal % reverses nothing of the kind', p_key USING ERRCODE = 'LG004';
    END IF;
END $$;
