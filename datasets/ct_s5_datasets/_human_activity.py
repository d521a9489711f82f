"""UCI 196, Localization Data for Person Activity: what is a person with four radio tags doing?

Reads the provider's own file, `ConfLongDemo_JSI.txt`, as sequences or as the windows that published
uses cut from them. Origin, licence and defects: `datasets/cards/human_activity.md`.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ._dataset import Column, Dataset, card_with
from ._files import read_file
from ._human_activity_windows import SPLITS, protocol_splits, row_windows, time_windows
from ._lines import Lines, join_lines
from ._splits import seeded_splits

PARTS = ("sequences", "classification", "forecast")
PROTOCOLS = {name: part for name, (part, _) in SPLITS.items()}
ACTIVITIES = (
    "walking", "falling", "lying down", "lying", "sitting down", "sitting",
    "standing up from lying", "on all fours", "sitting on the ground",
    "standing up from sitting", "standing up from sit on grnd",
)  # fmt: skip
MERGED = {
    "walking": 0, "falling": 1, "lying": 2, "lying down": 2, "sitting": 3, "sitting down": 3,
    "standing up from lying": 4, "standing up from sitting": 4, "standing up from sit on grnd": 4,
    "on all fours": 5, "sitting on the ground": 6,
}  # fmt: skip
"""The seven classes that published uses merge the eleven activities into."""

_FILE = "ConfLongDemo_JSI.txt"
_SOURCE = (
    f"Get {_FILE} from the UCI Machine Learning Repository, data set 196, "
    "https://archive.ics.uci.edu/dataset/196 (licence CC BY 4.0)."
)
_TAGS = {
    "010-000-024-033": "ankle_left",
    "010-000-030-096": "ankle_right",
    "020-000-033-111": "chest",
    "020-000-032-221": "belt",
}
_CHANNELS = tuple(
    Column(f"{place}_{axis}", f"{axis} coordinate of the tag at the {words}", "m")
    for place, words in zip(
        _TAGS.values(), ("left ankle", "right ankle", "chest", "belt"), strict=True
    )
    for axis in "xyz"
)
_CELLS = ("sequence", "tag", "timestamp", "date", "x", "y", "z", "activity")
# How many ticks of 100 ns one time unit of a part has: 100 ns, 10 ms, 1 ms.
_TICKS = {"sequences": 1, "classification": 10**5, "forecast": 10**4}


def load(root: str | Path, part: str = "sequences") -> Dataset:
    """Read the recordings.

    Args:
        root: Folder with `ConfLongDemo_JSI.txt`, plain or as `.gz`.
        part: "sequences": the recordings as they are, 100 ns fine, the eleven `ACTIVITIES` by
            number. "classification": windows of 50 rows, 25 apart, of times rounded to 10 ms, and
            seven classes (`MERGED`). "forecast": windows of 4 s, 1 s apart, of times rounded to
            1 ms, without the activity.

    Returns:
        `frame` has three coordinates of each of four tags, NaN where a tag was not read, and, last,
        `activity`: a label a reading, not an input. `ds` is the time since the start of the
        sequence or window. Ids are the provider's, such as A01 (the letter is the person), or that
        of the sequence and the number of the window, such as A01-0007. `static` has the Person.
        `labels` is None.

    Raises:
        FileNotFoundError: The file is absent.
        ValueError: The file is damaged.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: human_activity has the parts {', '.join(PARTS)}.")
    content = read_file(root, _FILE, again=_SOURCE)
    lines = join_lines([(str(Path(root) / _FILE), content)], cells=len(_CELLS), again=_SOURCE)
    rows, names = _read(lines, part)
    back = (np.diff(rows["time"]) < 0) & (np.diff(rows["sequence"]) == 0)
    frame, n_averaged, n_disagree = _one_row_a_time(rows)
    if part == "classification":
        at, window = row_windows(frame["sequence"].to_numpy())
    elif part == "forecast":
        at, window = time_windows(frame["sequence"].to_numpy(), frame["time"].to_numpy())
    else:
        at, window = np.arange(len(frame)), np.zeros(len(frame), dtype=np.int64)
    frame, ids = _name_series(frame.iloc[at], window, np.array(names), part)
    counts = {
        "part": part,
        "lines": len(rows),
        "sequences": len(names),
        "series": len(ids),
        "rows": len(frame),
        "lines earlier than the one before, put in order": int(back.sum()),
        "(sequence, time, tag) given more than once, averaged": n_averaged,
        "times at which lines disagree on the activity, the lowest number taken": n_disagree,
    }
    people = pd.Categorical([name[0] for name in ids])
    return Dataset(
        frame=frame,
        labels=None,
        static=pd.DataFrame({"Person": people}, index=pd.Index(ids, name="unique_id")),
        schema=_schema(part),
        splits={**protocol_splits(part, names, ids), **seeded_splits(ids, groups=people)},
        card=card_with("human_activity", counts),
        groups=pd.Series(people.astype(str), pd.Index(ids, name="unique_id"), name="person"),
    )


