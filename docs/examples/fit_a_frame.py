"""From a frame of readings to answers: the whole way in forty lines.

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

model = S5Classifier(
    id_col="patient", time_col="time", width=16, states=16, max_epochs=15, random_state=0
)
model.fit(frame, labels)
print(model.history_[["loss", "validation_loss"]].round(3))
print(model.predict_proba(frame).head(3).round(3))

model.save("ward.safetensors")
assert load("ward.safetensors").predict(frame).equals(model.predict(frame))
