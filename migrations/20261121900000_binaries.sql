-- What each binary needs of the tables outside of the ledger, and no more. An installation with one
-- login for all servers grants it switchboard_app.

GRANT SELECT ON users, api_tokens, countries, provider_countries, services, carriers,
    catalog_products, products, offers, providers
    TO switchboard_api, switchboard_worker, switchboard_operator;
GRANT SELECT ON providers TO switchboard_webhook;

-- api-server buys, cancels, and takes in messages that it was the first to hear of.
GRANT SELECT, INSERT, UPDATE ON orders, idempotency_keys, sms_messages TO switchboard_api;
GRANT SELECT, INSERT ON events TO switchboard_api;
GRANT USAGE ON SEQUENCE orders_id_seq TO switchboard_api;

-- webhook-ingest stores what comes in and applies messages to orders.
GRANT SELECT, INSERT, UPDATE ON sms_inbox, sms_messages TO switchboard_webhook;
GRANT SELECT, UPDATE ON orders TO switchboard_webhook;
GRANT SELECT, INSERT ON events TO switchboard_webhook;

-- task-worker ends orders, credits payments, reads price lists and tells events.
GRANT SELECT, UPDATE ON orders, topups, providers TO switchboard_worker;
GRANT SELECT, INSERT, UPDATE ON sms_inbox, sms_messages, events, countries, provider_countries,
    services, carriers, catalog_products, products, offers TO switchboard_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON orphan_activations, tasks TO switchboard_worker;
-- Rows are locked before they are deleted, which takes the right to update them.
GRANT SELECT, UPDATE, DELETE ON idempotency_keys TO switchboard_worker;
GRANT SELECT, INSERT, DELETE ON task_canary TO switchboard_worker;
-- A sweep leaves alone what an operator has discarded.
GRANT SELECT ON task_audit TO switchboard_worker;
GRANT USAGE ON SEQUENCE events_seq TO switchboard_worker;

-- ctl sets up and examines.
GRANT SELECT, INSERT, UPDATE ON users, api_tokens, providers, countries, provider_countries,
    services, carriers, catalog_products, products, offers, topups TO switchboard_operator;
GRANT SELECT ON orders, sms_inbox, events, orphan_activations TO switchboard_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO switchboard_operator;
GRANT SELECT, INSERT ON task_audit TO switchboard_operator;

-- Who only leaves work to others does it through functions.
GRANT EXECUTE ON FUNCTION task_enqueue, task_withdraw
    TO switchboard_api, switchboard_webhook, switchboard_worker;
GRANT EXECUTE ON FUNCTION task_adopt TO switchboard_worker;
GRANT EXECUTE ON FUNCTION task_enqueue, task_intervene TO switchboard_operator;

-- ctl says whether the schema is up to date, where it was the tool that made it.
DO $$
BEGIN
    IF to_regclass('public._sqlx_migrations') IS NOT NULL THEN
        GRANT SELECT ON public._sqlx_migrations TO switchboard_operator;
    END IF;
END $$;
