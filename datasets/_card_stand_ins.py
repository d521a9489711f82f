"""Small files in official layouts, for the pictures of sets whose own files were not at hand.

Nothing in them is data: they show what a series of the set looks like, and that it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

_SECOND = 10_000_000  # ticks of 100 ns


def human_activity(folder: Path) -> None:
    """Half a minute of a person who walks, falls and lies, a tag at a time."""
    draw = np.random.default_rng(0)
    heights = {
        "010-000-024-033": (0.1, 0.05),  # left ankle: walking, lying
        "010-000-030-096": (0.1, 0.05),
        "020-000-033-111": (1.3, 0.2),  # chest
        "020-000-032-221": (1.0, 0.15),  # belt
    }
    lines, ticks = [], 633790226051280329
    begin = ticks
    while (seconds := (ticks - begin) / _SECOND) < 30:
        tag = list(heights)[draw.integers(4)]
        upright = 1 / (1 + np.exp(3 * (seconds - 17)))
        high, low = heights[tag]
        place = [3 + 0.1 * min(seconds, 17), 2.0, low + (high - low) * upright]
        x, y, z = (place + draw.normal(0, 0.03, 3)).round(4)
        activity = "walking" if seconds < 16 else "falling" if seconds < 18 else "lying"
        lines.append(f"A01,{tag},{ticks},27.05.2009 14:03:25:127,{x},{y},{z},{activity}\r\n")
        ticks += int(draw.choice([270_000, 1_010_000, 1_260_000]))
    (folder / "ConfLongDemo_JSI.txt").write_text("".join(lines), newline="")


def pam(folder: Path) -> None:
    """Seven seconds of walking: a step a second, and a heart rate now and then."""
    draw = np.random.default_rng(0)
    n = 700
    seconds = np.arange(n) / 100
    values = np.full((n, 52), np.nan)
    values[::10, 0] = (95 + np.cumsum(draw.normal(0, 0.3, n)))[::10].round()
    for place, size in enumerate((3.0, 1.5, 6.0)):  # hand, chest, ankle
        swing = np.outer(np.sin(2 * np.pi * (seconds + 0.3 * place)), [1, 0.4, 0.6])
        own = slice(2 + 17 * place, 5 + 17 * place)
        values[:, own] = [0, 9.8, 0] + size * swing + draw.normal(0, 0.4, (n, 3))
    rows = np.char.mod("%.3f", values)
    rows[np.isnan(values)] = "NaN"
    text = "".join(
        f"{time:.2f} 4 {' '.join(row)}\n" for time, row in zip(seconds, rows, strict=True)
    )
    (folder / "subject101.dat").write_text(text)


def mimic(folder: Path) -> None:
    """The tables of MIMIC-IV with one stay: the bed charts by the hour, the laboratory rarely."""
    draw = np.random.default_rng(0)
    (folder / "icu").mkdir()
    (folder / "hosp").mkdir()
    day = "2180-07-23T00:00:00"

    def at(hours: float) -> str:
        moment = np.datetime64(day, "s") + np.timedelta64(round(3600 * hours), "s")
        return str(moment).replace("T", " ")

    def rows(item: int, every: float, level: float, spread: float) -> list[tuple]:
        hours = np.cumsum(draw.exponential(every, round(48 / every)))
        drift = level + np.cumsum(draw.normal(0, spread, len(hours)))
        return [(item, at(hour), f"{x:.1f}") for hour, x in zip(hours, drift, strict=True)]

    charts = rows(220045, 1, 85, 3) + rows(220277, 1, 96, 0.4)
    labs = rows(50912, 11, 1.2, 0.2) + rows(50813, 7, 2.0, 0.3)
    tables = {
        "icu/icustays": [
            "stay_id,subject_id,hadm_id,first_careunit,intime,outtime",
            f"30,1,10,MICU,{at(0)},{at(48)}",
        ],
        "hosp/admissions": ["subject_id,hadm_id,hospital_expire_flag", "1,10,0"],
        "icu/chartevents": [
            "stay_id,itemid,charttime,valuenum",
            *(f"30,{','.join(map(str, row))}" for row in charts),
        ],
        "hosp/labevents": [
            "hadm_id,itemid,charttime,valuenum",
            *(f"10,{','.join(map(str, row))}" for row in labs),
        ],
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]))


def cifar10(folder: Path) -> None:
    """The six files of the binary version, a picture each: sky, sun, sea and a ship."""
    y, x = np.mgrid[:32, :32]
    colours = np.empty((3, 32, 32), np.uint8)
    for layer, (sky, sea, hull, sun) in enumerate(
        ((120, 20, 150, 250), (180, 60, 40, 220), (220, 120, 30, 80))
    ):
        colours[layer] = np.where(y < 20, sky + y, sea + y)
        colours[layer][(x - 25) ** 2 + (y - 6) ** 2 < 12] = sun
        colours[layer][(y > 15) & (y < 23) & (abs(x - 13) < 11 - (y - 15))] = hull
        colours[layer][(y > 6) & (y < 16) & (abs(x - 12) < 2)] = hull
    record = bytes([8]) + colours.tobytes()
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        (folder / f"{name}.bin").write_bytes(record)


def lra_text(folder: Path) -> None:
    """The folders of IMDB with a review in each, written here."""
    reviews = {
        "train/pos/0_10": "I laughed, I wept, I went again.",
        "train/neg/0_2": "Two hours of rain, and nobody in it has anything to say.",
        "test/pos/0_9": "A quiet film, and every minute of it is well spent.",
        "test/neg/0_1": "I left.",
    }
    for name, text in reviews.items():
        path = folder / "aclImdb" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def lra_retrieval(folder: Path) -> None:
    """The three files of pairs, a pair in each, written here."""
    texts = "We parse sentences with a chart.\tCharts, as known, parse sentences."
    for part in ("train", "eval", "test"):
        (folder / f"new_aan_pairs.{part}.tsv").write_text(f"1.0\tA1\tB1\t{texts}\n")


MAKERS = {
    "human_activity": human_activity,
    "pam": pam,
    "mimic": mimic,
    "cifar10": cifar10,
    "lra_image": cifar10,
    "lra_text": lra_text,
    "lra_retrieval": lra_retrieval,
}
ASKED: Mapping[str, Mapping[str, object]] = {
    "human_activity": {"part": "sequences"},
    "mimic": {"part": "IV"},
    "lra_text": {"least": 1},
}
"""What a loader is asked for, so that so small a set can be read."""
