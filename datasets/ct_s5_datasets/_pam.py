"""PAMAP2: what is a person doing who wears three motion sensors and a heart rate monitor?

Reads the provider's own files, `Protocol/subject101.dat` and so on, as windows of 6 s, and the
arrays that Raindrop made of them. Origin, licence and defects: `datasets/cards/pam.md`.
"""

from __future__ import annotations

import hashlib
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ._archives import is_page
from ._dataset import Column, card_with
from ._limits import MIB
from ._lines import join_lines, numbers
from ._noted import note_hash
from ._pam_arrays import read_arrays
from ._pam_windows import WindowSet, cut
from ._raindrop import SPLITS
from ._splits import Split, seeded_splits, sorted_ids

PARTS = ("windows", "raindrop", "raindrop-arrays")
PROTOCOLS = {
    "raindrop@1": "raindrop",
    "raindrop-leakfree@1": "raindrop",
    **{f"raindrop-split{number}@1": "raindrop-arrays" for number in SPLITS},
}
ACTIVITIES = {
    1: "lying", 2: "sitting", 3: "standing", 4: "walking", 5: "running", 6: "cycling",
    7: "Nordic walking", 12: "ascending stairs", 13: "descending stairs", 16: "vacuum cleaning",
    17: "ironing", 24: "rope jumping",
}  # fmt: skip
"""What the label stands for; rows of 0, between two activities, are left out."""

LENGTH, STRIDE = 600, 300
_PAUSE = 10  # hundredths of a second: a longer step from row to row parts windows
_EIGHT = (1, 2, 3, 4, 6, 7, 16, 17)
_PEOPLE = tuple(range(101, 110))
_UNIT = (
    ("temperature", "degC"),
    *((f"acceleration_{axis}", "m/s^2, up to 16 g") for axis in "xyz"),
    *((f"acceleration_6g_{axis}", "m/s^2, up to 6 g") for axis in "xyz"),
    *((f"gyroscope_{axis}", "rad/s") for axis in "xyz"),
    *((f"magnetometer_{axis}", "uT") for axis in "xyz"),
    *((f"orientation_{axis}", "not valid in this set") for axis in "wxyz"),
)
CHANNELS = (
    Column("heart_rate", "heart rate", "beats/min"),
    *(
        Column(f"{place}_{name}", f"{name.replace('_', ' ')} at the {place}", unit)
        for place in ("hand", "chest", "ankle")
        for name, unit in _UNIT
    ),
)
_LABEL = Column("activity", "of the whole window; ACTIVITIES names it", "")
_COLUMNS = ("timestamp", "activity", *(channel.name for channel in CHANNELS))
_HAND = slice(1, 1 + len(_UNIT))
_BLOCK = 8 * 2**20
_SOURCE = (
    "Get PAMAP2 from the UCI Machine Learning Repository, data set 231, "
    "https://archive.ics.uci.edu/dataset/231 (licence CC BY 4.0): PAMAP2_Dataset.zip, or unpacked."
)
_ZIP = "PAMAP2_Dataset.zip"
_MOST = 2**30  # bytes of one file in it; the longest has some 250 MB
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


