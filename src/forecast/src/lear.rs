//! LASSO-estimated autoregression of day-ahead prices, on plain arrays.
//!
//! One regression per slot of the day, on the prices of 1, 2, 3 and 7 days before and
//! on every input of the day itself, the day before and a week before, all slots of
//! those days, with a dummy per day of week. Everything but the dummies is scaled by
//! its median and median absolute deviation over the calibration window, and bent by a
//! [`Transform`]; the penalty is chosen by Akaike's criterion along the LARS path.
//!
//! # Source
//! Lago, Marcjasz, De Schutter, Weron 2021, "Forecasting day-ahead electricity prices:
//! A review of state-of-the-art algorithms, best practices and an open-access
//! benchmark", Applied Energy 293, 116983. Transforms: Uniejewski, Weron, Ziel 2018,
//! "Variance stabilizing transformations for electricity spot price forecasting", IEEE
//! Transactions on Power Systems 33.

mod design;
mod fit;
mod panel;
mod scaling;

pub use fit::{Fit, Recipe};
pub use panel::Panel;
pub use scaling::Transform;
