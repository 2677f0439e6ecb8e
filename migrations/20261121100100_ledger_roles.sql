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
GRANT EXECUTE ON FUNCTION ledger.open_wallet TO switchboard_operator;

-- The union of the servers' roles, which is less than it was: corrections are the operator's.
REVOKE EXECUTE ON FUNCTION ledger.open_wallet FROM switchboard_app;
