"""USHCN: days of rain, snow and temperature at stations of the United States.

Reads NOAA's GHCN-Daily files (`ghcnd_hcn*.tar.gz` or `ghcnd_hcn/`, with `ushcn-stations.txt` where
it is there) or the table made from them for GRU-ODE-Bayes. Origin, licence and defects:
`datasets/cards/ushcn.md`.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._dataset import Column, Dataset, card_with
from ._files import read_lines
from ._splits import Split, seeded_splits, sorted_ids
from ._ushcn_csv import CHANNELS as CSV_CHANNELS
from ._ushcn_csv import N_FOLDS, debrouwer_splits, read_csv, tpatchgnn_split
from ._ushcn_dly import ELEMENTS, Grid, Station, days_of, read_stations

_YEARS = {"1996-2000": (1996, 2000), "1990-1993": (1990, 1993)}
PARTS = (*_YEARS, "gru-ode-bayes")
PROTOCOLS = {
    **{f"debrouwer{'' if fold == 0 else f'-fold{fold}'}@1": PARTS[2] for fold in range(N_FOLDS)},
    "tpatchgnn@1": PARTS[2],
    "cru@1": PARTS[1],
}

_ALL_STATIONS = 1114
_SOURCE = (
    "Get ghcnd_hcn.tar.gz from NOAA, "
    "https://www.ncei.noaa.gov/pub/data/ghcn/daily/ghcnd_hcn.tar.gz (U.S. Government work, public "
    "domain)."
)
_CHANNELS = (
    Column("PRCP", "precipitation of the day", "mm"),
    Column("SNOW", "snowfall of the day", "mm"),
    Column("SNWD", "depth of the snow on the ground", "mm"),
    Column("TMAX", "highest temperature of the day", "degC"),
    Column("TMIN", "lowest temperature of the day", "degC"),
)
_STATIC = (
    Column("latitude", "north", "degrees"),
    Column("longitude", "east, so negative here", "degrees"),
    Column("elevation", "above sea level", "m"),
)


def load(root: str | Path, part: str = PARTS[0]) -> Dataset:
    """Read one period of the raw files, or the table of GRU-ODE-Bayes.

    Args:
        root: Folder with `ghcnd_hcn*.tar.gz` or the unpacked `ghcnd_hcn/`, and, if at hand,
            `ushcn-stations.txt`; for "gru-ode-bayes" with `small_chunked_sporadic.csv`.
        part: "1996-2000" or "1990-1993", the years of the published uses, or "gru-ode-bayes".

    Returns:
        Of the raw files: `ds` is the day, without a timezone; channels PRCP, SNOW, SNWD in mm,
        TMAX and TMIN in degC; values that failed a quality check are NaN. `static` is the
        stations' place, None without `ushcn-stations.txt`. Of the table: `ds` has one second for
        each of its units of time (about 7.45 days), channels Value_0 to Value_4, standardised.
        There are no labels. A series is a station.

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged, or has nothing in these years.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: ushcn has the parts {', '.join(PARTS)}. Name one.")
    root = Path(root)
    return _load_csv(root) if part == PARTS[2] else _load_days(root, *_YEARS[part])


