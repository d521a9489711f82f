"""HURDAT2: the tracks of tropical cyclones, by the U.S. National Hurricane Center.

Reads the provider's files, `hurdat2-*.txt`. Origin, licence and defects:
`datasets/cards/hurdat2.md`.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._dataset import Column, Dataset, card_with
from ._files import read_lines, where
from ._splits import seeded_splits

STATUS = ("TD", "TS", "HU", "EX", "SD", "SS", "LO", "WV", "DB", "ET")
RECORD = ("", "C", "G", "I", "L", "P", "R", "S", "T", "W")

_SOURCE = (
    "Get hurdat2-<first>-<last>-<date>.txt (Atlantic) or hurdat2-nepac-<...>.txt (Pacific) from "
    "the National Hurricane Center, https://www.nhc.noaa.gov/data/ (U.S. Government work, public "
    "domain)."
)
_RADII = [
    Column(f"radius{knots}_{quarter}", f"reach of winds of {knots} kt, {quarter} quadrant", "nmi")
    for knots in (34, 50, 64)
    for quarter in ("NE", "SE", "SW", "NW")
]
_CHANNELS = (
    Column("latitude", "of the centre, north positive", "degrees"),
    Column("longitude", "of the centre, east positive, -180 to 180", "degrees"),
    Column("wind", "largest sustained wind, one minute's mean", "kt"),
    Column("pressure", "smallest at the centre", "hPa"),
    *_RADII,
    Column("radius_max_wind", "distance of the largest wind from the centre", "nmi"),
    Column("status", "kind of storm: index in " + " ".join(STATUS), "code"),
    Column("record", "why the row was added: 0 is none, then " + " ".join(RECORD[1:]), "code"),
)
_STATIC = (
    Column("name", "of the storm, or UNNAMED", ""),
    Column("basin", "AL Atlantic, EP north-east Pacific, CP north central Pacific", ""),
    Column("year", "of the season", "year"),
)
_HEAD = re.compile(r"([A-Z]{2})([0-9]{2})([0-9]{4}),\s*([^,]*?),\s*([0-9]+),?\s*")
_ROW = re.compile(
    r"([0-9]{8}),\s*([0-9]{4}),\s*([A-Z]?)\s*,\s*([A-Z]{2}),\s*([0-9.]+)([NS]),\s*([0-9.]+)([EW]),"
    r"\s*(-?[0-9]{1,5}(?:,\s*-?[0-9]{1,5}){13,14}),?\s*"
)


class _Lines(NamedTuple):
    """Lines of all files, taken apart."""

    storms: dict[str, tuple[str, str, float]]  # name, basin, year
    storm: list[str]  # of each row
    place: list[str]
    rows: list[tuple[str, ...]]


def load(root: str | Path) -> Dataset:
    """Read all tracks of one basin, or of several.

    Args:
        root: Folder with one or more `hurdat2*.txt`, packed with gzip or not.

    Returns:
        One series a storm, by its id such as EP011949. `ds` is in UTC. -99 and -999 are NaN.
        `status` and `record` are the codes of `STATUS` and `RECORD`, their places in these
        tuples. `static` has the storm's name, basin and year. There are no labels.

    Raises:
        FileNotFoundError: No file is there.
        ValueError: A line is damaged, or a storm has another number of lines than it says.

    """
    root = Path(root)
    names = {path.name.removesuffix(".gz") for path in root.glob("hurdat2*")}
    names = sorted(name for name in names if name.endswith(".txt"))
    if not names:
        raise FileNotFoundError(f"No hurdat2*.txt or hurdat2*.txt.gz is {where(root)}. {_SOURCE}")
    lines = _Lines({}, [], [], [])
    for name in names:
        _read_lines(root, name, lines)
    frame = _to_frame(lines)
    ids = np.unique(list(lines.storms))
    static = pd.DataFrame(
        [lines.storms[i] for i in ids],
        index=pd.Index(ids, name="unique_id"),
        columns=[column.name for column in _STATIC],
    )
    static["basin"] = static["basin"].astype("category")
    own = (
        Column("unique_id", "basin, number within the season, year", ""),
        Column("ds", "time of the row", "UTC, minutes"),
    )
    values = frame[[channel.name for channel in _CHANNELS]].to_numpy()
    counts = {
        "files": ", ".join(names),
        "storms": len(ids),
        "rows": len(frame),
        "readings, status and record aside": int((~np.isnan(values[:, :-2])).sum()),
    }
    return Dataset(
        frame=frame,
        labels=None,
        static=static,
        schema={column.name: column for column in (*own, *_CHANNELS, *_STATIC)},
        splits=seeded_splits(ids),
        card=card_with("hurdat2", counts),
    )


def _read_lines(root: Path, name: str, lines: _Lines) -> None:
    left, storm, head = 0, "", ""
    text = read_lines(root, name, again=_SOURCE)
    for number, line in enumerate(text, start=1):
        place = f"{root / name}, line {number}"
        if left:
            found = _ROW.fullmatch(line)
            if not found:
                raise ValueError(
                    f"{place}: {line[:60]!r} is no row of a track, but the header "
                    f"{head!r} announces {left} more. {_SOURCE}"
                )
            lines.storm.append(storm)
            lines.place.append(place)
            lines.rows.append(found.groups())
            left -= 1
        elif line.strip():
            found = _HEAD.fullmatch(line)
            if not found:
                raise ValueError(
                    f"{place}: {line[:60]!r} is not the header of a storm, such as "
                    f"'EP011949, UNNAMED, 7,'. {_SOURCE}"
                )
            head, (basin, _, year, title, count) = line.strip(), found.groups()
            storm, left = line[:8], int(count)
            if storm in lines.storms:
                raise ValueError(f"{place}: storm {storm} was there before. {_SOURCE}")
            lines.storms[storm] = (title, basin, float(year))
    if left or not text:
        what = f"{left} row(s) of {head!r} are missing" if left else "the file is empty"
        raise ValueError(f"{root / name} is cut short: {what}. {_SOURCE}")


def _to_frame(lines: _Lines) -> pd.DataFrame:
    columns = list(zip(*lines.rows, strict=True)) or [()] * 9
    day, time, record, status, north, half, east, side, rest = columns

    def refuse(bad: np.ndarray, what: str) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            shown = ", ".join(lines.rows[row][:8])
            raise ValueError(f"{lines.place[row]}: {what} in {shown!r}. {_SOURCE}")

    stamps = pd.Series([d + t for d, t in zip(day, time, strict=True)], dtype=str)
    times = pd.to_datetime(stamps, format="%Y%m%d%H%M", errors="coerce")
    refuse(times.isna().to_numpy(), "no date and time")
    degrees = [pd.Series(cells, dtype=object) for cells in (north, east)]
    latitude, longitude = np.array([pd.to_numeric(c, errors="coerce") for c in degrees], float)
    refuse(~(latitude <= 90), "no latitude")
    refuse(~(longitude <= 180), "no longitude")
    latitude = np.where(np.array(half) == "S", -latitude, latitude)
    longitude = np.where(np.array(side) == "W", -longitude, longitude)
    refuse(~np.isin(status, STATUS), f"a status other than {' '.join(STATUS)}")
    refuse(~np.isin(record, RECORD), f"a record identifier other than {' '.join(RECORD[1:])}")
    # The last, the radius of the largest wind, came in 2022; older files have no such column.
    cells = [row.split(",") for row in rest]
    sizes = np.array([row if len(row) == 15 else [*row, "-999"] for row in cells], dtype=np.int64)
    sizes = sizes.reshape(-1, 15)
    missing = (sizes == -99) | (sizes == -999)
    refuse(((sizes < 0) & ~missing).any(axis=1), "a negative size other than -99 and -999")
    values = np.column_stack(
        [
            latitude,
            longitude,
            np.where(missing, np.nan, sizes),
            [STATUS.index(code) for code in status],
            [RECORD.index(code) for code in record],
        ]
    )
    frame = pd.DataFrame(values, columns=[channel.name for channel in _CHANNELS])
    frame.insert(0, "unique_id", np.array(lines.storm))
    # Milliseconds: parquet, where parsed sets are kept, has no seconds.
    frame.insert(1, "ds", pd.Series(times.to_numpy("datetime64[ms]")).dt.tz_localize("UTC"))
    refuse(frame.duplicated(["unique_id", "ds"]).to_numpy(), "a time that the storm had before")
    return frame.sort_values(["unique_id", "ds"], ignore_index=True)
