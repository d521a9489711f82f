"""Weather that nobody wrote down: filling in days and channels, against straight lines.

    python impute_weather.py                                simulated stations, under half a minute
    python impute_weather.py --out imputation.svg           and a picture
    python impute_weather.py --real                         USHCN, fetched the first time

Observers miss days, and thermometers break one at a time. The warmest hour of a day says much about
its coldest, which a line through the neighbouring days cannot use.
"""

import argparse

import numpy as np
import pandas as pd

from ct_s5 import S5Imputer
from ct_s5.plots import plot_imputation

CHANNELS = ["tmax", "tmin"]


def simulated(n_stations=60, n_days=180, seed=0):
    """Seasons of unlike strength, weather that lasts some days, clouds that make nights warm."""
    rng = np.random.default_rng(seed)
    frames = []
    for station in range(n_stations):
        days = np.arange(n_days)
        season = rng.uniform(8, 14) * np.sin(2 * np.pi * (days - 105) / 365)
        weather, clouds = np.zeros((2, n_days))
        for k in range(1, n_days):
            weather[k] = 0.75 * weather[k - 1] + rng.normal(0, 2.5)
            clouds[k] = 0.5 * clouds[k - 1] + rng.normal(0, 0.6)
        tmax = rng.uniform(10, 22) + season + weather - clouds
        tmin = tmax - rng.uniform(9, 13) + 2 * clouds
        frame = pd.DataFrame({"station": f"s{station:02}", "day": days, "tmax": tmax, "tmin": tmin})
        frame["day"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["day"], unit="D")
        frames.append(frame[rng.random(n_days) < 0.95].round({"tmax": 1, "tmin": 1}))
    return pd.concat(frames, ignore_index=True)


def real():
    """The years 1999 and 2000 at 120 stations of the U.S. Historical Climatology Network."""
    import ct_s5_datasets

    frame = ct_s5_datasets.load("ushcn", download=True).frame
    frame = frame.rename(
        columns={"unique_id": "station", "ds": "day", "TMAX": "tmax", "TMIN": "tmin"}
    )
    frame = frame[(frame["day"] >= "1999-01-01") & frame[CHANNELS].notna().any(axis=1)]
    stations = np.random.default_rng(0).permutation(frame["station"].unique())[:120]
    return frame.loc[frame["station"].isin(stations), ["station", "day", *CHANNELS]]


options = argparse.ArgumentParser()
options.add_argument("--real", action="store_true", help="real data, fetched the first time")
options.add_argument("--out", help="where to write the picture: a .svg or .png")
options = options.parse_args()
frame = (real() if options.real else simulated()).reset_index(drop=True)
print(f"{'USHCN (real)' if options.real else 'simulated'}: {len(frame)} station days")

# Four of ten cells are hidden, and three weeks in a row of one thermometer at every station. The
# model sees these holes only; what was in them is kept aside.
rng = np.random.default_rng(1)
hidden = rng.random((len(frame), 2)) < 0.4
place = frame.groupby("station").cumcount().to_numpy()
hidden[:, 0] |= (place >= 100) & (place < 121)
holes = frame.copy()
holes[CHANNELS] = frame[CHANNELS].mask(hidden)

# The last quarter of the stations teaches the model nothing: it is only filled in.
stations = frame["station"].unique()
new = frame["station"].isin(stations[-len(stations) // 4 :])
names = {"id_col": "station", "time_col": "day"}
model = S5Imputer(
    hide=(0.3, 0.5),
    hiding=("cell", "block"),
    width=32,
    states=16,
    depth=1,
    learning_rate=1e-2,
    batch_size=4,
    max_epochs=50,
    random_state=0,
    **names,
).fit(holes[~new])
filled = model.transform(holes[new], level=90)

lines = pd.concat(
    part.set_index("day")[CHANNELS].interpolate("time", limit_direction="both").set_axis(part.index)
    for _, part in holes[new].groupby("station", sort=False)
)
for channel in CHANNELS:
    told = holes.loc[new, channel].notna()
    assert filled.loc[told, channel].equals(frame.loc[new, channel][told])  # readings stay
    truth = frame.loc[new, channel][~told].dropna()
    guesses = filled.loc[truth.index, channel], lines.loc[truth.index, channel]
    error, of_lines = (np.sqrt(((guess - truth) ** 2).mean()) for guess in guesses)
    ends = (filled.loc[truth.index, f"{channel}-{end}-90"] for end in ("lo", "hi"))
    print(
        f"{channel}: off by {error:.2f} degrees (root mean square), straight lines by "
        f"{of_lines:.2f}; {truth.between(*ends).mean():.0%} of {len(truth)} in their 90% interval"
    )

# Between the days too: at noon and midnight, on a grid of twelve hours.
print(
    model.predict(holes[new].head(60), at="12h").tail(3).to_string(index=False, float_format="%.1f")
)
if options.out:
    some = frame.index[(frame["station"] == stations[-1]) & (place >= 70) & (place < 150)]
    figure = plot_imputation(holes.loc[some], filled.loc[some], actual=frame.loc[some], **names)
    figure.savefig(options.out)
