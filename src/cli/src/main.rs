//! The `swingload` command.
fn main() {}