def _read(lines: Lines, part: str) -> tuple[pd.DataFrame, list[str]]:
    """Sequence, time, channel of x, place and activity of each line, and the sequences' names."""
    cells: Any = pd.read_csv(
        io.BytesIO(lines.text),
        header=None,
        names=list(_CELLS),
        dtype=str,
        keep_default_na=False,
        skip_blank_lines=False,
        quoting=3,
    )
    for name, pattern in {"sequence": r"[A-Z]\d{2}", "timestamp": r"\d{15,18}"}.items():
        wrong = ~cells[name].str.fullmatch(pattern).to_numpy(dtype=bool)
        lines.refuse(wrong, f"{name} is {{!r}}", cells[name].to_numpy())
    tags = pd.Index(list(_TAGS)).get_indexer(cells["tag"])
    lines.refuse(tags < 0, "tag is {!r}, none of the four", cells["tag"].to_numpy())
    known = pd.Index(ACTIVITIES)
    activity = known.get_indexer(cells["activity"])
    lines.refuse(activity < 0, "activity is {!r}, unknown", cells["activity"].to_numpy())
    if part != "sequences":
        activity = np.array([MERGED[name] for name in ACTIVITIES])[activity]
    sequence, names = pd.factorize(cells["sequence"])
    lines.refuse(
        np.diff(sequence, prepend=0) < 0,
        "sequence {} comes back after another one",
        cells["sequence"].to_numpy(),
    )
    rows = pd.DataFrame({"sequence": sequence, "tag": tags, "activity": activity})
    for axis in "xyz":
        rows[axis] = pd.to_numeric(cells[axis], errors="coerce")
        wrong = ~np.isfinite(rows[axis].to_numpy())
        lines.refuse(wrong, f"{axis} is {{!r}}, no finite number", cells[axis].to_numpy())
    ticks = cells["timestamp"].astype(np.int64).to_numpy()
    start = np.minimum.reduceat(ticks, np.unique(sequence, return_index=True)[1])[sequence]
    if _TICKS[part] == 1:
        rows["time"] = ticks - start
    else:
        # As published: of ticks as float64, which are 128 apart there, halves to the even number.
        rows["time"] = np.rint((ticks.astype(float) - start.astype(float)) / _TICKS[part])
        rows["time"] = rows["time"].astype(np.int64)
    return rows, list(names)


def _one_row_a_time(rows: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """One row a (sequence, time), twelve channels; several readings of a tag are averaged."""
    keys = ["sequence", "time"]
    by_tag: Any = rows.groupby([*keys, "tag"])[["x", "y", "z"]]
    n_averaged = int((by_tag.size() > 1).sum())
    wide = by_tag.mean().unstack("tag").swaplevel(axis=1)
    every = [(tag, axis) for tag in range(len(_TAGS)) for axis in "xyz"]
    frame = wide.reindex(columns=pd.MultiIndex.from_tuples(every))
    frame.columns = pd.Index([column.name for column in _CHANNELS])
    activity: Any = rows.groupby(keys)["activity"]
    frame["activity"] = activity.min().astype(np.float64)
    return frame.reset_index(), n_averaged, int((activity.nunique() > 1).sum())


def _name_series(
    rows: pd.DataFrame, window: np.ndarray, names: np.ndarray, part: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """The frame with ids and times since each series' start, and the ids in the file's order."""
    ids, times = names[rows["sequence"]], rows["time"].to_numpy()
    if part != "sequences":
        ids = np.array([f"{name}-{number:04d}" for name, number in zip(ids, window, strict=True)])
    if part == "classification":
        starts = np.append(True, ids[1:] != ids[:-1])
        times = times - times[starts][np.cumsum(starts) - 1]
    elif part == "forecast":
        times = times - 1000 * window
    frame = rows.drop(columns=["sequence", "time"])
    if part == "forecast":
        frame = frame.drop(columns="activity")
    frame.insert(0, "unique_id", ids)
    frame.insert(1, "ds", (times * 100 * _TICKS[part]).astype("timedelta64[ns]"))
    in_order = pd.unique(ids)
    frame = frame.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)
    return frame, np.asarray(in_order)


def _schema(part: str) -> dict[str, Column]:
    what = "sequence" if part == "sequences" else "window"
    fine = {"sequences": "100 ns", "classification": "10 ms", "forecast": "1 ms"}[part]
    own = (
        Column("unique_id", "person (a letter), sequence, and number of the window if any", ""),
        Column("ds", f"time since the start of the {what}", f"timedelta, {fine}"),
        Column("Person", "whose sequence it is, A to E", ""),
    )
    if part == "forecast":
        return {column.name: column for column in (*own, *_CHANNELS)}
    classes = ACTIVITIES if part == "sequences" else list(dict.fromkeys(MERGED.values()))
    label = Column("activity", f"one of {len(classes)}, by number; a label", "")
    return {column.name: column for column in (*own, *_CHANNELS, label)}
