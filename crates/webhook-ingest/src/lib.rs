//! Receives callbacks of SMS providers and payment gateways.
