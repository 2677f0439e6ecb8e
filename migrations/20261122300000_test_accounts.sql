-- A customer's test account is a customer of its own, so whatever belongs to a customer is separate
-- by construction: wallet, orders, request keys, events, streams.

ALTER TABLE users
    ADD COLUMN test_of bigint UNIQUE REFERENCES users (id) CHECK (test_of <> id);
