//! The LASSO path by least angle regression, on a Gram matrix.
//!
//! Minimises `|y - X b|^2 / (2 n) + alpha |b|_1` for every `alpha` at once: the
//! solution is piecewise linear in `alpha`, and the path visits its corners from the
//! largest `alpha` down. Many targets share one [`Gram`], and one [`Workspace`].
//! Dense, `f64`, single-threaded and deterministic.
//!
//! ```
//! use swingload_forecast::lasso::{Columns, Gram, Workspace};
//!
//! // Two columns of four rows, centred; the target is twice the first.
//! let columns = Columns::new(4, vec![-1.5, -0.5, 0.5, 1.5, 0.5, -0.5, -0.5, 0.5]);
//! let gram = Gram::new(&columns);
//! let target = [-3.0, -1.0, 1.0, 3.0];
//! let correlation = columns.products(&target);
//! let mut workspace = Workspace::default();
//! let solution = workspace.at_alpha(&gram, &correlation, 0.0);
//! assert!((solution[0] - 2.0).abs() < 1e-12 && solution[1] == 0.0);
//! ```
//!
//! # Source
//! Efron, Hastie, Johnstone, Tibshirani 2004, "Least angle regression", Annals of
//! Statistics 32; the LASSO modification of its section 3. Choice of the penalty:
//! Zou, Hastie, Tibshirani 2007, "On the degrees of freedom of the lasso".

mod choice;
mod gram;
mod path;

pub use choice::{Choice, Noise};
pub use gram::{Columns, Gram};
pub use path::{Knot, Workspace};
