-- I-19: a number that no order owns and that got a message all the same is charged: its cost is
-- booked as ours, once, and from then on no order can own it.

-- When its cost was booked.
ALTER TABLE orphan_activations ADD COLUMN written_off_at timestamptz;

-- Callbacks of such numbers come to rest.
GRANT SELECT ON orphan_activations TO switchboard_webhook;

INSERT INTO ledger.rule VALUES
    ('ORPHAN_SMS', 'late_sms_expense', 'provider_prepaid', 'USD', '^orphan:[0-9]+:.+$');
INSERT INTO ledger.permission VALUES ('ORPHAN_SMS', 'switchboard_worker');
