//! The scenario that is built in, so that one command shows the product from anywhere.

/// Its name, and that of its output folder.
pub(crate) const NAME: &str = "quickstart";

/// `scenario.toml`.
pub(crate) const SCENARIO: &str = include_str!("../../../simulations/quickstart/scenario.toml");

/// `site.toml`.
pub(crate) const SITE: &str = include_str!("../../../simulations/quickstart/site.toml");
