"""Continuous glucose monitoring: a reading about every five minutes for weeks, with gaps.

Reads the files of the Glucose-ML collection, or any folder of the same form: one CSV file a
person, `timestamp,glucose_value_mg_dl`. Origin, licence and defects: `datasets/cards/glucose.md`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import read_members
from ._dataset import Column, Dataset, card_with
from ._files import where
from ._lines import Lines, join_lines
from ._splits import seeded_splits

PARTS = ("PhysioCGM", "BIGIDEAs")
PROTOCOLS: dict[str, str] = {}

_HEADER = "timestamp,glucose_value_mg_dl"
_COLUMNS = (
    Column("unique_id", "name of the person's file", ""),
    Column("ds", "time of the reading, as the set gives it, in whole seconds", "timestamp"),
    Column("glucose", "interstitial glucose", "mg/dl"),
    Column("out_of_range", "-1: the sensor said Low, 1: High, 0: it gave a number", ""),
)
_LONGEST = np.timedelta64(3653, "D")  # sensors last for weeks, studies for years
_SOURCE = (
    "Get it from the Glucose-ML collection, "
    "https://github.com/Augmented-Health-Lab/Glucose-ML-Project "
    "(PhysioCGM: CC0 1.0; BIGIDEAs: ODC-BY 1.0; others: see each set's README.md)."
)


def load(root: str | Path, part: str = "PhysioCGM") -> Dataset:
    """Read one set of glucose curves.

    Args:
        root: Folder with `<part>.tar.gz` or the folder `<part>/`.
        part: "PhysioCGM", "BIGIDEAs", or the name of another folder or archive in `root` whose
            `.csv` files have the same header; "." for the files of `root` itself.

    Returns:
        `frame` has `glucose` in mg/dl, NaN where the sensor said Low or High, and `out_of_range`,
        -1 there for Low, 1 for High, 0 elsewhere. `ds` is a timestamp of whole seconds. Several
        readings in one second become their mean. `labels` and `static` are None. Ids are the file
        names without `.csv`.

    Raises:
        FileNotFoundError: The part is absent.
        ValueError: A file is damaged.

    """
    files = _find(Path(root), part)
    names = [name for name, _, _ in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        places = " and ".join(place for name, place, _ in files if name == twice[0])
        raise ValueError(f"Series {twice[0]} is there twice: {places}. Keep one. {_SOURCE}")
    texts = [(place, data) for _, place, data in files]
    lines = join_lines(texts, cells=2, header=_HEADER, again=_SOURCE)
    times, glucose, beyond = _read(lines)
    _check_spans(lines, times)
    # A number that lost its last digits looks like any other.
    for _, place, data in files:
        last = data.rsplit(b"\n", 1)[-1]
        if last:
            words = last[:80].decode(errors="replace")
            raise ValueError(
                f"{place} ends within a line, after {words!r}: it was cut off. {_SOURCE}"
            )
    readings = pd.DataFrame({"unique_id": np.repeat(names, lines.rows), "ds": times})
    readings["glucose"], readings["out_of_range"] = glucose, beyond
    means = {"glucose": "mean", "out_of_range": "mean"}
    frame = readings.groupby(["unique_id", "ds"]).agg(means).reset_index()
    counts = {
        "part": part,
        "series": len(names),
        "readings": len(readings),
        "readings Low": int((beyond < 0).sum()),
        "readings High": int((beyond > 0).sum()),
        "rows": len(frame),
        "readings in a second that had one already, averaged": len(readings) - len(frame),
    }
    return Dataset(
        frame=frame,
        labels=None,
        static=None,
        schema={column.name: column for column in _COLUMNS},
        splits=seeded_splits(names),
        card=card_with("glucose", counts),
    )


def _find(root: Path, part: str) -> list[tuple[str, str, bytes]]:
    """Name, place and content of each file, sorted by name."""
    if not isinstance(part, str) or not part or part.startswith("..") or set(part) & set("/\\"):
        raise ValueError(
            f"part={part!r}: glucose has the parts {PARTS[0]!r} and {PARTS[1]!r}; name one, or "
            "one other folder of root, or '.' for root itself."
        )
    archive, folder = root / f"{part}.tar.gz", root / part
    source = archive if archive.is_file() else folder
    if not source.exists():
        raise FileNotFoundError(
            f"Neither {archive.name} nor the folder {folder.name}/ is {where(root)}. {_SOURCE}"
        )
    members = read_members(source, r".+\.csv", again=_SOURCE)
    if not members:
        raise ValueError(f"{source} holds no .csv file. {_SOURCE}")
    return sorted((Path(name).stem, f"{source.name}: {name}", data) for name, data in members)


def _check_spans(lines: Lines, times: np.ndarray) -> None:
    """Refuse a reading years away from all others of its person: a digit of the year is wrong."""
    shown = times.astype("datetime64[s]").astype(object)
    for start, stop in zip(lines.starts(), lines.starts() + lines.rows, strict=True):
        own = times[start:stop]
        far = np.zeros(len(times), bool)
        far[start:stop] = np.abs(own - np.sort(own)[len(own) // 2]) > _LONGEST
        lines.refuse(far, "timestamp is {}, more than ten years from the others of the file", shown)


def _read(lines: Lines) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, glucose and which readings are out of range, one a line."""
    flat = lines.text.decode(errors="replace").replace("\n", ",").split(",")[:-1]
    time, value = np.array(flat, dtype=object).reshape(-1, 2).T
    stamps = pd.to_datetime(time, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    lines.refuse(stamps.isna(), "timestamp is {!r}, not YYYY-MM-DD HH:MM:SS", time)
    beyond = (value == "High").astype(np.float64) - (value == "Low")
    glucose = np.asarray(pd.to_numeric(value, errors="coerce"), dtype=np.float64)
    lines.refuse(
        (beyond == 0) & ~(np.isfinite(glucose) & (glucose > 0)),
        "glucose_value_mg_dl is {!r}, not a number above 0, Low or High",
        value,
    )
    # In ms: parquet, which the cache keeps, has no whole seconds.
    return stamps.to_numpy().astype("datetime64[ms]"), glucose, beyond
