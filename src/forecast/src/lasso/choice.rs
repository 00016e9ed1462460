//! The penalty by Akaike's criterion along the path.

use super::gram::Gram;
use super::path::{Knot, Workspace};

/// What the criterion takes for the variance of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// The variance of the target itself; possible with fewer rows than columns.
    OfTarget,
    /// A variance known otherwise, such as that of least squares' residuals.
    Given(f64),
}

/// A penalty, and the criterion there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Penalty at the best corner of the path.
    pub alpha: f64,
    /// `RSS / variance + 2 active` there; a constant that does not matter is left out.
    pub criterion: f64,
}

impl Choice {
    /// The corner of the path with the least criterion, the first of equals.
    ///
    /// `correlation` is `X'y` and `square` is `y'y`, both centred. The path ends where
    /// no later corner can win unless columns leave again by dozens.
    pub fn by_aic(
        workspace: &mut Workspace,
        gram: &Gram,
        correlation: &[f64],
        square: f64,
        noise: Noise,
    ) -> Self {
        let variance = match noise {
            Noise::OfTarget => square / gram.rows().max(1) as f64,
            Noise::Given(variance) => variance,
        };
        let mut best = Choice {
            alpha: 0.0,
            criterion: f64::INFINITY,
        };
        if variance.is_nan() || variance <= 0.0 {
            return best;
        }
        workspace.follow(gram, correlation, 0.0, |knot: &Knot| {
            let residual = (square - knot.explained).max(0.0);
            let penalty = 2.0 * knot.active as f64;
            let criterion = residual / variance + penalty;
            if criterion < best.criterion {
                best = Choice {
                    alpha: knot.alpha,
                    criterion,
                };
            }
            penalty < best.criterion + MARGIN
        });
        best
    }
}

/// Twice the number of columns that may leave again after the criterion's penalty alone has lost.
const MARGIN: f64 = 20.0;
