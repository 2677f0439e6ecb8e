-- A repeated purchase is answered with the same bytes, so the rate that its prices in dollars were
-- first shown at stays with its key.
ALTER TABLE idempotency_keys
    ADD COLUMN shown_rate bigint CHECK (shown_rate BETWEEN 1000 AND 1000000),
    ADD COLUMN shown_rate_as_of timestamptz,
    ADD CONSTRAINT idempotency_keys_shown
        CHECK (shown_rate IS NOT NULL OR shown_rate_as_of IS NULL);
