-- What people decide: corrections take two of them, and every other movement by hand names one and
-- a reason (L16).

-- A correction that somebody proposed. It is approved when its explanation exists.
CREATE TABLE ledger.proposal (
    reference  text PRIMARY KEY CHECK (length(btrim(reference)) BETWEEN 1 AND 200),
    user_id    bigint NOT NULL REFERENCES ledger.wallet (user_id),
    -- What it does to what the customer can spend.
    change     text NOT NULL CHECK (change IN ('give', 'take')),
    amount     bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    operator   text NOT NULL CHECK (length(btrim(operator)) BETWEEN 1 AND 500),
    reason     text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The login of the database, which nobody chooses freely.
    login      text NOT NULL DEFAULT session_user
);

-- Corrections of earlier times have no second signature and no login.
ALTER TABLE ledger.adjustment
    ADD COLUMN approver text,
    ADD COLUMN login    text,
    ALTER COLUMN login SET DEFAULT session_user,
    ADD CONSTRAINT adjustment_has_two_signatures CHECK (
        approver IS NOT NULL AND length(btrim(approver)) BETWEEN 1 AND 500
        AND lower(btrim(approver)) <> lower(btrim(operator))
    ) NOT VALID;

-- Who moved money by hand in other ways, and why.
CREATE TABLE ledger.decision (
    journal_key text PRIMARY KEY,
    operator    text NOT NULL CHECK (length(btrim(operator)) BETWEEN 1 AND 500),
    reason      text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 500),
    created_at  timestamptz NOT NULL DEFAULT now(),
    login       text NOT NULL DEFAULT session_user
);

CREATE TRIGGER proposal_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.proposal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER decision_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.decision
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- It runs at the end of the unit, when nothing but the login is left of who called.
CREATE OR REPLACE FUNCTION ledger.require_note() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    IF NEW.kind = 'ADJUSTMENT' THEN
        IF EXISTS (SELECT FROM adjustment a WHERE a.journal_key = NEW.journal_key) THEN
            RETURN NULL;
        END IF;
    ELSIF EXISTS (SELECT FROM decision d WHERE d.journal_key = NEW.journal_key) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'journal % names no operator', NEW.journal_key USING ERRCODE = 'LG004';
END $$;

DROP TRIGGER adjustment_is_explained ON ledger.transfer;
CREATE CONSTRAINT TRIGGER decision_is_explained AFTER INSERT ON ledger.transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('ADJUSTMENT', 'ORDER_COMPENSATION', 'GATEWAY_SETTLEMENT',
                       'PROVIDER_FUNDING'))
    EXECUTE FUNCTION ledger.require_note();

-- True: proposed now; false: the same was proposed before. LG002: the reference stands for another.
CREATE FUNCTION ledger.propose_adjustment(
    p_reference text, p_user bigint, p_change text, p_amount bigint, p_operator text, p_reason text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM wallet w WHERE w.user_id = p_user) THEN
        RAISE EXCEPTION 'customer % has no wallet', p_user USING ERRCODE = 'LG005';
    END IF;
    INSERT INTO proposal (reference, user_id, change, amount, operator, reason)
    VALUES (p_reference, p_user, p_change, p_amount, p_operator, p_reason)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF EXISTS (SELECT FROM proposal p
               WHERE p.reference = p_reference AND p.user_id = p_user AND p.change = p_change
                 AND p.amount = p_amount) THEN
        RETURN false;
    END IF;
    RAISE EXCEPTION 'proposal % exists with other content', p_reference USING ERRCODE = 'LG002';
END $$;

-- Posts what was proposed, on the word of a second person.
CREATE FUNCTION ledger.approve_adjustment(
    p_reference text, p_approver text, OUT posted boolean, OUT user_id bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_key CONSTANT text := 'adjustment:' || p_reference;
    v     proposal%ROWTYPE;
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
    IF v.change = 'give' THEN
        posted := post(v_key, 'ADJUSTMENT', ARRAY['adjustment'], ARRAY[0::bigint],
                       ARRAY['available'], ARRAY[v.user_id], ARRAY[v.amount], ARRAY['IDR']);
    ELSE
        posted := post(v_key, 'ADJUSTMENT', ARRAY['available'], ARRAY[v.user_id],
                       ARRAY['adjustment'], ARRAY[0::bigint], ARRAY[v.amount], ARRAY['IDR']);
    END IF;
    IF posted THEN
        INSERT INTO adjustment (journal_key, operator, reason, approver)
        VALUES (v_key, v.operator, v.reason, p_approver);
    END IF;
END $$;

CREATE FUNCTION ledger.note_decision(p_key text, p_operator text, p_reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
    INSERT INTO decision (journal_key, operator, reason) VALUES (p_key, p_operator, p_reason);
$$;

DROP FUNCTION ledger.note_adjustment;

CREATE VIEW ledger.proposals AS
SELECT p.*, a.approver, a.created_at AS approved_at
FROM ledger.proposal p
LEFT JOIN ledger.adjustment a ON a.journal_key = 'adjustment:' || p.reference;
CREATE VIEW ledger.decisions AS SELECT * FROM ledger.decision;
CREATE OR REPLACE VIEW ledger.adjustments AS SELECT * FROM ledger.adjustment;

ALTER TABLE ledger.proposal OWNER TO switchboard_ledger;
ALTER TABLE ledger.decision OWNER TO switchboard_ledger;
ALTER VIEW ledger.proposals OWNER TO switchboard_ledger;
ALTER VIEW ledger.decisions OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.propose_adjustment OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.approve_adjustment OWNER TO switchboard_ledger;
ALTER FUNCTION ledger.note_decision OWNER TO switchboard_ledger;
REVOKE ALL ON FUNCTION ledger.propose_adjustment, ledger.approve_adjustment, ledger.note_decision
    FROM PUBLIC;

GRANT SELECT ON ledger.proposals, ledger.decisions
    TO switchboard_worker, switchboard_operator;
GRANT EXECUTE ON FUNCTION ledger.propose_adjustment, ledger.approve_adjustment,
    ledger.note_decision TO switchboard_operator;
