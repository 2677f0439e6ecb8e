-- Inbound SMS.

-- Callbacks as they came; a repeat finds the first one.
CREATE TABLE sms_inbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider_id     bigint NOT NULL REFERENCES providers (id),
    external_id     text NOT NULL,
    code            text,
    text            text NOT NULL,
    upstream_at     text NOT NULL,
    state           text NOT NULL DEFAULT 'PENDING'
        CHECK (state IN ('PENDING', 'APPLIED', 'KNOWN', 'LATE', 'PARKED')),
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    created_at      timestamptz NOT NULL
);

-- Providers give their messages no id: activation, text and their own time stamp name one.
CREATE UNIQUE INDEX sms_inbox_message
    ON sms_inbox (provider_id, external_id, upstream_at, md5(text));
CREATE INDEX sms_inbox_pending ON sms_inbox (next_attempt_at) WHERE state = 'PENDING';
CREATE INDEX sms_inbox_parked ON sms_inbox (created_at) WHERE state = 'PARKED';

CREATE TABLE sms_messages (
    user_id    bigint NOT NULL,
    order_id   bigint NOT NULL,
    revision   int NOT NULL CHECK (revision >= 1),
    code       text,
    text       text NOT NULL,
    source     text NOT NULL CHECK (source IN ('callback', 'poll')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, order_id, revision),
    FOREIGN KEY (user_id, order_id) REFERENCES orders (user_id, id)
);

GRANT SELECT, INSERT, UPDATE ON sms_inbox, sms_messages TO switchboard_app;
