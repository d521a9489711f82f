"""Glucose in the next hour, with intervals: readings that come about every five minutes, or do not.

    python forecast_glucose.py                              simulated people, under half a minute
    python forecast_glucose.py --out forecast.svg           and a picture
    python forecast_glucose.py --real                       the BIGIDEAs set, fetched the first time

A sensor under the skin drifts by seconds around its five minutes, and is out of reach now and then.
What is eaten is written down when it is eaten: a row of its own, between the readings.
"""

import argparse

import numpy as np
import pandas as pd

from ct_s5 import S5Forecaster
from ct_s5.plots import plot_forecast


def simulated(n_people=48, seed=0):
    """One day each: meals that raise glucose within the hour, a drift that no meal explains."""
    rng = np.random.default_rng(seed)
    frames = []
    for person in range(n_people):
        minutes = np.arange(0, 1440, 5) + rng.normal(0, 0.3, 288)
        meals = 60 * np.array([7.5, 12.5, 19.0]) + rng.normal(0, 50, 3)
        carbs = rng.uniform(20, 70, meals.size).round()
        since = np.maximum(minutes[:, None] - meals, 0) / 45
        rise = (rng.uniform(0.8, 1.2) * carbs * since * np.exp(1 - since)).sum(1)
        wander, pushes = np.zeros(minutes.size), rng.normal(0, 2.5, minutes.size)
        for k in range(1, minutes.size):
            wander[k] = 0.985 * wander[k - 1] + pushes[k]
        glucose = 100 + rise + wander + rng.normal(0, 1.5, minutes.size)
        for start in rng.uniform(0, minutes[-1], 2):  # out of reach
            lost = (minutes > start) & (minutes < start + rng.exponential(60))
            glucose[lost] = np.nan
        sensed = pd.DataFrame({"minutes": minutes, "glucose": glucose.round()}).dropna()
        eaten = pd.DataFrame({"minutes": meals, "carbs": carbs})
        rows = pd.concat([sensed, eaten]).sort_values("minutes", ignore_index=True)
        since_midnight = pd.to_timedelta((60 * rows["minutes"]).round(), unit="s")
        time = pd.Timestamp("2026-03-02") + since_midnight
        frames.append(rows.assign(person=f"p{person:02}", time=time))
    return pd.concat(frames, ignore_index=True)[["person", "time", "glucose", "carbs"]]


def real():
    """Sixteen people, eight to ten days each; nobody wrote down what they ate."""
    import ct_s5_datasets

    frame = ct_s5_datasets.load("glucose", part="BIGIDEAs", download=True).frame
    frame = frame.rename(columns={"unique_id": "person", "ds": "time"})
    return frame[["person", "time", "glucose"]]


options = argparse.ArgumentParser()
options.add_argument("--real", action="store_true", help="real data, fetched the first time")
options.add_argument("--out", help="where to write the picture: a .svg or .png")
options = options.parse_args()
frame = real() if options.real else simulated()
print(f"{'BIGIDEAs (real)' if options.real else 'simulated'}: {len(frame)} rows")

# The model has never seen anybody in the last quarter of the people.
people = frame["person"].unique()
new = frame["person"].isin(people[-len(people) // 4 :])
names = {"id_col": "person", "time_col": "time"}
model = S5Forecaster(
    horizon="1h",
    channels="glucose",
    width=16,
    states=16,
    depth=1,
    learning_rate=1e-2,
    batch_size=8,
    max_epochs=40,
    random_state=0,
    **names,
).fit(frame[~new])

# What would have been foreseen of the new people's readings, and what the last value foresees.
sensed = frame[new].dropna(subset="glucose").sort_values("time")
sensed = sensed[["person", "time", "glucose"]].set_axis(["person", "told_at", "last"], axis=1)
for ahead in ("30min", "55min"):
    told = model.backtest(frame[new], ahead, within="5min").dropna(subset="glucose-actual")
    told = pd.merge_asof(told.sort_values("told_at"), sensed, on="told_at", by="person")
    actual = told["glucose-actual"]
    error, of_last = (np.sqrt(((told[name] - actual) ** 2).mean()) for name in ("glucose", "last"))
    inside = actual.between(told["glucose-lo-90"], told["glucose-hi-90"]).mean()
    print(
        f"{ahead} ahead: off by {error:.1f} mg/dl (root mean square), the last value by "
        f"{of_last:.1f}; {inside:.0%} of {len(told)} readings in their 90% interval"
    )

# The next hour of the new people, asked in the middle of their readings, minute by minute.
rows = frame[new]
half = rows.groupby("person").cumcount() < rows.groupby("person")["time"].transform("size") / 2
history, later = rows[half], rows[~half]
forecast = model.predict(history, at="1min", level=(50, 90))
print(forecast.iloc[[9, 29, 59]].to_string(index=False, float_format="%.0f"))
if options.out:
    end = later["person"].map(forecast.groupby("person")["time"].max())
    came = later.loc[later["time"] <= end, ["person", "time", "glucose"]]
    figure = plot_forecast(history, forecast, actual=came, **names)  # the first three people
    figure.savefig(options.out)
