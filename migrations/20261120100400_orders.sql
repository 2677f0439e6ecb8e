-- Orders, and the keys that make repeated requests harmless.

CREATE SEQUENCE orders_id_seq;

CREATE TABLE orders (
    id                 bigint NOT NULL DEFAULT nextval('orders_id_seq') UNIQUE,
    user_id            bigint NOT NULL,
    product_id         bigint NOT NULL REFERENCES products (id),
    catalog_product_id bigint NOT NULL REFERENCES catalog_products (id),
    carrier_id         bigint,
    attempt            smallint NOT NULL CHECK (attempt >= 1),
    price              bigint NOT NULL CHECK (price > 0),
    provider_id        bigint NOT NULL REFERENCES providers (id),
    external_service   text NOT NULL,
    external_country   text NOT NULL,
    cost_micros        bigint NOT NULL CHECK (cost_micros >= 0),
    state              text NOT NULL,
    attempted_at       timestamptz NOT NULL,
    failed_reason      text,
    external_id        text,
    phone              text,
    activated_at       timestamptz,
    expires_at         timestamptz,
    cancel_from        timestamptz,
    resend_from        timestamptz,
    sms_revision       int NOT NULL DEFAULT 0,
    otp_code           text,
    otp_message        text,
    otp_received_at    timestamptz,
    canceled_at        timestamptz,
    -- Whether the provider may still think that the number is ours.
    upstream_open      boolean NOT NULL DEFAULT false,
    -- When its provider may next be asked, and when the end of its window may be tried again.
    poll_at            timestamptz,
    end_at             timestamptz,
    created_at         timestamptz NOT NULL,
    changed_at         timestamptz NOT NULL,
    PRIMARY KEY (user_id, id),
    CONSTRAINT orders_state CHECK (state IN (
        'RESERVING', 'ACTIVE', 'OTP_RECEIVED', 'COMPLETED', 'CANCELED', 'EXPIRED', 'FAILED')),
    -- Each state carries exactly the data that exists in it.
    CONSTRAINT orders_lease CHECK (
        (state IN ('RESERVING', 'FAILED')) = (external_id IS NULL)
        AND (external_id IS NULL) = (phone IS NULL)
        AND (external_id IS NULL) = (activated_at IS NULL)
        AND (external_id IS NULL) = (expires_at IS NULL)
        AND (external_id IS NULL) = (cancel_from IS NULL)),
    CONSTRAINT orders_delivery CHECK (
        (state IN ('OTP_RECEIVED', 'COMPLETED')) = (sms_revision > 0)
        AND (sms_revision > 0) = (otp_received_at IS NOT NULL)
        AND (sms_revision > 0) = (otp_message IS NOT NULL)),
    CONSTRAINT orders_failed CHECK ((state = 'FAILED') = (failed_reason IS NOT NULL)),
    CONSTRAINT orders_canceled CHECK ((state = 'CANCELED') = (canceled_at IS NOT NULL))
) WITH (fillfactor = 80);

-- A provider's activation belongs to one order.
CREATE UNIQUE INDEX orders_activation ON orders (provider_id, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX orders_reserving ON orders (attempted_at) WHERE state = 'RESERVING';
CREATE INDEX orders_polling ON orders (poll_at) WHERE state IN ('ACTIVE', 'OTP_RECEIVED');
CREATE INDEX orders_expiring ON orders (expires_at) WHERE state IN ('ACTIVE', 'OTP_RECEIVED');
CREATE INDEX orders_closing ON orders (poll_at)
    WHERE upstream_open AND state IN ('COMPLETED', 'CANCELED', 'EXPIRED');

-- The first answer to a key is rebuilt from the orders it made, so it needs no copy of its own.
CREATE TABLE idempotency_keys (
    user_id     bigint NOT NULL,
    operation   text NOT NULL,
    key         text NOT NULL CHECK (key ~ '^[A-Za-z0-9_-]{1,128}$'),
    fingerprint text NOT NULL,
    order_ids   bigint[] NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, operation, key)
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Activations at a provider that no order owns.
CREATE TABLE orphan_activations (
    provider_id   bigint NOT NULL REFERENCES providers (id),
    external_id   text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (provider_id, external_id)
);

-- The whole first unit of a purchase in one round trip: request key, money, orders.
-- outcome: new | replay | key_reused. A wallet that holds too little for one raises 23514
-- wallet_available_floor, which undoes the key as well.
CREATE FUNCTION orders_reserve(
    p_user bigint, p_operation text, p_key text, p_fingerprint text, p_quantity int,
    p_price bigint, p_product bigint, p_catalog_product bigint, p_carrier bigint,
    p_provider bigint, p_service text, p_country text, p_cost bigint, p_now timestamptz,
    p_attempted_at timestamptz
) RETURNS TABLE (outcome text, order_ids bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    v_ids   bigint[];
    v_count int := 1;
    v_known idempotency_keys%ROWTYPE;
BEGIN
    IF p_quantity > 1 THEN
        v_count := greatest(1, least(p_quantity, ledger.affordable(p_user, p_price)));
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
    FOR i IN 1 .. v_count LOOP
        PERFORM ledger.post('order:' || v_ids[i] || ':1:hold', 'ORDER_DEBIT',
            ARRAY['available'], ARRAY[p_user], ARRAY['held'], ARRAY[p_user], ARRAY[p_price],
            ARRAY['IDR']);
    END LOOP;
    INSERT INTO orders (id, user_id, product_id, catalog_product_id, carrier_id, attempt, price,
                        provider_id, external_service, external_country, cost_micros, state,
                        attempted_at, created_at, changed_at)
    SELECT id, p_user, p_product, p_catalog_product, p_carrier, 1, p_price, p_provider, p_service,
           p_country, p_cost, 'RESERVING', p_attempted_at, p_now, p_now
    FROM unnest(v_ids) AS id;
    RETURN QUERY SELECT 'new', v_ids;
END $$;

GRANT SELECT, INSERT, UPDATE ON orders, idempotency_keys, orphan_activations TO switchboard_app;
GRANT DELETE ON idempotency_keys, orphan_activations TO switchboard_app;
GRANT USAGE ON SEQUENCE orders_id_seq TO switchboard_app;