def cru_split(ids: ArrayLike) -> Split:
    """Rebuild the test and validation stations of CRU: 20 % with seed 42, 20 % of the rest with 43.

    The seeds, the shares and the choice of stations are the published ones. The data are not
    (CRU reads an older release, in inches and degF), nor is it known in which order the stations
    were drawn; here from the sorted ids. So it is rebuilt, not recovered.

    Args:
        ids: The stations that `load` chooses for it: see the card.

    References:
        Schirmer et al. 2022, arXiv:2111.11344.

    """
    ordered = sorted_ids(ids)
    drawn = np.random.default_rng(42).permutation(ordered)
    test, rest = np.split(drawn, [len(ordered) // 5])
    drawn = np.random.default_rng(43).permutation(np.sort(rest))
    validation, train = np.split(drawn, [len(rest) // 5])
    parts = {"train": train, "validation": validation, "test": test}
    return {part: np.sort(rows) for part, rows in parts.items()}


def _load_days(root: Path, first: int, last: int) -> Dataset:
    stations = read_stations(root, first, last, again=_SOURCE)
    grid = days_of(stations, first, last, again=_SOURCE)
    there = ~np.isnan(grid.values)
    station, day = np.nonzero(there.any(2))
    names = np.array([station.id for station in stations])
    frame = pd.DataFrame(grid.values[station, day], columns=list(ELEMENTS))
    frame.insert(0, "unique_id", names[station])
    # Milliseconds: parquet, where parsed sets are kept, has no seconds.
    frame.insert(1, "ds", grid.days[day].astype("datetime64[ms]"))
    with_rows = names[np.unique(station)]
    counts = {
        "years": f"{first} to {last}",
        "stations": len(with_rows),
        "stations without a value in these years, left out": len(names) - len(with_rows),
        "rows": len(frame),
        "readings": int(there.sum()),
        **grid.counts,
        "lines of other elements, left out": sum(station.n_other for station in stations),
    }
    static = _read_places(root, with_rows)
    if static is not None:
        counts["stations whose place is unknown"] = int(np.isnan(static.to_numpy()[:, 0]).sum())
    splits = seeded_splits(with_rows)
    if (first, last) == _YEARS["1990-1993"]:
        chosen = _cru_stations(stations, grid)
        counts["stations of cru@1"] = len(chosen)
        splits = {"cru@1": cru_split(chosen), **splits} if len(chosen) >= 10 else splits
    own = (Column("unique_id", "station", ""), Column("ds", "day of the observation", "day"))
    schema = {column.name: column for column in (*own, *_CHANNELS)}
    if static is not None:
        schema |= {column.name: column for column in _STATIC}
    return Dataset(frame, None, static, schema, splits, card_with("ushcn", counts))


def _load_csv(root: Path) -> Dataset:
    frame, counts = read_csv(root)
    ids = np.unique(frame["unique_id"].to_numpy())
    splits = seeded_splits(ids)
    # A protocol names the whole table: part of it would be another split under the same name.
    if len(ids) == _ALL_STATIONS:
        folds = debrouwer_splits(ids)
        names = [name for name in PROTOCOLS if name.startswith("debrouwer")]
        own = dict(zip(names, folds, strict=True))
        splits = {**own, "tpatchgnn@1": tpatchgnn_split(ids), **splits}
    own = (
        Column("unique_id", "the table's number of the station", ""),
        Column(
            "ds", "time since the table's start, about December 1996", "1 s a unit of the table"
        ),
    )
    schema = {column.name: column for column in (*own, *CSV_CHANNELS)}
    return Dataset(frame, None, None, schema, splits, card_with("ushcn", counts))


def _cru_stations(stations: list[Station], grid: Grid) -> np.ndarray:
    """Stations with a year up to 1990, one from 1994 on, and 730 days left after cleaning."""
    values = grid.values
    flat = pd.DataFrame(values.reshape(-1, values.shape[2]))
    near = (flat - flat.mean()).abs() <= 4 * flat.std(ddof=0)
    days = near.to_numpy().any(1).reshape(values.shape[:2]).sum(1)
    return np.array(
        [
            station.id
            for station, n_days in zip(stations, days, strict=True)
            if station.years[0] <= 1990 and station.years[1] >= 1994 and n_days >= 730
        ]
    )


def _read_places(root: Path, ids: np.ndarray) -> pd.DataFrame | None:
    name = "ushcn-stations.txt"
    if not (root / name).is_file() and not (root / f"{name}.gz").is_file():
        return None
    places: dict[str, tuple[float, ...]] = {}
    line_form = re.compile(r"[0-9]{6} {1,3}(-?[0-9.]+) +(-?[0-9.]+) +(-?[0-9.]+) .*")
    for number, line in enumerate(read_lines(root, name, again=_SOURCE), start=1):
        found = line_form.fullmatch(line)
        if not found:
            raise ValueError(
                f"{root / name}, line {number}: {line[:40]!r} is not a station of six digits, its "
                f"latitude, longitude and elevation. {_SOURCE}"
            )
        # A COOP number of six digits is the end of a GHCN id of the same network, USC00.
        places[f"USC00{line[:6]}"] = tuple(float(cell) for cell in found.groups())
    unknown = (np.nan,) * len(_STATIC)
    index = pd.Index(ids, name="unique_id")
    columns = [column.name for column in _STATIC]
    return pd.DataFrame([places.get(i, unknown) for i in ids], index=index, columns=columns)