def load(root: str | Path, part: str = "windows") -> WindowSet:
    """Read the windows.

    Args:
        root: For the first two parts the folder with `subject101.dat` and so on, with `Protocol/`
            or `PAMAP2_Dataset/Protocol/`, or with `PAMAP2_Dataset.zip`; for the third that with
            `PTdict_list.npy` and `arr_outcomes.npy`, or with `processed_data/`, or `PAMdata/`.
        part: "windows": all there is, twelve activities and 52 channels. "raindrop": cut after
            Raindrop's description, eight activities of persons 101 to 108, the 17 channels at the
            hand, three fifths of the cells taken out. "raindrop-arrays": Raindrop's own arrays.

    Returns:
        Windows of 600 rows, 300 apart, each of one activity of one person without a break: no row
        left out, and no pause of the clock above 0.1 s. (Raindrop's own arrays are as they are.)
        `labels` is the activity, as in `ACTIVITIES`. Ids are person and number, such as "101-0007".
        A file at a time is read, in pieces: memory is what the windows take.

    Raises:
        FileNotFoundError: There is no file of any person; where those of some are absent, a warning
            names them. Or an array is absent.
        ValueError: A file is damaged, or all are too short for a window.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: pam has the parts {', '.join(PARTS)}.")
    if part == "raindrop-arrays":
        return _of_arrays(Path(root))
    wanted = _EIGHT if part == "raindrop" else tuple(ACTIVITIES)
    columns = _HAND if part == "raindrop" else slice(None)
    people = _PEOPLE[:-1] if part == "raindrop" else _PEOPLE
    files = _find(Path(root), people)
    pieces = [_read(path, wanted, columns) for _, path in files]
    activity, row, times, values = (np.concatenate(each) for each in zip(*pieces, strict=True))
    person = np.repeat([person for person, _ in files], [len(piece[0]) for piece in pieces])
    # A stretch ends where the activity or the person changes, a row between was left out, or the
    # clock pauses.
    breaks = (np.diff(activity) != 0) | (np.diff(row) != 1) | (np.diff(person) != 0)
    breaks |= np.diff(times) > _PAUSE
    starts, _ = cut(np.append(0, np.cumsum(breaks)) if len(row) else row, LENGTH, STRIDE)
    if not len(starts):
        raise ValueError(
            f"{root}: there are no {LENGTH} rows of one activity without a pause above "
            f"{_PAUSE / 100:g} s in any file. {_SOURCE}"
        )
    whose = person[starts]
    numbers_of = pd.Series(whose).groupby(whose).cumcount()
    names = [f"{who}-{number:04d}" for who, number in zip(whose, numbers_of, strict=True)]
    ids = pd.Index(names, dtype=object, name="unique_id")
    labels = pd.Series(activity[starts].astype(np.int64), ids, name="activity")
    static = pd.DataFrame({"Person": pd.Categorical(whose.astype(str))}, index=ids)
    splits: dict[str, Split] = {}
    if part == "raindrop" and tuple(who for who, _ in files) == people:
        splits = {"raindrop@1": _drawn(ids), "raindrop-leakfree@1": _by_person(ids, whose)}
    return WindowSet(
        labels=labels,
        splits={**splits, **seeded_splits(ids, groups=whose)},
        card=card_with("pam", _counts(part, labels, whose, values)),
        values=values,
        times=times,
        starts=starts,
        length=LENGTH,
        columns=CHANNELS[columns],
        kept=0.4 if part == "raindrop" else 1.0,
        static=static,
        answers=(_LABEL, Column("Person", "who wears the sensors, 101 to 109; no feature", "")),
    )


def _find(root: Path, people: tuple[int, ...]) -> list[tuple[int, Path | zipfile.Path]]:
    """The files of these people, from the place that has most of them; absent ones are told."""
    best: list[tuple[int, Path | zipfile.Path]] = []
    for folder in _places(root):
        found = [(person, folder / f"subject{person}.dat") for person in people]
        best = max(best, [(person, path) for person, path in found if path.is_file()], key=len)
        if len(best) == len(people):
            return best
    if not best:
        raise FileNotFoundError(
            f"subject{people[0]}.dat to subject{people[-1]}.dat are neither in {root} nor in its "
            f"Protocol/ or {_ZIP}. {_SOURCE}"
        )
    there = [person for person, _ in best]
    absent = ", ".join(str(person) for person in people if person not in there)
    warnings.warn(
        f"{root} has no files of persons {absent}: windows of {', '.join(map(str, there))} alone.",
        stacklevel=3,
    )
    return best


def _places(root: Path) -> Iterator[Path | zipfile.Path]:
    yield from (root / "PAMAP2_Dataset" / "Protocol", root / "Protocol", root)
    if (root / _ZIP).is_file():
        yield _zipped(root / _ZIP)


def _zipped(archive: Path) -> zipfile.Path:
    """Where the files lie in UCI's archive; nothing of it is unpacked to a disk."""
    try:
        opened = zipfile.ZipFile(archive)
    except _DAMAGE as error:
        raise ValueError(f"{archive} is no whole zip archive ({error}). {_SOURCE}") from error
    for member in opened.infolist():
        if member.filename.endswith(".dat") and member.file_size > _MOST:
            raise ValueError(
                f"{archive}: member {member.filename!r} is larger than {_MOST // MIB} MiB once "
                f"decompressed; refused as a decompression bomb. {_SOURCE}"
            )
    return zipfile.Path(opened) / "PAMAP2_Dataset" / "Protocol"


