//! Part of Freehold.
fn main() {}
