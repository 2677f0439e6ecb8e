-- Money coming in, part two: what gateways are asked for, what was booked of their payments, and
-- what went back. Gateways' notifications are hints from now on: each leaves a task that asks the
-- gateway itself.

ALTER TABLE topups
    ADD COLUMN charge_currency text,
    ADD COLUMN charge_amount   bigint,
    ADD COLUMN flag            text CHECK (flag IN (
        'SHORT', 'OVER', 'LATE', 'SECOND', 'DUST', 'MISMATCH', 'LOCKED', 'UNDONE', 'INQUIRY',
        'EXCESS')),
    -- Flags that an operator has dealt with.
    ADD COLUMN resolved        text[] NOT NULL DEFAULT '{}',
    -- When the gateway is asked again if it does not tell us anything itself.
    ADD COLUMN poll_at         timestamptz,
    DROP CONSTRAINT topups_state_check,
    ADD CONSTRAINT topups_state_check CHECK (state IN (
        'CREATED', 'PENDING', 'UNDERPAID', 'PROCESSING', 'PAID', 'EXPIRED', 'FAILED', 'CANCELED',
        'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED', 'LOST', 'REVIEW'));

UPDATE topups SET charge_currency = 'IDR', charge_amount = amount,
    poll_at = CASE WHEN state IN ('CREATED', 'PENDING', 'PROCESSING') THEN now() END,
    flag = CASE WHEN state = 'REVIEW' THEN 'MISMATCH' END;

ALTER TABLE topups
    ALTER COLUMN charge_currency SET NOT NULL,
    ALTER COLUMN charge_amount SET NOT NULL,
    ADD CONSTRAINT topups_charge CHECK (charge_currency IN ('IDR', 'USD') AND charge_amount > 0);

CREATE INDEX topups_poll ON topups (poll_at) WHERE poll_at IS NOT NULL;
CREATE INDEX topups_flagged ON topups (created_at DESC) WHERE flag IS NOT NULL;
CREATE INDEX topups_open ON topups (state)
    WHERE state IN ('CREATED', 'PENDING', 'UNDERPAID', 'PROCESSING');

-- What was booked of one payment at a gateway. The gateway's units are those of the ledger in the
-- currency of the charge; what was credited and taken back is in rupiah.
CREATE TABLE payments (
    gateway    text NOT NULL,
    payment_id text NOT NULL,
    -- The order in which payments were booked.
    number     bigint GENERATED ALWAYS AS IDENTITY,
    topup_id   uuid NOT NULL REFERENCES topups (id),
    received   bigint NOT NULL CHECK (received >= 0),
    credited   bigint NOT NULL CHECK (credited >= 0),
    returned   bigint NOT NULL CHECK (returned >= 0),
    reversed   bigint NOT NULL CHECK (reversed BETWEEN 0 AND credited),
    booked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway, payment_id)
);

CREATE INDEX payments_topup ON payments (topup_id, number);
CREATE INDEX payments_age ON payments (booked_at);

INSERT INTO payments (gateway, payment_id, topup_id, received, credited, returned, reversed)
SELECT gateway, payment_id, id, amount, amount, 0, 0 FROM topups
WHERE state = 'PAID' ORDER BY changed_at;

-- Money that went back to payers without our doing, each once.
CREATE TABLE payment_reversals (
    gateway    text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('REFUND', 'DISPUTE', 'UNDONE')),
    id         text NOT NULL,
    number     bigint GENERATED ALWAYS AS IDENTITY,
    topup_id   uuid NOT NULL REFERENCES topups (id),
    payment_id text NOT NULL,
    currency   text NOT NULL CHECK (currency IN ('IDR', 'USD')),
    amount     bigint NOT NULL CHECK (amount > 0),
    -- What was taken from the customer for it, in rupiah.
    taken      bigint NOT NULL CHECK (taken >= 0),
    state      text NOT NULL CHECK (state IN ('BOOKED', 'RESTORED', 'FINAL')),
    booked_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway, kind, id),
    FOREIGN KEY (gateway, payment_id) REFERENCES payments (gateway, payment_id)
);

CREATE INDEX payment_reversals_topup ON payment_reversals (topup_id, number);

