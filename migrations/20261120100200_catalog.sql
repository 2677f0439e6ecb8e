-- Providers and what is on sale.

CREATE TABLE providers (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code                 text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    protocol             text NOT NULL,
    base_url             text NOT NULL,
    -- Sealed: unreadable without the key of the configuration.
    api_key_sealed       bytea NOT NULL,
    callback_secret_sealed bytea NOT NULL,
    callback_secret_hash bytea NOT NULL UNIQUE,
    priority             int NOT NULL,
    enabled              boolean NOT NULL DEFAULT true,
    trusts_callbacks     boolean NOT NULL DEFAULT false,
    -- When its list may next be searched for activations that nobody owns.
    sweep_at             timestamptz,
    created_at           timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE countries (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code      text UNIQUE CHECK (code ~ '^[A-Z]{2}$'),
    name      text NOT NULL,
    dial_code text,
    active    boolean NOT NULL DEFAULT true
);

-- A country without a known code is told apart by its name.
CREATE UNIQUE INDEX countries_name ON countries (lower(name)) WHERE code IS NULL;

CREATE TABLE provider_countries (
    provider_id   bigint NOT NULL REFERENCES providers (id),
    external_code text NOT NULL,
    country_id    bigint NOT NULL REFERENCES countries (id),
    PRIMARY KEY (provider_id, external_code)
);

CREATE TABLE services (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code   text NOT NULL UNIQUE,
    name   text NOT NULL,
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE carriers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    country_id bigint NOT NULL REFERENCES countries (id),
    code       text NOT NULL,
    name       text NOT NULL,
    UNIQUE (country_id, code)
);

-- The stable umbrella: country × service.
CREATE TABLE catalog_products (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    country_id bigint NOT NULL REFERENCES countries (id),
    service_id bigint NOT NULL REFERENCES services (id),
    UNIQUE (country_id, service_id)
);

-- A price tier: a slot that keeps its id while price and stock move, and never becomes another.
CREATE TABLE products (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    catalog_product_id bigint NOT NULL REFERENCES catalog_products (id),
    carrier_id         bigint REFERENCES carriers (id),
    slot               text NOT NULL,
    active             boolean NOT NULL DEFAULT true,
    UNIQUE (catalog_product_id, slot)
);

-- What one provider sells for one tier now.
CREATE TABLE offers (
    product_id        bigint NOT NULL REFERENCES products (id),
    provider_id       bigint NOT NULL REFERENCES providers (id),
    external_service  text NOT NULL,
    external_country  text NOT NULL,
    cost_micros       bigint NOT NULL CHECK (cost_micros >= 0),
    price             bigint NOT NULL CHECK (price > 0),
    stock             bigint NOT NULL CHECK (stock >= 0),
    -- Delivered of a thousand recent orders; average until it is measured.
    success_per_mille int NOT NULL DEFAULT 500 CHECK (success_per_mille BETWEEN 0 AND 1000),
    synced_at         timestamptz NOT NULL,
    PRIMARY KEY (product_id, provider_id)
);

CREATE INDEX offers_provider ON offers (provider_id);

GRANT SELECT, INSERT, UPDATE ON providers, countries, provider_countries, services, carriers,
    catalog_products, products, offers TO switchboard_app;
