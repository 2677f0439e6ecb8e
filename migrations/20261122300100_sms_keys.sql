-- Texts and codes of SMS are sealed under a key of their day. Dropping the key makes every copy of
-- them unreadable that was not made together with it.

-- Each key is sealed by the key of the configuration.
CREATE TABLE sms_keys (
    day        date PRIMARY KEY,
    -- Null once it was dropped: the row stays, so that the day never gets a second key.
    key_sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    dropped_at timestamptz,
    CONSTRAINT sms_keys_dropped CHECK ((key_sealed IS NULL) = (dropped_at IS NOT NULL))
);

-- A key is dropped or left alone, and not before its day is over.
CREATE FUNCTION sms_keys_only_drop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key_sealed IS NOT NULL OR OLD.key_sealed IS NULL OR NEW.day <> OLD.day THEN
        RAISE EXCEPTION 'the key of % can only be dropped', OLD.day;
    ELSIF OLD.day >= (now() AT TIME ZONE 'UTC')::date THEN
        RAISE EXCEPTION 'the key of % is in use until its day is over', OLD.day;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER sms_keys_only_drop BEFORE UPDATE ON sms_keys
    FOR EACH ROW EXECUTE FUNCTION sms_keys_only_drop();

-- The plain columns hold what earlier versions wrote until task-worker has sealed it. Which key a
-- row is sealed under stands in the row; nothing of it is left once it was forgotten.
ALTER TABLE orders
    ADD COLUMN otp_day            date,
    ADD COLUMN otp_code_sealed    bytea,
    ADD COLUMN otp_message_sealed bytea,
    DROP CONSTRAINT orders_delivery,
    ADD CONSTRAINT orders_delivery CHECK (
        (state IN ('OTP_RECEIVED', 'COMPLETED')) = (sms_revision > 0)
        AND (sms_revision > 0) = (otp_received_at IS NOT NULL)
        AND (sms_revision > 0 OR (otp_message IS NULL AND otp_message_sealed IS NULL))),
    ADD CONSTRAINT orders_sealed CHECK (
        (otp_day IS NULL) = (otp_message_sealed IS NULL)
        AND (otp_day IS NOT NULL OR otp_code_sealed IS NULL)
        AND (otp_day IS NULL OR (otp_message IS NULL AND otp_code IS NULL)));

ALTER TABLE sms_messages
    ADD COLUMN day         date,
    ADD COLUMN code_sealed bytea,
    ADD COLUMN text_sealed bytea,
    ALTER COLUMN text DROP NOT NULL,
    ADD CONSTRAINT sms_messages_sealed CHECK (
        (day IS NULL) = (text_sealed IS NULL) AND (day IS NOT NULL OR code_sealed IS NULL)
        AND (day IS NULL OR (text IS NULL AND code IS NULL)));

ALTER TABLE sms_inbox
    ADD COLUMN day         date,
    ADD COLUMN code_sealed bytea,
    ADD COLUMN text_sealed bytea,
    -- Names a message without telling it: a keyed hash of activation, time stamp and text.
    ADD COLUMN digest      bytea,
    ALTER COLUMN text DROP NOT NULL,
    ADD CONSTRAINT sms_inbox_sealed CHECK (
        (day IS NULL) = (text_sealed IS NULL) AND (day IS NULL) = (digest IS NULL)
        AND (day IS NOT NULL OR code_sealed IS NULL)
        AND (day IS NULL OR (text IS NULL AND code IS NULL)));

-- A repeat finds the first one by this; by sms_inbox_message only where the first one is plain.
CREATE UNIQUE INDEX sms_inbox_digest ON sms_inbox (digest);

-- What is to be forgotten with a key.
CREATE INDEX orders_otp_day ON orders (otp_day) WHERE otp_day IS NOT NULL;
CREATE INDEX sms_messages_day ON sms_messages (day) WHERE day IS NOT NULL;
CREATE INDEX sms_inbox_day ON sms_inbox (day) WHERE day IS NOT NULL;

-- What is to be sealed; empty from then on.
CREATE INDEX orders_plain ON orders (id) WHERE otp_message IS NOT NULL;
CREATE INDEX sms_messages_plain ON sms_messages (order_id, revision) WHERE text IS NOT NULL;
CREATE INDEX sms_inbox_plain ON sms_inbox (id) WHERE text IS NOT NULL;

GRANT SELECT, INSERT ON sms_keys
    TO switchboard_app, switchboard_api, switchboard_webhook, switchboard_worker;
GRANT SELECT ON sms_keys TO switchboard_operator;
GRANT UPDATE (key_sealed, dropped_at) ON sms_keys
    TO switchboard_app, switchboard_worker, switchboard_operator;
