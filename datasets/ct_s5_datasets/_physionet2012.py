"""PhysioNet/CinC Challenge 2012: 48 hours of intensive care, did the patient leave alive?

Reads the provider's own files: `set-a.tar.gz` (or the folder `set-a/`) and `Outcomes-a.txt`.
Origin, licence and defects: `datasets/cards/physionet2012.md`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import read_members
from ._dataset import Column, Dataset, card_with
from ._noted import note
from ._physionet2012_splits import (
    ALL_SETS,
    RAINDROP,
    SEFT,
    SPLITS,
    protocol_splits,
    splits_of_all_sets,
)
from ._physionet2012_text import CHANNELS, STATIC, Readings, RecordText, read_text
from ._splits import Split, seeded_splits

PARTS = ("a", "b", "c")
PROTOCOLS = {
    **{name: part for name, (part, _) in SPLITS.items()},
    **dict.fromkeys((SEFT, *RAINDROP.values()), ALL_SETS),
}

_OUTCOME = "In-hospital_death"
_SOURCE = (
    "Get it from PhysioNet, challenge-2012 v1.0.0, "
    "https://physionet.org/files/challenge-2012/1.0.0/ (licence ODC-BY 1.0)."
)


def load(root: str | Path, part: str | Sequence[str] = "a") -> Dataset:
    """Read one part of the challenge, or several as one.

    Args:
        root: Folder with `set-a.tar.gz` (or the unpacked `set-a/`) and `Outcomes-a.txt`, in the
            provider's format. Where both forms are there the archive is read. Raindrop's splits,
            `phy12_split1.npy` and so on, are read where they are there too.
        part: "a", "b", "c" or several of them, such as `("a", "b")`, in any order.

    Returns:
        `frame` has the 37 channels of `CHANNELS` in every part, `ds` as a timedelta since
        admission to the unit in whole minutes; two readings of one channel in one minute become
        their mean. `labels` is In-hospital_death, 1 for a death. `static` has Age, Gender,
        Height, Weight as floats and ICUType as the category "1" to "4". Records without any
        reading are in `labels` and `static` alone. Ids are the integer RecordIDs.

    Raises:
        FileNotFoundError: A file of a part is absent.
        ValueError: A file is damaged, or records and outcomes do not belong together.

    """
    parts = _check_parts(part)
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(
            f"{root} is not a folder. Name the one that holds set-a.tar.gz and Outcomes-a.txt. "
            f"{_SOURCE}"
        )
    labels: list[pd.Series] = []
    members: list[RecordText] = []
    ids_of: Split = {}
    for name in parts:
        outcomes = _read_outcomes(root / f"Outcomes-{name}.txt")
        source, found = _read_set(root, name)
        _check_same_ids(outcomes.index, [record.id for record in found], root, name, source)
        labels.append(outcomes)
        members += found
        ids_of[f"set-{name}"] = np.sort(outcomes.index.to_numpy())
    _check_no_record_twice(members)
    members.sort(key=lambda record: record.id)
    readings = read_text(members)
    frame, counts = _one_row_a_time(readings)
    counts = {"parts": ", ".join(parts), "records": len(members), **counts}
    answers = pd.concat(labels).sort_index()
    splits = {
        "sets": ids_of,
        **protocol_splits(parts, answers.index.to_numpy()),
        **splits_of_all_sets(parts, answers, root),
    }
    return Dataset(
        frame=frame,
        labels=answers,
        static=readings.static,
        schema=_schema(),
        splits={**splits, **seeded_splits(answers.index.to_numpy())},
        card=card_with("physionet2012", counts),
    )


def _check_parts(part: str | Sequence[str]) -> tuple[str, ...]:
    parts = (part,) if isinstance(part, str) else tuple(part)
    if not parts or any(name not in PARTS for name in parts) or len(set(parts)) < len(parts):
        raise ValueError(
            f"part={part!r}: physionet2012 has the parts 'a', 'b' and 'c'. "
            "Name one, or several in a tuple such as ('a', 'b'), each once."
        )
    return tuple(sorted(parts))


def _read_set(root: Path, part: str) -> tuple[Path, list[RecordText]]:
    archive, folder = root / f"set-{part}.tar.gz", root / f"set-{part}"
    source = archive if archive.is_file() else folder
    if not source.exists():
        raise FileNotFoundError(
            f"Neither {archive.name} nor the folder {folder.name}/ is in {root}. {_SOURCE}"
        )
    found = [
        RecordText(int(Path(name).stem), f"{source.name}: {name}", data)
        for name, data in read_members(source, r"[0-9]{1,18}\.txt", again=_SOURCE)
    ]
    if not found:
        raise ValueError(f"{source} holds no record (<RecordID>.txt). {_SOURCE}")
    return source, found


def _read_outcomes(path: Path) -> pd.Series:
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not in {path.parent}. {_SOURCE}")
    content = path.read_bytes()
    note(path.name, content)
    text = content.decode("utf-8", errors="replace")
    lines = [line.split(",") for line in text.splitlines()]
    header = lines[0] if lines else []
    if "RecordID" not in header or _OUTCOME not in header:
        raise ValueError(
            f"{path} does not begin with the header RecordID,...,{_OUTCOME} "
            f"but with {','.join(header)[:60]!r}. {_SOURCE}"
        )
    id_at, outcome_at = header.index("RecordID"), header.index(_OUTCOME)
    labels: dict[int, int] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if cells == [""]:
            continue
        if (
            len(cells) != len(header)
            or not (cells[id_at].isascii() and cells[id_at].isdigit())
            or cells[outcome_at] not in ("0", "1")
        ):
            raise ValueError(
                f"{path}, line {number}: {','.join(cells)!r} is not {','.join(header)} with "
                f"a whole RecordID and {_OUTCOME} 0 or 1. {_SOURCE}"
            )
        if int(cells[id_at]) in labels:
            raise ValueError(
                f"{path}, line {number}: RecordID {cells[id_at]} comes twice. {_SOURCE}"
            )
        labels[int(cells[id_at])] = int(cells[outcome_at])
    index = pd.Index(list(labels), dtype="int64", name="unique_id")
    return pd.Series(list(labels.values()), index=index, name=_OUTCOME, dtype="int64")


def _check_same_ids(outcomes: pd.Index, records: list[int], root: Path, part: str, source: Path):
    for here, there, these, those in (
        (f"Outcomes-{part}.txt", source.name, outcomes, records),
        (source.name, f"Outcomes-{part}.txt", records, outcomes),
    ):
        alone = sorted(set(these) - set(those))
        if alone:
            shown = ", ".join(map(str, alone[:5])) + (", ..." if len(alone) > 5 else "")
            raise ValueError(
                f"{root}: {len(alone)} RecordID(s) of {here} are not in {there}: {shown}. "
                f"Both must come from the same version. {_SOURCE}"
            )


def _check_no_record_twice(members: list[RecordText]) -> None:
    seen: dict[int, str] = {}
    for record in members:
        if record.id in seen:
            raise ValueError(
                f"Record {record.id} is there twice: {seen[record.id]} and {record.place}. "
                f"Keep one. {_SOURCE}"
            )
        seen[record.id] = record.place


def _one_row_a_time(readings: Readings) -> tuple[pd.DataFrame, dict[str, int]]:
    n_channels = len(CHANNELS)
    # One integer a (record, minute); 2**20 minutes are two years, and times end at 48 hours.
    row_key, row = np.unique(readings.record * 2**20 + readings.minute, return_inverse=True)
    cell = row * n_channels + readings.channel
    n_cells = len(row_key) * n_channels
    times = np.bincount(cell, minlength=n_cells)
    values = np.bincount(cell, weights=readings.value, minlength=n_cells)
    repeated = times > 1
    values[repeated] /= times[repeated]
    values[times == 0] = np.nan
    frame = pd.DataFrame(
        values.reshape(-1, n_channels), columns=[channel.name for channel in CHANNELS]
    )
    frame.insert(0, "unique_id", readings.ids[row_key // 2**20])
    minutes = (row_key % 2**20).astype("timedelta64[m]")
    frame.insert(1, "ds", minutes.astype("timedelta64[s]"))
    counts = {
        "records without any reading": len(readings.ids) - len(np.unique(readings.record)),
        "rows": len(frame),
        "readings": int(np.count_nonzero(times)),
        "(record, time, channel) given more than once, averaged": int(repeated.sum()),
        "-1 codes dropped": readings.n_missing_codes,
        "lines without a parameter name dropped": readings.n_nameless,
    }
    return frame, counts


def _schema() -> dict[str, Column]:
    own = (
        Column("unique_id", "RecordID of the stay in the intensive care unit", ""),
        Column("ds", "time since admission to the unit", "timedelta, whole minutes"),
        Column(_OUTCOME, "1: died in hospital, 0: left alive", ""),
    )
    # Weight is a channel and a descriptor; the channel's entry comes last and speaks for both.
    return {column.name: column for column in (*own, *STATIC, *CHANNELS)}
