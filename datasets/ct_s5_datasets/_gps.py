"""GPS trajectories (Go!Track): was the phone in a car or on a bus?

Reads the provider's own files: `go_track_trackspoints.csv` and `go_track_tracks.csv`. Origin,
licence and defects: `datasets/cards/gps.md`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ._cells import numbers, read_cells, refuse
from ._dataset import Column, Dataset, card_with
from ._files import read_file
from ._splits import seeded_splits

_LABEL = "vehicle"
_VEHICLES = np.array(["car", "bus"])
_POINTS, _TRACKS = "go_track_trackspoints.csv", "go_track_tracks.csv"
_SOURCE = (
    "Get GPS+Trajectories.zip from the UCI repository, https://archive.ics.uci.edu/dataset/354 "
    f"(licence CC BY 4.0), and unpack {_POINTS} and {_TRACKS}."
)
_CHANNELS = (
    Column("latitude", "of the phone, north", "degrees"),
    Column("longitude", "of the phone, east", "degrees"),
)
_STATIC = (
    Column("speed", "average over the whole track", "km/h"),
    Column("duration", "of the whole track", "h"),
    Column("distance", "of the whole track", "km"),
    Column("rating", "of the trip by its passenger, 1 to 3", ""),
    Column("phone", "number of the phone that recorded the track", ""),
)
_CELLS = {"speed": "speed", "duration": "time", "distance": "distance", "rating": "rating"}


def load(root: str | Path) -> Dataset:
    """Read all tracks.

    Args:
        root: Folder with `go_track_trackspoints.csv` and `go_track_tracks.csv`, packed with gzip
            or not. The points' own column `id` may be missing.

    Returns:
        One series a track. `ds` is the phone's clock, without a timezone; several points of a
        track in one second become their mean. `labels` is "car" or "bus". `static` has four
        numbers that summarise the whole track, and the phone, a category.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged, or points and tracks do not belong together.

    """
    root = Path(root)
    labels, static = _read_tracks(root)
    track, time, place = _read_points(root)
    for here, there, these, those in (
        (_POINTS, _TRACKS, track, labels.index.to_numpy()),
        (_TRACKS, _POINTS, labels.index.to_numpy(), track),
    ):
        alone = np.setdiff1d(these, those)
        if len(alone):
            raise ValueError(
                f"{root}: {len(alone)} track(s) of {here} are not in {there}, such as {alone[0]}. "
                f"{_SOURCE}"
            )
    index, row, times = np.unique(
        np.array([track, time.astype(np.int64)]).T, axis=0, return_inverse=True, return_counts=True
    )
    first = np.zeros(len(index), np.intp)
    first[row.ravel()[::-1]] = np.arange(len(track))[::-1]
    # Positions are averaged as offsets from the first: equal ones stay as they were, to the bit.
    offset = place - place[first][row.ravel()]
    sums = [np.bincount(row.ravel(), offset[:, i], len(index)) for i in range(2)]
    values = place[first] + np.array(sums).T / times[:, None]
    frame = pd.DataFrame(values, columns=[column.name for column in _CHANNELS])
    frame.insert(0, "unique_id", index[:, 0])
    # Milliseconds: parquet, where parsed sets are kept, has no seconds.
    frame.insert(1, "ds", index[:, 1].astype("datetime64[s]").astype("datetime64[ms]"))
    counts = {
        "tracks": len(labels),
        "points": len(track),
        "rows": len(frame),
        "points in the same second as another of their track, averaged": len(track) - len(frame),
        "of them at another position": int((offset != 0).any(axis=1).sum()),
        "tracks of a single row": int((np.unique(index[:, 0], return_counts=True)[1] == 1).sum()),
    }
    own = (
        Column("unique_id", "number of the track", ""),
        Column("ds", "time by the phone, of Aracaju in Brazil", "second, no timezone"),
        Column(_LABEL, "car or bus", ""),
    )
    ids, phones = labels.index.to_numpy(), static["phone"].to_numpy().astype(str)
    return Dataset(
        frame=frame,
        labels=labels,
        static=static,
        schema={column.name: column for column in (*own, *_CHANNELS, *_STATIC)},
        splits=seeded_splits(ids, groups=phones),
        card=card_with("gps", counts),
        groups=pd.Series(phones, labels.index, name="phone"),
    )


def _read_tracks(root: Path) -> tuple[pd.Series, pd.DataFrame]:
    path = root / _TRACKS
    wanted = ["id", "id_android", *_CELLS.values(), "car_or_bus"]
    cells = read_cells(read_file(root, _TRACKS, again=_SOURCE), path, wanted, again=_SOURCE)
    track = _whole(cells, "id", path)
    again_at = pd.Series(track).duplicated().to_numpy()
    refuse(again_at, cells, "id", path, "given before", again=_SOURCE)
    vehicle = cells["car_or_bus"].to_numpy().astype(str)
    known = np.isin(vehicle, ["1", "2"])
    refuse(~known, cells, "car_or_bus", path, "neither 1 nor 2", again=_SOURCE)
    columns = {name: numbers(cells, column, path, again=_SOURCE) for name, column in _CELLS.items()}
    order = np.argsort(track)
    index = pd.Index(track[order], name="unique_id")
    static = pd.DataFrame({name: values[order] for name, values in columns.items()}, index=index)
    phone = _whole(cells, "id_android", path)[order].astype(str)
    static["phone"] = pd.Categorical(phone)
    labels = _VEHICLES[(vehicle == "2").astype(int)][order]
    return pd.Series(labels, index=index, name=_LABEL), static


def _read_points(root: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    path = root / _POINTS
    wanted = ["latitude", "longitude", "track_id", "time"]
    cells = read_cells(read_file(root, _POINTS, again=_SOURCE), path, wanted, again=_SOURCE)
    place = np.column_stack([numbers(cells, name, path, again=_SOURCE) for name in wanted[:2]])
    for i, most in enumerate((90, 180)):
        beyond = np.abs(place[:, i]) > most
        refuse(beyond, cells, wanted[i], path, f"beyond {most}", again=_SOURCE)
    text = cells["time"].astype(str)
    times = pd.to_datetime(text, format="%Y-%m-%d %H:%M:%S", errors="coerce")
    what = "not a time such as 2014-09-13 07:24:32"
    refuse(times.isna().to_numpy(), cells, "time", path, what, again=_SOURCE)
    return _whole(cells, "track_id", path), times.to_numpy("datetime64[s]"), place


def _whole(cells: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    values = numbers(cells, column, path, again=_SOURCE)
    bad = (values != np.round(values)) | (np.abs(values) > 2**53)
    refuse(bad, cells, column, path, "not a whole number", again=_SOURCE)
    return values.astype(np.int64)
