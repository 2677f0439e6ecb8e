//! Rules, use cases and ports of the marketplace; does no I/O.
