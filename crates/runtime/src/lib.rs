//! Configuration, telemetry, supervision and shutdown of a binary.
