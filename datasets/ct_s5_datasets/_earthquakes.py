"""Earthquakes: every event in the USGS catalogue's feed, when and where and how strong.

Reads the provider's CSV files, such as `all_month.csv`. Origin, licence and defects:
`datasets/cards/earthquakes.md`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ._cells import numbers, read_cells, refuse
from ._dataset import Column, Dataset, card_with
from ._files import read_file, where
from ._splits import seeded_splits

PARTS = ("network", "world")

_SOURCE = (
    "Get all_month.csv, the last 30 days, from the USGS, "
    "https://earthquake.usgs.gov/earthquakes/feed/v1.0/csv.php, or any query of its catalogue as "
    "CSV (U.S. Government work, public domain)."
)
_CHANNELS = (
    Column("magnitude", "in whatever scale the network chose", ""),
    Column("depth", "of the hypocentre below the surface", "km"),
    Column("latitude", "of the epicentre, north", "degrees"),
    Column("longitude", "of the epicentre, east", "degrees"),
    Column("is_earthquake", "1: earthquake, 0: blast, ice quake or another event", ""),
)
_MEASURED = {"mag": 20, "depth": 1000, "latitude": 90, "longitude": 180}  # and the largest size
_CELLS = ["time", *_MEASURED, "net", "id", "updated", "type"]


def load(root: str | Path, part: str = PARTS[0]) -> Dataset:
    """Read the catalogue as one series a seismic network, or as a single series.

    Args:
        root: Folder with one or more CSV files of the feed, packed with gzip or not. Files may
            overlap in time: of an event that comes twice, the version updated last is kept.
        part: "network", a series for each contributing network (a region, roughly), or "world",
            one series of all events.

    Returns:
        `ds` is the time of the event in UTC, to the millisecond. Where several events of a series
        have the same millisecond, the second is put one microsecond later, the third two. There
        are no labels. "world" has no splits: one series is split by time, not by id.

    Raises:
        FileNotFoundError: No CSV file is there.
        ValueError: A file is damaged.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: earthquakes has the parts 'network' and 'world'.")
    events, counts = _read_events(Path(root))
    if part == "world":
        events["unique_id"] = "world"
    events = events.sort_values(["unique_id", "ds", "id"], ignore_index=True)
    keys = ["unique_id", "ds"]
    later = events.groupby(keys).cumcount().to_numpy()
    moved = events["ds"].to_numpy("datetime64[us]") + later.astype("timedelta64[us]")
    events["ds"] = pd.Series(moved).dt.tz_localize("UTC")
    names = np.unique(events["unique_id"].to_numpy().astype(str))
    counts |= {
        "series": len(names),
        "events": len(events),
        "events put microseconds later, beside another in the same millisecond": int(
            (later > 0).sum()
        ),
        "events other than earthquakes": int((events["is_earthquake"].to_numpy() == 0).sum()),
    }
    own = (
        Column("unique_id", "network that contributed the event, or world", ""),
        Column("ds", "time of the event", "UTC, milliseconds"),
    )
    return Dataset(
        frame=pd.DataFrame(events, columns=[*keys, *(channel.name for channel in _CHANNELS)]),
        labels=None,
        static=None,
        schema={column.name: column for column in (*own, *_CHANNELS)},
        splits=seeded_splits(names) if part == "network" else {},
        card=card_with("earthquakes", counts),
    )


def _read_events(root: Path) -> tuple[pd.DataFrame, dict]:
    names = {path.name.removesuffix(".gz") for path in root.glob("*.csv*")}
    names = sorted(name for name in names if name.endswith(".csv"))
    if not names:
        raise FileNotFoundError(f"No .csv or .csv.gz file is {where(root)}. {_SOURCE}")
    tables = [_read_table(root, name) for name in names]
    table = pd.concat(tables, ignore_index=True)
    table = table.sort_values(["id", "updated"], kind="stable", ignore_index=True)
    last = table.drop_duplicates("id", keep="last", ignore_index=True)
    if not len(last):
        raise ValueError(f"{root}: {', '.join(names)} hold(s) no event. {_SOURCE}")
    counts = {
        "files": ", ".join(names),
        "earlier or equal versions of an event, dropped": len(table) - len(last),
    }
    return last, counts


def _read_table(root: Path, name: str) -> pd.DataFrame:
    path = root / name
    cells = read_cells(read_file(root, name, again=_SOURCE), path, _CELLS, again=_SOURCE)
    measured: dict[str, np.ndarray] = {}
    for column, largest in _MEASURED.items():
        values = numbers(cells, column, path, again=_SOURCE, optional=column in ("mag", "depth"))
        beyond = np.abs(values) > largest
        refuse(beyond, cells, column, path, f"beyond {largest}", again=_SOURCE)
        measured[{"mag": "magnitude"}.get(column, column)] = values
    for column in ("net", "id", "type"):
        empty = cells[column].to_numpy() == ""
        refuse(empty, cells, column, path, "but every event has one", again=_SOURCE)
    return pd.DataFrame(
        {
            "unique_id": cells["net"].astype(str),
            "ds": _times(cells, "time", path),
            **measured,
            "is_earthquake": (cells["type"] == "earthquake").astype(np.float64),
            "id": cells["id"].astype(str),
            "updated": _times(cells, "updated", path),
        }
    )


def _times(cells: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    times = pd.to_datetime(cells[column].astype(str), format=form, errors="coerce")
    what = "not a time such as 2023-04-04T15:03:48.180Z"
    refuse(times.isna().to_numpy(), cells, column, path, what, again=_SOURCE)
    return times.to_numpy("datetime64[us]")
