"""Writes score_reference.csv: values of scipy and scikit-learn that the scores are held to.

    python3 score_reference.py > score_reference.csv

The Diebold-Mariano statistic is written out as in Lago et al. 2021 (mean difference over
its standard error, normal law), with Newey-West weights where lags are more than none.
"""

import numpy as np
import scipy.stats
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

rng = np.random.default_rng(20261121)
n = 200
levels = np.arange(5, 100, 5) / 100
centre = rng.normal(40, 20, n)
spread = rng.uniform(2, 15, n)
truth = rng.normal(centre, spread)
quantiles = scipy.stats.norm.ppf(levels[None, :], centre[:, None], spread[:, None])

losses_1 = np.abs(rng.normal(0, 3, n))
# Related over time, so that lags matter.
noise = np.convolve(rng.normal(0.15, 1.0, n + 2), [1, 0.6, 0.3], "valid")
losses_2 = losses_1 + noise


def dm(ours, theirs, lags):
    d = theirs - ours
    mean, count = d.mean(), len(d)
    c = d - mean
    variance = (c * c).sum() / count
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (c[lag:] * c[:-lag]).sum() / count
    statistic = mean / np.sqrt(variance / count)
    return statistic, scipy.stats.norm.sf(statistic)


z = (truth - centre) / spread
# Gneiting and Raftery 2007, eq. 5: closed form for a normal forecast.
crps = spread * (z * (2 * scipy.stats.norm.cdf(z) - 1) + 2 * scipy.stats.norm.pdf(z) - np.pi**-0.5)


def row(name, values):
    print(name + "," + ",".join(repr(float(v)) for v in np.atleast_1d(values)))


row("truth", truth)
for k, level in enumerate(levels):
    row(f"q{round(level * 100)}", quantiles[:, k])
row("pinball", np.mean([mean_pinball_loss(truth, quantiles[:, k], alpha=a) for k, a in enumerate(levels)]))
row("mae", mean_absolute_error(truth, quantiles[:, 9]))
row("crps_normal", crps.mean())
row("dm_ours", losses_1)
row("dm_theirs", losses_2)
for lags in (0, 2):
    statistic, p = dm(losses_1, losses_2, lags)
    row(f"dm_statistic_{lags}", statistic)
    row(f"dm_p_{lags}", p)
