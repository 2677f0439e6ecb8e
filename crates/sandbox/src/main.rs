//! Stand-ins for SMS providers and payment gateways with faults.
fn main() {}
