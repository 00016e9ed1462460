"""Records what scikit-learn says of 100 made-up LASSO problems.

The problems are made from a generator that `tests/lasso.rs` repeats bit by bit, so that
only the answers need keeping. Run: python3 record.py > expected.json
"""

import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.linear_model import Lasso, LassoLarsIC, lars_path

MASK = (1 << 64) - 1
SHARES = [0.5, 0.2, 0.05, 0.01]


def uniforms(seed, count):
    """SplitMix64, as numbers in [-1, 1)."""
    state, out = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        out.append((z >> 11) / (1 << 52) - 1.0)
    return np.array(out)


def problem(k):
    """Rows, columns (one after another) and target of problem k."""
    n = 20 + (k * 37) % 101
    p = 4 + (k * 23) % 57
    draws = uniforms(k + 1, n * p + n)
    x = draws[: n * p].reshape(p, n).copy()
    for j in range(1, p):
        x[j] = 0.5 * x[j] + 0.5 * x[j - 1]
    if k % 11 == 3:
        x *= 1000.0
    if k % 7 == 2:
        # Days of the week: seven columns that add up to a constant.
        days = (np.arange(n) % 7 == np.arange(7)[:, None]).astype(float)
        x = np.vstack([x, days])
    y = 0.25 * draws[n * p :]
    for j in range(0, len(x), 5):
        y = y + x[j] if (j // 5) % 2 == 0 else y - 0.5 * x[j]
    return x.T, y


def main():
    records = []
    for k in range(100):
        x, y = problem(k)
        xc, yc = x - x.mean(axis=0), y - y.mean()
        alphas, _, _ = lars_path(xc, yc, method="lasso")
        aic = LassoLarsIC(criterion="aic", max_iter=2500, noise_variance=np.var(y)).fit(x, y)
        least_squares = None
        if len(x) > x.shape[1] + 1 and k % 7 != 2:
            fit = LassoLarsIC(criterion="aic", max_iter=2500).fit(x, y)
            least_squares = {"noise": fit.noise_variance_, "alpha": fit.alpha_}
        solutions = []
        for share in SHARES:
            alpha = share * alphas[0]
            lasso = Lasso(alpha=alpha, tol=1e-15, max_iter=1_000_000).fit(x, y)
            residual = yc - xc @ lasso.coef_
            objective = residual @ residual / (2 * len(y)) + alpha * np.abs(lasso.coef_).sum()
            sparse = {int(j): float(c) for j, c in enumerate(lasso.coef_) if c != 0.0}
            solutions.append({"alpha": alpha, "objective": objective, "coefficients": sparse})
        kept = alphas[alphas > 1e-3 * alphas[0]]
        records.append(
            {
                "alphas": [float(a) for a in kept],
                "aic_alpha": float(aic.alpha_),
                "least_squares": least_squares,
                "solutions": solutions,
            }
        )
    text = json.dumps({"scikit_learn": sklearn.__version__, "problems": records}, indent=0)
    sys.stdout.write(text + "\n")


warnings.simplefilter("ignore")
main()
