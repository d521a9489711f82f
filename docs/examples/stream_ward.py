"""A ward as it goes: rows come hour by hour, every risk is fresh, a restart changes nothing.

    python stream_ward.py                                   simulated patients, under half a minute
    python stream_ward.py --out ward.svg                    and a picture
    python stream_ward.py --real                            PhysioNet 2012, fetched the first time

The model keeps one state a patient, whatever the length of the stay. In the middle of the second
day the service stops; another one goes on from two files, the model and the states.
"""

import argparse
import pathlib
import tempfile

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from ct_s5 import S5Classifier, load
from ct_s5.plots import plot_series

RESTART = pd.Timedelta("30h")


def simulated(n_patients=128, seed=0):
    """Two days each; a third of the hourly rounds are skipped. Every other patient gets worse."""
    rng = np.random.default_rng(seed)
    frames, labels = [], {}
    for number in range(n_patients):
        patient, worse = f"p{number:03}", number % 2 == 1
        onset = rng.uniform(4, 24) if worse else 48.0
        hours = np.sort(rng.choice(48, 32, replace=False)) + rng.uniform(0, 1, 32)
        since = np.maximum(hours - onset, 0)
        frame = pd.DataFrame(
            {
                "patient": patient,
                "time": pd.to_timedelta((3600 * hours).round(), unit="s"),
                "HR": rng.normal(80, 8) + 1.5 * since + rng.normal(0, 6, hours.size),
                "MAP": rng.normal(85, 6) - 0.8 * since + rng.normal(0, 5, hours.size),
                "Temp": rng.normal(37, 0.2) + 0.05 * since + rng.normal(0, 0.2, hours.size),
            }
        )
        for vital, share in {"HR": 0.1, "MAP": 0.3, "Temp": 0.7}.items():
            frame.loc[rng.random(hours.size) < share, vital] = np.nan
        frames.append(frame)
        labels[patient] = "worse" if worse else "stable"
    frame = pd.concat(frames, ignore_index=True)
    return frame.dropna(subset=["HR", "MAP", "Temp"], how="all"), pd.Series(labels)


def real():
    """1500 stays of PhysioNet 2012, set a: those are "worse" who died in hospital."""
    import ct_s5_datasets

    data = ct_s5_datasets.load("physionet2012", download=True)
    labels = data.labels.iloc[:1500].map({0: "stable", 1: "worse"})
    frame = data.frame[data.frame["unique_id"].isin(labels.index)]
    return frame.rename(columns={"unique_id": "patient", "ds": "time"}), labels


options = argparse.ArgumentParser()
options.add_argument("--real", action="store_true", help="real data, fetched the first time")
options.add_argument("--out", help="where to write the picture: a .svg or .png")
options = options.parse_args()
frame, labels = real() if options.real else simulated()
print(f"{'PhysioNet 2012 (real)' if options.real else 'simulated'}: {len(labels)} patients")

names = {"id_col": "patient", "time_col": "time"}
small = {} if options.real else {"width": 16, "states": 16, "depth": 1, "learning_rate": 1e-2}
known, new = labels.iloc[: -len(labels) // 4], labels.iloc[-len(labels) // 4 :]
model = S5Classifier(bidirectional=False, max_epochs=30, random_state=0, **small, **names)
model.fit(frame[frame["patient"].isin(known.index)], known)

# The ward: patients the model has not seen, their rows in the order in which they come.
ward = frame[frame["patient"].isin(new.index)].sort_values("time", kind="stable")
risks, restarted = [], False
with tempfile.TemporaryDirectory() as folder:
    for hour, rows in ward.groupby(ward["time"].dt.floor("h")):
        if hour >= RESTART and not restarted:
            files = pathlib.Path(folder, "model.safetensors"), pathlib.Path(folder, "states")
            model.save(files[0])
            files[1].write_bytes(model.export_state())
            del model  # the service stops; what follows knows the two files alone
            model, restarted = load(files[0]), True
            model.import_state(files[1].read_bytes())
            print(f"restarted at {hour}, from states of {files[1].stat().st_size // 1024} KiB")
        chances = model.update(rows, method="predict_proba")["worse"]
        risks.append(chances.rename("risk").reset_index().assign(time=hour + pd.Timedelta("1h")))
risks = pd.concat(risks, ignore_index=True)

latest = risks.groupby("patient")["risk"].last()
whole = model.predict_proba(ward)["worse"].loc[latest.index]
print(
    f"{len(risks)} answers; the last ones differ from predict by {(latest - whole).abs().max():.0e}"
)
for hours in (12, 24, 36, 48):
    so_far = risks[risks["time"] <= pd.Timedelta(hours=hours)].groupby("patient")["risk"].last()
    area = roc_auc_score(new.loc[so_far.index] == "worse", so_far)
    print(f"after {hours} hours: worse patients rank above others in {area:.0%} of pairs")

# The patient whose risk rose most.
if options.out:
    who = risks.groupby("patient")["risk"].agg(lambda r: r.iloc[-1] - r.iloc[0]).idxmax()
    vitals = ["HR", "MAP", "Temp"]
    seen, told = (part[part["patient"] == who] for part in (ward, risks))
    both = pd.concat([seen[["time", *vitals]], told[["time", "risk"]]]).sort_values("time")
    hours, titles = both["time"] / pd.Timedelta("1h"), [*vitals, "risk, told hourly"]
    figure = plot_series(hours, both[[*vitals, "risk"]], channels=titles)
    for axes in figure.axes:
        axes.axvline(RESTART / pd.Timedelta("1h"), color="grey", linewidth=0.8, linestyle="--")
    figure.axes[-1].set_xlabel("hours; dashed: the restart")
    figure.savefig(options.out)
