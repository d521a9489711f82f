"""PhysioNet/CinC Challenge 2019: hours of intensive care, will sepsis come?

Reads the provider's own files: one `.psv` a stay, in `training_setA/`, `training_setB/`, or these
packed. Origin, licence and defects: `datasets/cards/physionet2019.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import Limits, read_members
from ._dataset import Column, Dataset, card_with
from ._physionet2019_text import CHANNELS, LABEL, NAMES, STATIC, TIME, Stay, read_stays
from ._splits import Split, seeded_splits

PARTS = ("A", "B")
PROTOCOLS = {"neuralcde@1": PARTS, "seft-online@1": PARTS}  # protocol -> the part it is defined on

_BOTH = 40_336  # stays of A and B together
_NO_ADMISSION_TIME, _NO_READING = 13_777, (108_796, 115_810)
_SOURCE = (
    "Get it from PhysioNet, challenge-2019 v1.0.0, "
    "https://physionet.org/files/challenge-2019/1.0.0/training/ (licence CC BY 4.0)."
)
_LIMITS = Limits(members=60_000, total=512 * 2**20)


def load(root: str | Path, part: str | Sequence[str] = "A") -> Dataset:
    """Read one training set of the challenge, or both as one.

    Args:
        root: Folder with the provider's `training_setA/` and `training_setB/`, or with
            `training/` around them, or with archives `training_setA*.zip` or `.tar.gz`. Archives
            go first; several of one part are read together.
        part: "A", "B" or `("A", "B")`.

    Returns:
        `frame` has the 34 channels of `CHANNELS` and, last, `SepsisLabel`: a label an hour, not an
        input. `ds` is ICULOS, the hours in the unit, as a timedelta. `labels` is 1 for a stay
        with any hour of SepsisLabel 1. `static` has Age, Gender, Unit1, Unit2, HospAdmTime as
        floats. Ids are the numbers of the file names: 100001 for p100001.psv.

    Raises:
        FileNotFoundError: A part is absent.
        ValueError: A file is damaged.

    """
    parts = _check_parts(part)
    root = Path(root)
    stays = [stay for name in parts for stay in _find(root, name)]
    stays.sort(key=lambda stay: stay.id)
    for one, two in pairwise(stays):
        if one.id == two.id:
            raise ValueError(
                f"Stay {one.id} is there twice: {one.place} and {two.place}. Keep one."
            )
    values, hours = read_stays(stays, again=_SOURCE)
    ids = pd.Index([stay.id for stay in stays], dtype="int64", name="unique_id")
    del stays
    frame = pd.DataFrame(values[:, : len(CHANNELS)], columns=[c.name for c in CHANNELS])
    frame.insert(0, "unique_id", np.repeat(ids.to_numpy(), hours))
    hour = values[:, NAMES.index(TIME)].astype(np.int64)
    frame.insert(1, "ds", hour.astype("timedelta64[h]").astype("timedelta64[s]"))
    frame[LABEL] = values[:, NAMES.index(LABEL)]
    first = np.cumsum(hours) - hours
    told = values[:, len(CHANNELS) : len(CHANNELS) + len(STATIC)]
    static = pd.DataFrame(told[first], index=ids, columns=[column.name for column in STATIC])
    sepsis = np.maximum.reduceat(frame[LABEL].to_numpy(), first).astype("int64")
    labels = pd.Series(sepsis, index=ids, name="Sepsis")
    before = np.repeat(told[first], hours, axis=0)
    same = (told == before) | (np.isnan(told) & np.isnan(before))
    counts = {
        "parts": ", ".join(parts),
        "stays": len(ids),
        "stays with sepsis": int(sepsis.sum()),
        "rows (hours)": len(frame),
        "readings": int(np.count_nonzero(~np.isnan(values[:, : len(CHANNELS)]))),
        "hours without any reading, kept for their SepsisLabel": int(
            np.isnan(values[:, : len(CHANNELS)]).all(axis=1).sum()
        ),
        "stays whose static values change, the first taken": int(
            (~np.logical_and.reduceat(same.all(axis=1), first)).sum()
        ),
    }
    splits: dict[str, Split] = {
        "sets": {f"set{name}": ids.to_numpy()[(ids >= 100_000) == (name == "B")] for name in parts}
    }
    # A protocol names whole files: part of them would be another split under the same name.
    if parts == PARTS and len(ids) == _BOTH:
        splits["neuralcde@1"] = neuralcde_split(frame)
        splits["seft-online@1"] = seft_online_split(labels)
    return Dataset(
        frame=frame,
        labels=labels,
        static=static,
        schema=_schema(),
        splits={**splits, **seeded_splits(ids.to_numpy())},
        card=card_with("physionet2019", counts),
    )


def neuralcde_split(frame: pd.DataFrame) -> Split:
    """Rebuild Neural CDE's split: 70 % train, 15 % validation, 15 % test of the stays over 2 h.

    As in the published code, scikit-learn's `train_test_split` keeps 70 % with seed 0, then halves
    the rest with seed 1, both stratified by sepsis within the first 72 hours. The published code
    splits in the order of `os.listdir`, which nobody recorded; this one splits the sorted ids, so
    it is rebuilt, not recovered: sizes and procedure agree, the stays in each part do not.

    Args:
        frame: Of both parts, as `load` gives it.

    References:
        Kidger et al. 2020, arXiv:2005.08926.

    """
    from sklearn.model_selection import train_test_split

    early = frame.loc[frame["ds"] <= pd.Timedelta(hours=72), ["unique_id", "ds", LABEL]]
    stays = early.groupby("unique_id").agg({"ds": "max", LABEL: "max"})
    label = stays.loc[stays["ds"] > pd.Timedelta(hours=2), LABEL]
    seen, rest, _, of_rest = train_test_split(
        label.index.to_numpy(), label.to_numpy(), train_size=0.7, random_state=0, stratify=label
    )
    validation, test = train_test_split(rest, train_size=0.5, random_state=1, stratify=of_rest)
    parts = {"train": seen, "validation": validation, "test": test}
    return {part: np.sort(ids) for part, ids in parts.items()}


def seft_online_split(labels: pd.Series) -> Split:
    """Make SeFT's split anew: 25,813 train, 6454 validation, 8066 test, the published lists.

    The lists come from a script with a fixed seed and sorted file names: scikit-learn's
    `train_test_split` twice, one fifth each time, stratified by sepsis, drawing from one generator.
    Three stays are then taken out: one without HospAdmTime, two without any reading.

    Args:
        labels: Of both parts, sorted by id, as `load` gives them.

    References:
        Horn et al. 2020, arXiv:1909.12064.

    """
    from sklearn.model_selection import train_test_split

    draw = np.random.RandomState(16_742_963)
    ids, label = labels.index.to_numpy(), labels.to_numpy()
    seen, test, of_seen, _ = train_test_split(
        ids, label, test_size=0.2, random_state=draw, stratify=label
    )
    train, validation = train_test_split(seen, test_size=0.2, random_state=draw, stratify=of_seen)
    parts = {"train": train, "validation": validation, "test": test}
    left_out = (_NO_ADMISSION_TIME, *_NO_READING)
    return {part: np.setdiff1d(ids, left_out) for part, ids in parts.items()}


def _check_parts(part: str | Sequence[str]) -> tuple[str, ...]:
    parts = (part,) if isinstance(part, str) else tuple(part)
    if not parts or any(name not in PARTS for name in parts) or len(set(parts)) < len(parts):
        raise ValueError(
            f"part={part!r}: physionet2019 has the parts 'A' and 'B'. Name one, or both: "
            "('A', 'B')."
        )
    return tuple(sorted(parts))


def _find(root: Path, part: str) -> list[Stay]:
    if not root.is_dir():
        raise FileNotFoundError(
            f"{root} is not a folder. Name the one that holds training_set{part}/. {_SOURCE}"
        )
    name = f"training_set{part}"
    sources = _sources(root, name)
    if not sources:
        there = [other for other in PARTS if _sources(root, f"training_set{other}")]
        instead = f" Part {there[0]} is there: part={there[0]!r} reads it." if there else ""
        raise FileNotFoundError(
            f"Neither {name}*.zip, {name}*.tar.gz nor the folder {name}/ is in {root}. {_SOURCE}"
            f"{instead}"
        )
    # The name alone tells the parts apart: p0..... is of A, p1..... of B.
    wanted = rf"p{PARTS.index(part)}[0-9]{{5}}\.psv"
    found = [
        Stay(int(Path(member).stem[1:]), f"{source.name}: {member}", data)
        for source in sources
        for member, data in read_members(source, wanted, again=_SOURCE, limits=_LIMITS)
    ]
    if not found:
        raise ValueError(
            f"{sources[0]} holds no stay of part {part} (p{PARTS.index(part)}.....psv). {_SOURCE}"
        )
    return found


def _sources(root: Path, name: str) -> list[Path]:
    """Archives of a part, or else the one folder to look in."""
    packed = sorted([*root.glob(f"{name}*.zip"), *root.glob(f"{name}*.tar.gz")])
    folders = (root / name, root / "training" / name, root / "training")
    return packed or [folder for folder in folders if folder.is_dir()][:1]


def _schema() -> dict[str, Column]:
    own = (
        Column("unique_id", "the number in the file's name: one stay in intensive care", ""),
        Column("ds", "ICULOS, hours since admission to the unit", "timedelta, whole hours"),
        Column("Sepsis", "1: the stay has an hour with SepsisLabel 1, 0: none", ""),
    )
    hourly = Column(LABEL, "1: sepsis begins within 6 h or began before; a label, not an input", "")
    return {column.name: column for column in (*own, *STATIC, *CHANNELS, hourly)}
