//! The public API.
fn main() {}
