-- A wallet that was opened, or filled, between the look at it and the refusal refuses nothing: the
-- unit runs again and finds it.

-- L4: why a wallet was not moved. `p_change` is what the journal would do to what can be spent.
CREATE OR REPLACE FUNCTION ledger.refuse_wallet(p_key text, p_user bigint, p_change bigint)
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
