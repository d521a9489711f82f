"""From a frame of readings to answers: the whole way in sixty lines.

Eighty simulated patients; those of the second kind have a pulse that swings faster. The readings
come when they come, and some are missing, as on a ward.
"""

import numpy as np
import pandas as pd

from ct_s5 import S5Classifier, gap_report, load

rng = np.random.default_rng(0)
frames, labels = [], {}
for patient in range(80):
    label = ["calm", "restless"][patient % 2]
    hours = np.sort(rng.uniform(0, 48, rng.integers(20, 40)))
    swing = np.sin(2 * np.pi * hours / (24 if label == "calm" else 6) + rng.uniform(0, 6))
    frame = pd.DataFrame(
        {
            "patient": f"p{patient:02}",
            "time": pd.Timestamp("2026-03-01", tz="Europe/Zurich")
            + pd.to_timedelta(hours, unit="h"),
            "pulse": 75 + 10 * swing + rng.normal(0, 2, hours.size),
            "temperature": 37 + rng.normal(0, 0.2, hours.size),
        }
    )
    frame.loc[rng.random(hours.size) < 0.5, "temperature"] = np.nan
    frames.append(frame)
    labels[f"p{patient:02}"] = label
frame, labels = pd.concat(frames, ignore_index=True), pd.Series(labels)

print(gap_report(frame, id_col="patient", time_col="time"))

# Sixty patients to learn from are few: a small network and a higher learning rate get there sooner.
model = S5Classifier(
    id_col="patient",
    time_col="time",
    width=16,
    states=16,
    learning_rate=1e-2,
    max_epochs=60,
    random_state=0,
)
known, new = labels.iloc[:60], labels.iloc[60:]
model.fit(frame[frame["patient"].isin(known.index)], known)
print(model.history_[["loss", "validation_loss"]].iloc[::10].round(3))

later = frame[frame["patient"].isin(new.index)]
print(model.predict_proba(later).head(3).round(3))
print(f"right for {model.score(later, new):.0%} of {len(new)} patients it never saw")
assert model.score(later, new) > 0.7

model.save("ward.safetensors")
assert load("ward.safetensors").predict(later).equals(model.predict(later))
