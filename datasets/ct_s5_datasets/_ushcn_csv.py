"""The table GRU-ODE-Bayes made from USHCN, `small_chunked_sporadic.csv`, and the splits of it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._dataset import Column
from ._files import read_file
from ._splits import Split, sorted_ids

N_FOLDS = 5
CHANNELS = tuple(
    Column(f"Value_{i}", f"channel {i} of the table, standardised there", "standard deviations")
    for i in range(5)
)
_NAME = "small_chunked_sporadic.csv"
_PUBLISHED = "671eb8d121522e98891c84197742a6c9e9bb5015e42b328a93ebdf2cfd393ecf"
_VALUES = [f"Value_{i}" for i in range(5)]
_MASKS = [f"Mask_{i}" for i in range(5)]
_SOURCE = (
    f"{_NAME} comes with the code of GRU-ODE-Bayes, https://github.com/edebrouwer/gru_ode_bayes."
)


def read_csv(root: Path) -> tuple[pd.DataFrame, dict]:
    """The table as a frame, and what is to be told of it.

    Raises:
        FileNotFoundError: It is absent.
        ValueError: A column, or a value in one, is not as the table has it.

    """
    content = read_file(root, _NAME, again=_SOURCE)
    path = Path(root) / _NAME
    header = content[: content.find(b"\n")].decode(errors="replace").strip().split(",")
    wanted = ["ID", "Time", *_VALUES, *_MASKS]
    absent = [column for column in wanted if column not in header]
    if absent:
        raise ValueError(f"{path}: the header lacks {', '.join(absent)}. {_SOURCE}")
    text = np.frombuffer(content.rstrip() + b"\n", np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    commas = np.diff(np.cumsum(text == ord(","))[ends])
    if (commas != len(header) - 1).any():
        row = int(np.argmax(commas != len(header) - 1))
        raise ValueError(
            f"{path}, line {row + 2}: {commas[row] + 1} cells, not {len(header)}. {_SOURCE}"
        )
    table = pd.read_csv(io.BytesIO(content), usecols=wanted, dtype=str, na_filter=False)
    cells = np.array([pd.to_numeric(table[column], errors="coerce") for column in wanted], float)
    ids, time, values, mask = cells[0], cells[1], cells[2:7].T, cells[7:].T
    wrong = ~np.isfinite(cells)
    wrong[0] |= (ids != np.round(ids)) | (np.abs(ids) > 2**53)
    wrong[1] |= (time < 0) | (time > 10_000)
    wrong[7:] |= ((mask != 0) & (mask != 1)).T
    if wrong.any():
        row, column = np.argwhere(wrong.T)[0]
        raise ValueError(
            f"{path}, line {row + 2}: {wanted[column]} is {table[wanted[column]].iloc[row]!r}. "
            f"{_SOURCE}"
        )
    seen = (mask == 1).any(axis=1)
    if not seen.any():
        raise ValueError(f"{path} holds no observed value. {_SOURCE}")
    milliseconds = np.round(time[seen] * 1000)
    index, row = np.unique(np.array([ids[seen], milliseconds]).T, axis=0, return_inverse=True)
    cell = row.reshape(-1, 1) * len(_VALUES) + np.arange(len(_VALUES))
    known = mask[seen] == 1
    n_cells = len(index) * len(_VALUES)
    times = np.bincount(cell[known], minlength=n_cells)
    sums = np.bincount(cell[known], weights=values[seen][known], minlength=n_cells)
    mean = np.where(times > 0, sums / np.maximum(times, 1), np.nan)
    frame = pd.DataFrame(mean.reshape(-1, len(_VALUES)), columns=_VALUES)
    frame.insert(0, "unique_id", index[:, 0].astype(np.int64))
    frame.insert(1, "ds", index[:, 1].astype("timedelta64[ms]"))
    counts = {
        "stations": len(np.unique(index[:, 0])),
        "rows": len(frame),
        "readings": int((times > 0).sum()),
        "lines without any observed value, dropped": int((~seen).sum()),
        "lines at a time already there, averaged": int(seen.sum()) - len(frame),
        "the file is the published one (sha256)": (
            "yes" if hashlib.sha256(content).hexdigest() == _PUBLISHED else "no"
        ),
    }
    return frame, counts


def debrouwer_splits(ids: ArrayLike) -> list[Split]:
    """Rebuild the five folds of GRU-ODE-Bayes: 10 % test, then 20 % of the rest for validation.

    One stream of random numbers, seed 432, runs through all folds, as in the published code.
    Which stations a fold has follows from scikit-learn's `train_test_split` on the sorted ids.

    References:
        De Brouwer et al. 2019, arXiv:1905.12374.

    """
    from sklearn.model_selection import train_test_split

    ordered = sorted_ids(ids)
    stream = np.random.RandomState(432)
    folds = []
    for _ in range(N_FOLDS):
        rest, test = train_test_split(ordered, test_size=0.1, random_state=stream)
        train, validation = train_test_split(rest, test_size=0.2, random_state=stream)
        parts = {"train": train, "validation": validation, "test": test}
        folds.append({part: np.sort(rows) for part, rows in parts.items()})
    return folds


def tpatchgnn_split(ids: ArrayLike) -> Split:
    """Rebuild t-PatchGNN's 60/20/20 split: 80 % by seed 42, the first three quarters to train.

    References:
        Zhang et al. 2024, "Irregular Multivariate Time Series Forecasting", ICML.

    """
    from sklearn.model_selection import train_test_split

    seen, test = train_test_split(sorted_ids(ids), train_size=0.8, random_state=42)
    train, validation = train_test_split(seen, train_size=0.75, shuffle=False)
    parts = {"train": train, "validation": validation, "test": test}
    return {part: np.sort(rows) for part, rows in parts.items()}