-- Money that operators send back.
CREATE TABLE topup_refunds (
    id                uuid PRIMARY KEY,
    number            bigint GENERATED ALWAYS AS IDENTITY,
    topup_id          uuid NOT NULL REFERENCES topups (id),
    payment_id        text NOT NULL,
    amount            bigint NOT NULL CHECK (amount > 0),
    value_currency    text NOT NULL CHECK (value_currency IN ('IDR', 'USD')),
    value_amount      bigint NOT NULL CHECK (value_amount > 0),
    operator          text NOT NULL CHECK (length(btrim(operator)) BETWEEN 1 AND 500),
    approver          text NOT NULL CHECK (length(btrim(approver)) BETWEEN 1 AND 500),
    reason            text NOT NULL CHECK (length(btrim(reason)) BETWEEN 1 AND 500),
    state             text NOT NULL CHECK (state IN ('REQUESTED', 'SENT', 'DONE', 'FAILED')),
    gateway_refund_id text,
    claim_url         text,
    created_at        timestamptz NOT NULL,
    changed_at        timestamptz NOT NULL,
    CONSTRAINT topup_refunds_two_persons CHECK (lower(btrim(operator)) <> lower(btrim(approver)))
);

CREATE INDEX topup_refunds_topup ON topup_refunds (topup_id, number);

-- How operators dealt with flags.
CREATE TABLE topup_resolutions (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topup_id uuid NOT NULL REFERENCES topups (id),
    flag     text NOT NULL,
    operator text NOT NULL CHECK (length(btrim(operator)) BETWEEN 1 AND 500),
    note     text NOT NULL CHECK (length(btrim(note)) BETWEEN 1 AND 500),
    at       timestamptz NOT NULL
);

CREATE INDEX topup_resolutions_topup ON topup_resolutions (topup_id, number);

-- Genuine notifications of gateways, each once, with the bytes they came in.
CREATE TABLE payment_notices (
    gateway     text NOT NULL,
    event_id    text NOT NULL,
    event_kind  text NOT NULL,
    -- Which payment to ask the gateway about, such as payment:cs_1.
    payment     text NOT NULL,
    raw_body    bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, event_id)
);

CREATE INDEX payment_notices_age ON payment_notices (received_at);
CREATE INDEX payment_notices_payment ON payment_notices (gateway, payment);

INSERT INTO payment_notices (gateway, event_id, event_kind, payment, raw_body, received_at)
SELECT gateway, event_id, kind, 'payment:' || payment_id, raw_body, created_at
FROM payment_inbox;

-- What was still to be acted on is asked of the gateway now.
SELECT task_enqueue('payment.confirm', gateway || '/payment:' || payment_id)
FROM (SELECT DISTINCT gateway, payment_id FROM payment_inbox
      WHERE state IN ('PENDING', 'PARKED')) AS waiting
WHERE payment_id ~ '^[!-~]{1,150}$';

DROP TABLE payment_inbox;

-- What a dollar cost, as published.
CREATE TABLE exchange_rates (
    made_at     timestamptz PRIMARY KEY,
    idr_per_usd bigint NOT NULL CHECK (idr_per_usd BETWEEN 1000 AND 1000000),
    fetched_at  timestamptz NOT NULL DEFAULT now()
);

-- webhook-ingest keeps notifications and leaves tasks; what they mean for money is not its business.
GRANT INSERT, SELECT (gateway, event_id) ON payment_notices TO switchboard_webhook;

-- task-worker books what gateways tell, and fetches notifications that did not arrive.
GRANT SELECT, INSERT, UPDATE ON payments, payment_reversals TO switchboard_worker;
GRANT SELECT, UPDATE ON topup_refunds TO switchboard_worker;
GRANT SELECT, INSERT, DELETE ON payment_notices TO switchboard_worker;
GRANT SELECT, INSERT ON exchange_rates TO switchboard_worker;

-- ctl starts, refunds and examines.
GRANT SELECT, UPDATE ON payments TO switchboard_operator;
GRANT SELECT, INSERT ON topup_refunds, topup_resolutions TO switchboard_operator;
GRANT SELECT ON payment_reversals, payment_notices, exchange_rates TO switchboard_operator;

GRANT SELECT ON exchange_rates TO switchboard_api;

GRANT SELECT, INSERT, UPDATE ON payments, payment_reversals, topup_refunds TO switchboard_app;
GRANT SELECT, INSERT ON topup_resolutions, exchange_rates TO switchboard_app;
GRANT SELECT, INSERT, DELETE ON payment_notices TO switchboard_app;
