"""UEA and UCR archives: classify whole series, in the archives' `.ts` or `.arff` files.

Reads `<name>_TRAIN.ts` and `<name>_TEST.ts` of any of their sets. Origin, licence and defects:
`datasets/cards/uea.md`.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import Limits, read_members
from ._dataset import Column, Dataset, card_with
from ._files import read_lines, text_lines, where
from ._splits import Split, seeded_splits
from ._uea_drop import dropped_rows, neuralcde_split
from ._uea_text import Problem, read_arff, read_ts

PROTOCOLS = {
    **{
        f"character-trajectories-neuralcde-{share}@1": f"CharacterTrajectories/neuralcde-{share}"
        for share in (30, 50, 70)
    },
    **{f"japanese-vowels-drop-{share}@1": f"JapaneseVowels/drop-{share}" for share in (30, 50, 70)},
}

_WHOLE = {"CharacterTrajectories": (1422, 1436), "JapaneseVowels": (270, 370)}
_SOURCE = (
    "Get the set from https://www.timeseriesclassification.com (its page tells the licence): "
    "<name>.zip, or unpacked <name>_TRAIN and <name>_TEST, .ts or .arff."
)
_ZIPPED = Limits(total=8 * 2**30)  # each of the archive's own holds its set in two or three formats
_READERS = {".ts": read_ts, ".arff": read_arff}


def load(root: str | Path, part: str | None = None) -> Dataset:
    """Read one set of the archives, training and test series together.

    Args:
        root: Folder with `<name>/<name>_TRAIN.ts` and `_TEST.ts`, with the files themselves, or
            with `<name>.zip`; `.arff` where there is no `.ts`.
        part: The set's name, such as "JapaneseVowels"; by default the only one there. With
            "/drop-30", 30 % of each series' readings are dropped at random; with
            "/neuralcde-30", the readings that NeuralCDE drops: see `dropped_rows`.

    Returns:
        Ids count the series from 0, those of the training file first. `ds` is the reading's index
        in seconds, or its own time where the file has one; channels are `channel_0` and so on.
        Readings without any channel are left out. `labels` has the classes as the file writes
        them, or the numbers of a regression. `splits` has the archive's own as "provider".

    Raises:
        FileNotFoundError: A file is absent.
        ValueError: A file is damaged, or the two do not belong together.

    Warns:
        UserWarning: A class of the header has no series in a file: it may be cut short. A file cut
            at the end of a line within its last class cannot be told from a whole one.

    """
    root = Path(root)
    name, kind, share = _check_part(_only_set(root) if part is None else part)
    train, test = (_read(root, name, half) for half in ("TRAIN", "TEST"))
    _check_alike(train, test, root / name)
    labels = train.labels + test.labels
    ids = np.arange(len(train.values) + len(test.values))
    first, second = np.split(ids, [len(train.values)])
    whole, n_silent = _to_frame(train, test, name)
    frame = whole
    if kind:
        lengths = np.bincount(whole["unique_id"].to_numpy(), minlength=len(ids))
        padded_to = int(lengths.max()) if kind == "neuralcde" else None
        gone = dropped_rows(lengths, share / 100, padded_to=padded_to)
        frame = whole.take(np.flatnonzero(~gone)).reset_index(drop=True)
    splits: dict[str, Split] = {"provider": {"train": first, "test": second}}
    _check_whole(root, name, train, test)
    if name in _WHOLE:
        wanted = f"{name}/{kind}-{share}"
        splits |= {p: neuralcde_split(labels) for p, of in PROTOCOLS.items() if of == wanted}
    counts = {
        "set": name,
        "series to train, to test": f"{len(first)}, {len(second)}",
        "readings without any channel, left out": n_silent,
        "readings dropped at random": len(whole) - len(frame),
        "rows": len(frame),
        "series without any row": len(ids) - len(np.unique(frame["unique_id"].to_numpy())),
    }
    answers, answer_columns = _answers(labels, train.classes)
    columns = [
        Column("unique_id", "number of the series, training file first", ""),
        Column("ds", "index or time of the reading, as the file has it", "seconds"),
        *(Column(c, f"{c} of {name}", "as its makers scaled it") for c in frame.columns[2:]),
        *answer_columns,
    ]
    return Dataset(
        frame=frame,
        labels=answers,
        static=None,
        schema={column.name: column for column in columns},
        splits={**splits, **seeded_splits(ids)},
        card=card_with("uea", counts),
    )


def _check_whole(root: Path, name: str, train: Problem, test: Problem) -> None:
    """Look for a file cut at the end of a line: the format does not say how many there are.

    Where the archive's own number is known it counts; elsewhere a class of the header without a
    series is the only trace, as files are often sorted by class.
    """
    for half, problem, place in (("TRAIN", train, 0), ("TEST", test, 1)):
        n, whole = len(problem.values), _WHOLE.get(name, (None, None))[place]
        if whole is not None and n != whole:
            raise ValueError(
                f"{name}_{half} in {root} has {n} series, not the {whole} of the archive: cut "
                f"short, or another version. {_SOURCE}"
            )
        silent = sorted(set(problem.classes) - set(problem.labels))
        if silent:
            warnings.warn(
                f"{name}_{half} in {root} has no series of the class {silent[0]!r}, which its "
                f"header names; if it was cut short: {_SOURCE}",
                stacklevel=2,
            )


def _check_alike(train: Problem, test: Problem, place: Path) -> None:
    widths = {values.shape[1] for values in train.values + test.values}
    labelled = len(train.labels + test.labels) in (0, len(train.values + test.values))
    timed = (train.times is None) == (test.times is None)
    if len(widths) != 1 or train.classes != test.classes or not labelled or not timed:
        raise ValueError(
            f"{place}_TRAIN and {place.name}_TEST have other channels, classes or times than each "
            f"other, or no series. Both must come from the same version. {_SOURCE}"
        )


def _to_frame(train: Problem, test: Problem, name: str) -> tuple[pd.DataFrame, int]:
    """All readings that have a channel, and how many have none."""
    values = train.values + test.values
    lengths = [len(readings) for readings in values]
    series, table = np.repeat(np.arange(len(values)), lengths), np.concatenate(values)
    there = ~np.isnan(table).all(axis=1)
    series = series[there]
    frame = pd.DataFrame(table[there])
    frame.columns = [f"channel_{i}" for i in range(table.shape[1])]
    frame.insert(0, "unique_id", series)
    if train.times is None or test.times is None:
        index = np.concatenate([np.arange(length) for length in lengths])[there]
        frame.insert(1, "ds", index.astype("timedelta64[s]"))
    else:
        seconds = np.concatenate(train.times + test.times)[there]
        ticks = np.round(seconds * 1e6).astype(np.int64)
        same = (np.diff(series) == 0) & (np.diff(ticks) == 0)
        if same.any():
            row = int(np.argmax(same))
            raise ValueError(
                f"{name}: series {series[row]} has two readings within the microsecond at "
                f"{seconds[row]} s; times are kept to the microsecond."
            )
        frame.insert(1, "ds", ticks.astype("timedelta64[us]"))
    return frame, int((~there).sum())


def _only_set(root: Path) -> str:
    found = {
        path.name.split("_TRAIN.")[0]
        for pattern in ("*/*_TRAIN.*", "*_TRAIN.*")
        for path in root.glob(pattern)
        if re.search(r"_TRAIN\.(ts|arff)(\.gz)?$", path.name)
    }
    found = found or {path.stem for path in root.glob("*.zip")}
    if not found:
        raise FileNotFoundError(
            f"No <name>_TRAIN.ts or .arff, and no <name>.zip, is {where(root)}. {_SOURCE}"
        )
    if len(found) > 1:
        raise ValueError(f"{root} holds {', '.join(sorted(found))}: name one as part.")
    return found.pop()


def _check_part(part: str) -> tuple[str, str, int]:
    # One set of the archive: a tuple of them is none.
    found = re.fullmatch(r"([A-Za-z0-9_-]+)(?:/(drop|neuralcde)-([1-9][0-9]?))?", str(part))
    if not found:
        raise ValueError(
            f"part={part!r}: name a set of the archive, such as 'JapaneseVowels', if need be with "
            "the percentage to drop, such as 'JapaneseVowels/drop-30'."
        )
    return found[1], found[2] or "", int(found[3] or 0)


def _read(root: Path, name: str, half: str) -> Problem:
    folder = root / name if (root / name).is_dir() else root
    for ending, reader in _READERS.items():
        file = f"{name}_{half}{ending}"
        if (folder / file).is_file() or (folder / f"{file}.gz").is_file():
            return reader(read_lines(folder, file, again=_SOURCE), str(folder / file), _SOURCE)
        if (lines := _packed(root / f"{name}.zip", file)) is not None:
            return reader(lines, f"{root / name}.zip: {file}", _SOURCE)
    raise FileNotFoundError(
        f"Neither {name}_{half}.ts nor .arff is {where(folder)} or in {name}.zip. {_SOURCE}"
    )


def _packed(archive: Path, file: str) -> list[str] | None:
    """The lines of a file of the archive's own zip; None where there is no such thing."""
    if not archive.is_file():
        return None
    found = read_members(archive, re.escape(file), again=_SOURCE, limits=_ZIPPED)
    if len(found) > 1:
        raise ValueError(f"{archive} holds {file} {len(found)} times. {_SOURCE}")
    return text_lines(found[0][1]) if found else None


def _answers(labels: list[str], classes: tuple[str, ...]) -> tuple[pd.Series | None, list[Column]]:
    if not labels:
        return None, []
    index = pd.RangeIndex(len(labels), name="unique_id")
    if classes:
        return pd.Series(labels, index=index, name="class"), [Column("class", "of the series", "")]
    numbers = pd.Series(np.array(labels, float), index=index, name="target")
    return numbers, [Column("target", "number to predict", "")]
