//! The scenario and the evaluation that are built in, so that one command shows the product
//! from anywhere.

/// Its name, and that of its output folder.
pub(crate) const NAME: &str = "quickstart";

/// `scenario.toml`.
pub(crate) const SCENARIO: &str = include_str!("../../../simulations/quickstart/scenario.toml");

/// `site.toml`.
pub(crate) const SITE: &str = include_str!("../../../simulations/quickstart/site.toml");

/// Name of the evaluation of forecasts.
pub(crate) const EVALUATION_NAME: &str = "quickstart";

/// Its file.
pub(crate) const EVALUATION: &str = include_str!("../../../forecasts/quickstart.toml");
