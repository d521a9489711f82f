"""The two text formats of the UEA and UCR archives, `.ts` and `.arff`: lines to arrays."""

import re
from typing import NamedTuple

import numpy as np

_PAIR = r"\(\s*[^(),]+,\s*[^(),]+\)"
_PAIRS = re.compile(rf"\s*{_PAIR}(?:\s*,\s*{_PAIR})*\s*")


class Problem(NamedTuple):
    """All series of one file.

    Attributes:
        values: Of each series, readings x channels; NaN where the file has `?`.
        times: Of each series, one a reading; None where the file gives none.
        labels: One a series as the file has it, or none at all.
        classes: What the header admits as labels; empty where labels are numbers or absent.

    """

    values: list[np.ndarray]
    times: list[np.ndarray] | None
    labels: list[str]
    classes: tuple[str, ...]


class _Bad(ValueError):
    """What is wrong with a line; the reader adds which one."""


def read_ts(lines: list[str], place: str, again: str) -> Problem:
    """Read the lines of a `.ts` file.

    Args:
        lines: Without their ends.
        place: The file, for messages.
        again: The next step for the reader of an error.

    Raises:
        ValueError: A tag or a line is not in the format, or a line contradicts the tags.

    """
    start, tags = _head(lines, place, again, comment="#")
    tags = {words[0].lower(): words[1:] for words in tags}

    def told(tag: str) -> bool:
        return tags.get(tag, ["false"])[:1] in (["true"], ["True"], ["TRUE"])

    with_times, with_class, with_target = map(told, ("@timestamps", "@classlabel", "@targetlabel"))
    counts = tags.get("@dimensions") or tags.get("@dimension")
    n_channels = 1 if told("@univariate") else _count(counts, place, again)
    length = _count(tags.get("@serieslength"), place, again) if told("@equallength") else None
    classes = tuple(tags["@classlabel"][1:]) if with_class else ()
    values, times, labels = [], [], []
    for number, line in enumerate(lines[start:], start=start + 1):
        if not line.strip():
            continue
        try:
            fields = line.split(":")
            if with_class or with_target:
                labels.append(fields.pop().strip())
                _check_label(labels[-1], classes)
            n_channels = _check_channels(len(fields), n_channels)
            if with_times:
                time, channels = _timed(fields)
                times.append(time)
            else:
                channels = _untimed(fields, length)
        except _Bad as error:
            raise ValueError(f"{place}, line {number}: {error}. {again}") from None
        values.append(channels)
    return Problem(values, times if with_times else None, labels, classes)


def read_arff(lines: list[str], place: str, again: str) -> Problem:
    """Read the lines of an `.arff` file, where the last attribute is the class.

    Args:
        lines: Without their ends.
        place: The file, for messages.
        again: The next step for the reader of an error.

    Raises:
        ValueError: The header has no class, or a line is not in the format.

    """
    start, tags = _head(lines, place, again, comment="%")
    attributes = [" ".join(words[1:]) for words in tags if words[0].lower() == "@attribute"]
    relational = any(words[-1].lower() == "relational" for words in map(str.split, attributes))
    found = re.search(r"\{(.*)\}\s*$", attributes[-1]) if attributes else None
    if not found:
        raise ValueError(f"{place}: the last @attribute is no class such as {{1,2,3}}. {again}")
    classes = tuple(name.strip().strip("'\"") for name in found[1].split(","))
    n_channels: int | None = None if relational else 1
    length = None if relational else len(attributes) - 1
    values, labels = [], []
    for number, line in enumerate(lines[start:], start=start + 1):
        text = line.strip()
        if not text or text.startswith("%"):
            continue
        try:
            if relational:
                quote, end = text[0], text.find(text[0], 1)
                if quote not in "'\"" or end < 0:
                    raise _Bad(f"{text[:30]!r} does not begin with a series in quotes")
                fields, label = text[1:end].split("\\n"), text[end + 1 :].strip().removeprefix(",")
            else:
                cells, _, label = text.rpartition(",")
                fields = [cells]
            labels.append(label.strip().strip("'\""))
            _check_label(labels[-1], classes)
            n_channels = _check_channels(len(fields), n_channels)
            values.append(_untimed(fields, length))
        except _Bad as error:
            raise ValueError(f"{place}, line {number}: {error}. {again}") from None
    return Problem(values, None, labels, classes)


def _head(lines: list[str], place: str, again: str, comment: str) -> tuple[int, list[list[str]]]:
    """Where the data begin, and the words of each tag before."""
    tags: list[list[str]] = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith(comment):
            continue
        if not words[0].startswith("@"):
            raise ValueError(
                f"{place}, line {number}: {line[:40]!r} comes before @data and is no tag. {again}"
            )
        if words[0].lower() == "@data":
            return number, tags
        tags.append(words)
    raise ValueError(f"{place} has no @data: no such file, or cut short. {again}")


def _count(words: list[str] | None, place: str, again: str) -> int | None:
    if not words:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", words[0]):
        raise ValueError(f"{place}: a tag has {words[0]!r} where a count belongs. {again}")
    return int(words[0])


def _check_label(label: str, classes: tuple[str, ...]) -> None:
    if classes and label not in classes:
        raise _Bad(f"the class {label[:30]!r} is not among those of the header")
    if not classes and not np.isfinite(_floats([label])[0]):
        raise _Bad("the target is missing")


def _check_channels(n: int, wanted: int | None) -> int:
    if wanted is not None and n != wanted:
        raise _Bad(f"{n} channel(s), not {wanted}")
    return n


def _untimed(fields: list[str], length: int | None) -> np.ndarray:
    channels = [_floats(field.split(",")) for field in fields]
    lengths = sorted({len(channel) for channel in channels} | ({length} if length else set()))
    if len(lengths) > 1:
        raise _Bad(f"a series of {lengths[0]} readings where {lengths[1]} are expected")
    return np.stack(channels, axis=1)


def _timed(fields: list[str]) -> tuple[np.ndarray, np.ndarray]:
    pairs = []
    for field in fields:
        if not _PAIRS.fullmatch(field):
            raise _Bad(f"{field[:30]!r} is not a list of (time,value)")
        pairs.append(_floats(re.sub(r"[()\s]", "", field).split(",")).reshape(-1, 2))
        time = pairs[-1][:, 0]
        if not (np.abs(time) < 1e9).all() or len(np.unique(time)) < len(time):
            raise _Bad("a time is missing, beyond 1e9, or there twice in one channel")
    times = np.unique(np.concatenate([pair[:, 0] for pair in pairs]))
    values = np.full((len(times), len(pairs)), np.nan)
    for channel, pair in enumerate(pairs):
        values[np.searchsorted(times, pair[:, 0]), channel] = pair[:, 1]
    return times, values


def _floats(cells: list[str]) -> np.ndarray:
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:  # ? for missing, blanks, or no number
        cells = [cell.strip() for cell in cells]
        values = np.array([_float(cell) for cell in cells])
    if np.isinf(values).any():
        raise _Bad(f"{cells[int(np.argmax(np.isinf(values)))]!r} is no finite number")
    return values


def _float(cell: str) -> float:
    if cell == "?":
        return np.nan
    try:
        return float(cell)
    except ValueError:
        raise _Bad(f"{cell[:30]!r} is no number") from None
