"""UCI 427, batteryless wearable sensor: lying, sitting or walking, from a badge without a battery?

Reads the provider's own files, one a trial: `S1_Dataset/d1p01M` and the like.
Origin, licence and defects: `datasets/cards/wearable.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import read_members
from ._dataset import Column, Dataset, card_with
from ._files import where
from ._lines import join_lines, numbers
from ._splits import Split, seeded_splits

PARTS = ("S1", "S2")
PROTOCOLS: dict[str, str] = {}

_SOURCE = (
    "Get it from the UCI Machine Learning Repository, data set 427, "
    "https://archive.ics.uci.edu/dataset/427 (licence CC BY 4.0)."
)
_CHANNELS = (
    Column("frontal", "acceleration along the frontal axis", "g"),
    Column("vertical", "acceleration along the vertical axis", "g"),
    Column("lateral", "acceleration along the lateral axis", "g"),
    Column("rssi", "received signal strength indicator", ""),
    Column("phase", "phase of the received signal", "rad"),
    Column("frequency", "carrier frequency of this reading", "MHz"),
    *(Column(f"antenna_{n}", f"1: read by antenna {n} of the room", "") for n in range(1, 5)),
)
_FILE_COLUMNS: tuple[str, ...] = (
    "time",
    "frontal",
    "vertical",
    "lateral",
    "antenna",
    "rssi",
    "phase",
    "frequency",
    "activity",
)


def load(root: str | Path, part: str | Sequence[str] = "S1") -> Dataset:
    """Read the trials of one room, or of both.

    Args:
        root: Folder with `S1_Dataset/` and `S2_Dataset/`, or with each as `.tar.gz`. Where both
            forms are there the archive is read.
        part: "S1", "S2" or `("S1", "S2")`.

    Returns:
        `frame` has accelerations, signal strength, phase, frequency, four 0-or-1 channels for the
        antenna that read, and, last, `activity`: a label a reading, not an input (1 sit on bed,
        2 sit on chair, 3 lie, 4 walk). `ds` is the time since the start of the trial as written,
        in ms. `static` has Gender and Room. `labels` is None. Ids are file names, such as d1p01M.

    Raises:
        FileNotFoundError: A room is absent.
        ValueError: A file is damaged.

    """
    parts = _check_parts(part)
    trials = [trial for name in parts for trial in _find(Path(root), name)]
    names = [name for name, _, _ in trials]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Trial {twice[0]} is there twice in {root}. Keep one. {_SOURCE}")
    files = [(place, data) for _, place, data in trials]
    lines = join_lines(files, cells=len(_FILE_COLUMNS), again=_SOURCE)
    values = dict(zip(_FILE_COLUMNS, numbers(lines, _FILE_COLUMNS).T, strict=True))
    seconds, antenna, activity = values["time"], values["antenna"], values["activity"]
    milliseconds = np.round(seconds * 1000)
    lines.refuse(
        (seconds < 0) | (np.abs(seconds * 1000 - milliseconds) > 1e-4),
        "time is {:g}, not seconds from 0 on in whole milliseconds",
        seconds,
    )
    before = np.append(0, seconds[:-1])
    before[lines.starts()] = 0
    lines.refuse(seconds < before, "time is {:g} after {:g}", seconds, before)
    lines.refuse(~np.isin(antenna, range(1, 5)), "antenna is {:g}, not 1 to 4", antenna)
    lines.refuse(~np.isin(activity, range(1, 5)), "activity is {:g}, not 1 to 4", activity)

    frame = pd.DataFrame({"unique_id": np.repeat(names, lines.rows)})
    frame["ds"] = milliseconds.astype("timedelta64[ms]")
    for column in _CHANNELS[:6]:
        frame[column.name] = values[column.name]
    for number, column in enumerate(_CHANNELS[6:], start=1):
        frame[column.name] = (antenna == number).astype(np.float64)
    frame["activity"] = activity
    last = ~frame.duplicated(["unique_id", "ds"], keep="last")
    index = pd.Index(names, name="unique_id")
    static = pd.DataFrame(
        {
            "Gender": [float(name.endswith("M")) for name in names],
            "Room": pd.Categorical([f"S{name[1]}" for name in names], categories=list(PARTS)),
        },
        index=index,
    )
    counts = {
        "parts": ", ".join(parts),
        "trials": len(names),
        "rows": int(last.sum()),
        "readings at the time of a later one in the same trial, dropped": int((~last).sum()),
        **{f"rows of activity {n}": int((activity[last] == n).sum()) for n in range(1, 5)},
    }
    rooms: Split = {name: index.to_numpy()[static["Room"] == name] for name in parts}
    return Dataset(
        frame=frame.loc[last].reset_index(drop=True),
        labels=None,
        static=static,
        schema=_schema(),
        splits={"rooms": rooms, **seeded_splits(names)},
        card=card_with("wearable", counts),
    )


def _check_parts(part: str | Sequence[str]) -> tuple[str, ...]:
    parts = (part,) if isinstance(part, str) else tuple(part)
    if not parts or any(name not in PARTS for name in parts) or len(set(parts)) < len(parts):
        raise ValueError(
            f"part={part!r}: wearable has the parts 'S1' and 'S2'. Name one, or both: ('S1', 'S2')."
        )
    return tuple(sorted(parts))


def _find(root: Path, part: str) -> list[tuple[str, str, bytes]]:
    """Name, place and content of each trial of a room, sorted by name."""
    archive, folder = root / f"{part}_Dataset.tar.gz", root / f"{part}_Dataset"
    source = archive if archive.is_file() else folder
    if not source.exists():
        raise FileNotFoundError(
            f"Neither {archive.name} nor the folder {folder.name}/ is {where(root)}. {_SOURCE}"
        )
    members = read_members(source, rf"d{part[1]}p[0-9]{{2,3}}[FM]", again=_SOURCE)
    if not members:
        raise ValueError(f"{source} holds no trial (d{part[1]}p01F and the like). {_SOURCE}")
    named = ((Path(name).name, f"{source.name}: {name}", data) for name, data in members)
    return sorted(named)


def _schema() -> dict[str, Column]:
    own = (
        Column("unique_id", "file name: room, number of the trial, sex of the person", ""),
        Column("ds", "time since the start of the trial", "timedelta, ms"),
        Column("Gender", "0 female, 1 male", ""),
        Column("Room", "S1 or S2, the rooms of the study", ""),
    )
    label = Column("activity", "1 sit on bed, 2 sit on chair, 3 lie, 4 walk; a label", "")
    return {column.name: column for column in (*own, *_CHANNELS, label)}
