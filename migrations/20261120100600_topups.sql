-- Money coming in.

CREATE TABLE topups (
    id           uuid PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES users (id),
    gateway      text NOT NULL,
    amount       bigint NOT NULL CHECK (amount > 0),
    state        text NOT NULL CHECK (state IN (
        'CREATED', 'PENDING', 'PROCESSING', 'PAID', 'EXPIRED', 'FAILED', 'REVIEW')),
    payment_id   text,
    checkout_url text,
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL
);

CREATE INDEX topups_user ON topups (user_id, created_at DESC);
CREATE UNIQUE INDEX topups_payment ON topups (gateway, payment_id) WHERE payment_id IS NOT NULL;

-- Notifications of gateways, verified, with the bytes they came in.
CREATE TABLE payment_inbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway         text NOT NULL,
    event_id        text NOT NULL,
    payment_id      text NOT NULL,
    topup_id        uuid,
    kind            text NOT NULL,
    amount          bigint,
    raw_body        bytea NOT NULL,
    state           text NOT NULL DEFAULT 'PENDING'
        CHECK (state IN ('PENDING', 'DONE', 'REFUSED', 'PARKED')),
    note            text NOT NULL DEFAULT '',
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    UNIQUE (gateway, event_id)
);

CREATE INDEX payment_inbox_pending ON payment_inbox (next_attempt_at) WHERE state = 'PENDING';
CREATE INDEX payment_inbox_open ON payment_inbox (created_at) WHERE state IN ('REFUSED', 'PARKED');

GRANT SELECT, INSERT, UPDATE ON topups, payment_inbox TO switchboard_app;
