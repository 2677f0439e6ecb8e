//! Every adapter: Postgres, Redis, SMS providers, payment gateways.
