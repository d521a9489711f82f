"""Heart beats of a day and a night, as intervals from beat to beat: is the heart failing?

Reads the PhysioNet records as text, one interval a line.
Origin, licence and defects: `datasets/cards/rr_intervals.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._archives import read_members
from ._dataset import Column, Dataset, card_with
from ._files import where
from ._lines import join_lines, numbers
from ._splits import Split, seeded_splits

PARTS = ("normal", "chf", "healthy")
PROTOCOLS: dict[str, str] = {}

_SOURCE = (
    "Get the records from PhysioNet, https://physionet.org/content/nsr2db/1.0.0/, "
    "https://physionet.org/content/chf2db/1.0.0/, "
    "https://physionet.org/content/rr-interval-healthy-subjects/1.0.0/ (licence ODC-BY 1.0); the "
    "first two as text, one interval in seconds a line, as in data/Chapter8/ of "
    "https://github.com/RHRV-team/RHRVBook."
)
_SECOND = 1_000_000_000  # all times are whole nanoseconds: sums stay exact over a day
_GAP_MS = 3000


class _Form(NamedTuple):
    """How the records of one part lie there.

    Attributes:
        archive: Pattern of the packed records' name.
        folder: Name of the unpacked folder.
        file: Regular expression of a record's name.
        unit: What a written 1 is, in ns.

    """

    archive: str
    folder: str
    file: str
    unit: int


_FORMS = {
    "normal": _Form("nsr2db*.tar.gz", "normal", r"nsr[0-9]{3}_rr_secs\.txt", _SECOND),
    "chf": _Form("chf2db*.tar.gz", "chf", r"chf[0-9]{3}_rr_secs\.txt", _SECOND),
    "healthy": _Form(
        "rr-interval-healthy-subjects*.tar.gz", "healthy_ms", r"[0-9]{3}\.txt", _SECOND // 1000
    ),
}
_COLUMNS = (
    Column("unique_id", "name of the record", ""),
    Column("ds", "time of the beat that ends the interval, from the record's start", "timedelta"),
    Column("rr", "interval since the beat before", "ms"),
    Column("HeartFailure", "1: a patient with congestive heart failure, 0: a healthy heart", ""),
)


class _Records(NamedTuple):
    """The records of one part: their names, beats of each, all intervals in ns."""

    names: list[str]
    beats: np.ndarray
    intervals: np.ndarray
    without_interval: int


def load(root: str | Path, part: str | Sequence[str] = "normal") -> Dataset:
    """Read the records of one part, or of several as one.

    Args:
        root: Folder with `nsr2db*.tar.gz`, `chf2db*.tar.gz` and
            `rr-interval-healthy-subjects*.tar.gz`, or with the folders `normal/`, `chf/` and
            `healthy_ms/`. Archives go first; several of one part are read together.
        part: "normal", "chf", "healthy" or several of them, such as `("normal", "chf")`.

    Returns:
        `frame` has one row a beat and the channel `rr`, in ms. `ds` is the sum of all intervals
        up to it, so of this one too, in whole ns, exact. `labels` is 1 for heart failure.
        `static` is None. Ids are the records' names, such as nsr001.

    Raises:
        FileNotFoundError: A part is absent.
        ValueError: A file is damaged.

    """
    parts = _check_parts(part)
    found = {name: _read(Path(root), name) for name in parts}
    frame = pd.concat([_frame(records) for records in found.values()], ignore_index=True)
    names = {name: np.array(records.names) for name, records in found.items()}
    ids = np.concatenate(list(names.values()))
    failing = np.concatenate([np.full(len(n), int(p == "chf")) for p, n in names.items()])
    labels = pd.Series(failing, index=pd.Index(ids, name="unique_id"), name="HeartFailure")
    counts = {
        "parts": ", ".join(parts),
        "records": len(ids),
        "rows (intervals)": len(frame),
        f"intervals over {_GAP_MS} ms, most of them gaps, kept": int(
            np.count_nonzero(frame["rr"].to_numpy() > _GAP_MS)
        ),
        "blank or @ lines at the end of a file, dropped": sum(
            records.without_interval for records in found.values()
        ),
    }
    splits: dict[str, Split] = {"sets": names, **seeded_splits(ids)}
    return Dataset(
        frame=frame,
        labels=labels,
        static=None,
        schema={column.name: column for column in _COLUMNS},
        splits=splits,
        card=card_with("rr_intervals", counts),
    )


def _check_parts(part: str | Sequence[str]) -> tuple[str, ...]:
    parts = (part,) if isinstance(part, str) else tuple(part)
    if not parts or any(name not in PARTS for name in parts) or len(set(parts)) < len(parts):
        raise ValueError(
            f"part={part!r}: rr_intervals has the parts 'normal', 'chf' and 'healthy'. "
            "Name one, or several in a tuple such as ('normal', 'chf'), each once."
        )
    # By the names of their records: 000, chf201, nsr001.
    return tuple(name for name in ("healthy", "chf", "normal") if name in parts)


def _read(root: Path, part: str) -> _Records:
    form = _FORMS[part]
    sources = sorted(root.glob(form.archive)) or [root / form.folder]
    if not sources[0].exists():
        raise FileNotFoundError(
            f"Neither {form.archive} nor the folder {form.folder}/ is {where(root)}. {_SOURCE}"
        )
    files = sorted(
        (Path(name).stem.removesuffix("_rr_secs"), f"{source.name}: {name}", data)
        for source in sources
        for name, data in read_members(source, form.file, again=_SOURCE)
    )
    if not files:
        raise ValueError(f"{sources[0]} holds no record of part {part!r}. {_SOURCE}")
    names = [name for name, _, _ in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        places = " and ".join(place for name, place, _ in files if name == twice[0])
        raise ValueError(f"Record {twice[0]} is there twice: {places}. Keep one. {_SOURCE}")
    # Two of the provider's files end with a blank line, or with one that has an @ alone.
    texts = [(place, data.rstrip(b"\r\n@")) for _, place, data in files]
    ends = [data[len(text) :] for (_, _, data), (_, text) in zip(files, texts, strict=True)]
    lines = join_lines(texts, cells=1, again=_SOURCE)
    written = numbers(lines, ["the interval"])[:, 0]
    longest = 86_400 * _SECOND // form.unit
    lines.refuse(
        ~((written > 0) & (written <= longest)),
        "the interval is {:g}, not above 0 and within a day",
        written,
    )
    intervals = np.round(written * form.unit).astype(np.int64)
    for (place, _), start, beats in zip(texts, lines.starts(), lines.rows, strict=True):
        usual = np.median(intervals[start : start + beats]) * 1e-6
        if not 200 <= usual <= 3000:
            raise ValueError(
                f"{place}: the median interval is {usual:g} ms, which is no heart rate. "
                f"Are they in {'milliseconds' if form.unit == _SECOND else 'seconds'}? {_SOURCE}"
            )
    dropped = sum(max(0, end.count(b"\n") - 1) for end in ends)
    return _Records(names, lines.rows, intervals, dropped)


def _frame(records: _Records) -> pd.DataFrame:
    total = np.cumsum(records.intervals)
    starts = np.cumsum(records.beats) - records.beats
    before = np.repeat((total - records.intervals)[starts], records.beats)
    return pd.DataFrame(
        {
            "unique_id": pd.Index(records.names).repeat(records.beats.tolist()),
            "ds": (total - before).astype("timedelta64[ns]"),
            "rr": records.intervals / 1e6,
        }
    )
