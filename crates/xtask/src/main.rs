//! Checks of the house: architecture, size, generated files.
fn main() {}
