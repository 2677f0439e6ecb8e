-- What orders of test accounts refer to. Numbers are far above those that are given out, and the
-- provider's is below them; nothing of it is shown to others.

ALTER TABLE countries ADD COLUMN test boolean NOT NULL DEFAULT false;
ALTER TABLE services ADD COLUMN test boolean NOT NULL DEFAULT false;

-- Nobody knows the secret of which this is the hash: the provider calls nobody back.
INSERT INTO providers (id, code, protocol, base_url, api_key_sealed, callback_secret_sealed,
                       callback_secret_hash, priority, enabled)
OVERRIDING SYSTEM VALUE
VALUES (0, 'test', 'builtin_test', 'about:blank', '', '',
        sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 0, false);

INSERT INTO countries (id, name, dial_code, active, test) OVERRIDING SYSTEM VALUE
VALUES (900000000, 'Testland', '+999', false, true);

INSERT INTO services (id, code, name, active, test) OVERRIDING SYSTEM VALUE VALUES
    (900000001, 'test_code',     'Test: code at once',           false, true),
    (900000002, 'test_late',     'Test: code after ten seconds', false, true),
    (900000003, 'test_never',    'Test: no code',                false, true),
    (900000004, 'test_twice',    'Test: two codes',              false, true),
    (900000005, 'test_no_stock', 'Test: out of stock',           false, true),
    (900000006, 'test_error',    'Test: provider error',         false, true);

INSERT INTO catalog_products (id, country_id, service_id) OVERRIDING SYSTEM VALUE
SELECT id, 900000000, id FROM services WHERE test;

INSERT INTO products (id, catalog_product_id, slot, active) OVERRIDING SYSTEM VALUE
SELECT id, id, 'provider:0', false FROM services WHERE test;

-- A payment for a test account would be taken in earnest and credited to nobody.
CREATE FUNCTION topups_are_real() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM users u WHERE u.id = NEW.user_id AND u.test_of IS NOT NULL) THEN
        RAISE EXCEPTION 'customer % is a test account, which nobody pays for', NEW.user_id;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER topups_are_real BEFORE INSERT ON topups
    FOR EACH ROW EXECUTE FUNCTION topups_are_real();
