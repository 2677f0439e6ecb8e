-- Customers and their API tokens.

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    -- PHC text; null for customers that are used by token only.
    password_hash text,
    suspended_at  timestamptz,
    created_at    timestamptz NOT NULL,
    CONSTRAINT users_email_unique UNIQUE (email)
);

CREATE TABLE api_tokens (
    -- SHA-256 of the whole token: 190 random bits need no stretching.
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    user_id    bigint NOT NULL REFERENCES users (id),
    hint       text NOT NULL,
    name       text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE INDEX api_tokens_user ON api_tokens (user_id);

GRANT SELECT, INSERT, UPDATE ON users, api_tokens TO switchboard_app;
