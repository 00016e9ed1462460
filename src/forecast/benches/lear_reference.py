"""One day's LEAR ensemble with scikit-learn, against ours on the same days.

    SWINGLOAD_DATA=DIR python3 src/forecast/benches/lear_reference.py [DAYS]

Fits windows of 56, 84, 1092 and 1456 days for the first DAYS (default 2) test days of
`power-eu/epf_de_2012_2017`, LassoLarsIC for the penalty and then Lasso, as Lago et al. 2021
did, in one thread; then has the release build of the example `lear_markets` forecast the
same days, and prints CPU seconds per day, their ratio and how far the forecasts' errors are
apart. LassoLarsIC gets columns of length one and the variance of the target for that of the
noise, the defaults of the versions that were used then.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.linear_model import Lasso, LassoLarsIC

WINDOWS = [56, 84, 1092, 1456]
COLUMNS = ["price_eur_per_mwh", "amprion_load_forecast_mw", "wind_solar_forecast_mw"]
FIRST = pd.Timestamp("2016-01-04")


def read(path):
    """Per column a table of days times 24 wall-clock hours, and the days."""
    rows = pd.read_csv(path)
    clock = pd.to_datetime(rows.time_utc).dt.tz_convert("Europe/Berlin")
    groups = rows[COLUMNS].groupby([clock.dt.strftime("%Y-%m-%d"), clock.dt.hour]).mean()
    tables = [groups[c].unstack().ffill(axis=1) for c in COLUMNS]
    return [t.to_numpy() for t in tables], pd.DatetimeIndex(tables[0].index)


def design(tables, days, rows):
    price, *inputs = tables
    blocks = [price[rows - lag] for lag in (1, 2, 3, 7)]
    blocks += [x[rows - lag] for x in inputs for lag in (0, 1, 7)]
    dummies = (days[rows].weekday.to_numpy()[:, None] == np.arange(7)).astype(float)
    return np.hstack(blocks), dummies


def scaled(train, test):
    median = np.median(train, axis=0)
    spread = np.median(np.abs(train - median), axis=0) / 0.6744897501960817
    bend = lambda x: np.arcsinh((x - median) / spread)
    return bend(train), bend(test), lambda y: median + spread * np.sinh(y)


def forecast(tables, days, target, window):
    rows = np.arange(target - window + 7, target + 1)
    x, dummies = design(tables, days, rows)
    train, test, _ = scaled(x[:-1], x[-1:])
    train = np.hstack([train, dummies[:-1]])
    test = np.hstack([test, dummies[-1:]])
    price = tables[0]
    y, _, undo = scaled(price[rows[:-1]], price[target : target + 1])
    norms = np.linalg.norm(train - train.mean(axis=0), axis=0)
    norms[norms == 0.0] = 1.0
    out = np.zeros(24)
    for hour in range(24):
        choice = LassoLarsIC(criterion="aic", max_iter=2500, noise_variance=np.var(y[:, hour]))
        alpha = choice.fit(train / norms, y[:, hour]).alpha_
        out[hour] = Lasso(max_iter=2500, alpha=alpha).fit(train, y[:, hour]).predict(test)[0]
    return undo(out)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    data = os.environ["SWINGLOAD_DATA"]
    tables, days = read(os.path.join(data, "power-eu/epf_de_2012_2017.csv.gz"))
    first = days.get_loc(FIRST)
    errors = []
    start = time.process_time()
    for target in range(first, first + count):
        ensemble = np.mean([forecast(tables, days, target, w) for w in WINDOWS], axis=0)
        errors.append(np.abs(ensemble - tables[0][target]).mean())
    theirs = (time.process_time() - start) / count
    print(f"scikit-learn: {theirs:.3f} CPU s a day, MAE {np.mean(errors):.4f}")
    example = "target/release/examples/lear_markets"
    used = []
    for model in ([], ["lear"]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        command = [example, "de_2016", *model, "--days", str(count)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        used.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    # The first run only reads the file.
    ours = (used[1] - used[0]) / count
    print(f"swingload:    {ours:.3f} CPU s a day; ratio {ours / theirs:.4f}")
    print(text)


warnings.simplefilter("ignore")
main()