def _read(
    path: Path | zipfile.Path, wanted: tuple[int, ...], columns: slice
) -> tuple[np.ndarray, ...]:
    """Activity, place in the file, time and channels of the rows of some activities."""
    pieces, n_rows, before = [], 0, -1.0
    for block in _blocks(path):
        lines = join_lines([(str(path), block)], cells=len(_COLUMNS), separator=" ", again=_SOURCE)
        lines = replace(lines, first=1 + n_rows)
        table = numbers(lines, _COLUMNS, missing=("NaN",))
        seconds, activity = table[:, 0], table[:, 1]
        known = np.isin(activity, (0, *ACTIVITIES))
        lines.refuse(~known, "activity is {:g}, none of the protocol's", activity)
        hundredths = np.round(seconds * 100)
        wrong = ~(np.abs(seconds * 100 - hundredths) < 1e-3) | (seconds < 0)
        lines.refuse(wrong, "timestamp is {:g}, not hundredths of a second", seconds)
        earlier = np.append(before, seconds[:-1])
        lines.refuse(seconds <= earlier, "timestamp is {:g} after {:g}", seconds, earlier)
        before = seconds[-1]
        chosen = np.flatnonzero(np.isin(activity, wanted))
        pieces.append(
            (
                activity[chosen].astype(np.int8),
                n_rows + chosen,
                hundredths[chosen].astype(np.int32),
                table[chosen, 2:][:, columns].astype(np.float32),
            )
        )
        n_rows += len(table)
    return tuple(np.concatenate(each) for each in zip(*pieces, strict=True))


def _blocks(path: Path | zipfile.Path) -> Iterator[bytes]:
    """The file in pieces of whole lines."""
    seen, rest, n_bytes = hashlib.sha256(), b"", 0
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_BLOCK):
                if n_bytes == 0 and is_page(piece):
                    raise ValueError(f"{path} is an HTML page, not the file. {_SOURCE}")
                n_bytes += len(piece)
                seen.update(piece)
                whole, newline, rest = (rest + piece).rpartition(b"\n")
                if newline:
                    yield whole + newline
    except _DAMAGE as error:  # a member of the archive
        raise ValueError(f"{path} is damaged ({error}). {_SOURCE}") from error
    note_hash(path.name, seen.hexdigest())
    if rest or n_bytes == 0:
        yield rest


def _drawn(ids: pd.Index) -> Split:
    """80 / 10 / 10 % of the windows at random, rounded as Raindrop does; seed 0, ours."""
    drawn = np.random.default_rng(0).permutation(sorted_ids(ids))
    n_train, n_validation = round(0.8 * len(ids)), round(0.1 * len(ids))
    parts = np.split(drawn, [n_train, n_train + n_validation])
    names = ("train", "validation", "test")
    return {name: np.sort(part) for name, part in zip(names, parts, strict=True)}


def _by_person(ids: pd.Index, whose: np.ndarray) -> Split:
    """Person 105 validates, 106 tests, the others train."""
    sides = {"train": ~np.isin(whose, (105, 106)), "validation": whose == 105, "test": whose == 106}
    return {part: np.sort(ids[side].to_numpy()) for part, side in sides.items()}


def _counts(part: str, labels: Any, whose: np.ndarray, values: np.ndarray) -> dict[str, object]:
    unread = np.isnan(values).mean() if values.size else 0.0
    return {
        "part": part,
        "windows": len(labels),
        **{f"windows of person {who}": int((whose == who).sum()) for who in np.unique(whose)},
        **{
            f"windows of activity {number}, {ACTIVITIES[number]}": int((labels == number).sum())
            for number in sorted(labels.unique())
        },
        "rows": len(values),
        "cells without a reading in the files": f"{unread:.1%}",
    }


def _of_arrays(root: Path) -> WindowSet:
    ids, values, classes, splits = read_arrays(root, LENGTH, len(_UNIT))
    names = {f"raindrop-split{number}@1": split for number, split in splits.items()}
    return WindowSet(
        labels=pd.Series(classes, ids, name="activity"),
        splits={**names, **seeded_splits(ids)},
        card=card_with("pam", {"part": "raindrop-arrays", "windows": len(ids)}),
        values=values,
        times=np.tile(np.arange(LENGTH, dtype=np.int32), len(ids)),
        starts=LENGTH * np.arange(len(ids)),
        length=LENGTH,
        columns=CHANNELS[_HAND],
        hole=0.0,
        answers=(Column("activity", "of the whole window, 0 to 7 as Raindrop counts them", ""),),
    )
