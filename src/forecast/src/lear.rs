//! Regressions of the day-ahead price, slot by slot, on plain arrays.
//!
//! One regression per slot of the day, on the prices of 1, 2, 3 and 7 days before and
//! on every input of the day itself, the day before and a week before, all slots of
//! those days, with a dummy per day of week. Everything but the dummies is scaled by
//! its median and median absolute deviation over the calibration window, and bent by
//! the area hyperbolic sine.
//!
//! [`Method::Lasso`] is LEAR as published, penalty included: Akaike's criterion along
//! the LARS path of columns of length one, with the variance of the target for that of
//! the noise; the LASSO is then solved at that penalty on columns as they are, which
//! makes it milder by about the root of the number of days. [`Method::Kernel`] is ridge
//! regression on the same columns with a linear and a Gaussian kernel: it sees what is
//! not linear, such as the price of a windy Sunday.
//!
//! # Source
//! Lago, Marcjasz, De Schutter, Weron 2021, "Forecasting day-ahead electricity prices:
//! A review of state-of-the-art algorithms, best practices and an open-access
//! benchmark", Applied Energy 293, 116983. Scaling: Uniejewski, Weron, Ziel 2018,
//! "Variance stabilizing transformations for electricity spot price forecasting", IEEE
//! Transactions on Power Systems 33. Kernels: Saunders, Gammerman, Vovk 1998, "Ridge
//! regression learning algorithm in dual variables", ICML 15.

mod design;
mod fit;
mod kernel;
mod linear;
mod panel;

#[cfg(test)]
mod tests;

pub use fit::{Fit, Method, Recipe};
pub use panel::Panel;

pub(crate) use design::INPUT_LAGS;
