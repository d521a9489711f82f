"""The fixed-width `.dly` files of GHCN-Daily: lines of 269 characters to a grid of days.

One line is one month of one element at one station: 31 values, each with three flags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._archives import Limits, stream_members
from ._files import read_file, where
from ._noted import note

ELEMENTS = ("PRCP", "SNOW", "SNWD", "TMAX", "TMIN")
_TENTHS = np.array([10.0, 1.0, 1.0, 10.0, 10.0])
_MISSING = -9999
_WIDTH = 269
_HEAD = 21  # station 11, year 4, month 2, element 4
_NEWLINE, _SPACE, _MINUS, _ZERO, _NINE = b"\n -09"
_LIMITS = Limits(total=8 * 2**30)  # every year of every station


class Station(NamedTuple):
    """The lines of one station that belong to the wanted years and elements.

    Attributes:
        id: The station's identification, such as USC00011084.
        place: Its file, for messages.
        lines: Bytes, one row a line.
        number: Each line's number in the file.
        years: First and last year with a line of the five elements, whatever the wanted years.
        n_other: Lines of other elements.

    """

    id: str
    place: str
    lines: np.ndarray
    number: np.ndarray
    years: tuple[int, int]
    n_other: int


def read_stations(root: Path, first: int, last: int, *, again: str) -> list[Station]:
    """Read the stations of `ghcnd_hcn*.tar.gz` or `ghcnd_hcn/`, sorted by id; the archive first."""
    archives = sorted(root.glob("ghcnd_hcn*.tar.gz"))
    folder = root / "ghcnd_hcn"
    if len(archives) > 1:
        names = ", ".join(path.name for path in archives)
        raise ValueError(f"{root} holds several archives: {names}. Keep the one to be read.")
    # One file at a time: there may be all years of all stations, gigabytes.
    if archives:
        texts = _packed(archives[0], again)
    elif folder.is_dir():
        names = sorted(path.name for path in folder.glob("*.dly"))
        texts = (
            (f"{folder.name}/{name}", Path(name).stem, read_file(folder, name, again=again))
            for name in names
        )
    else:
        raise FileNotFoundError(
            f"Neither ghcnd_hcn*.tar.gz nor the folder ghcnd_hcn/ is {where(root)}. {again}"
        )
    stations: dict[str, Station] = {}
    for place, name, data in texts:
        if name in stations:
            raise ValueError(
                f"Station {name} is there twice: {stations[name].place} and {place}. Keep one."
            )
        station = _read_station(place, name, data, first, last, again)
        if station is not None:
            stations[name] = station
    if not stations:
        raise ValueError(f"{archives[0] if archives else folder} holds no .dly line. {again}")
    return [stations[name] for name in sorted(stations)]


def _packed(archive: Path, again: str) -> Iterator[tuple[str, str, bytes]]:
    for name, data in stream_members(archive, r".*\.dly", again=again, limits=_LIMITS):
        note(name, data)
        yield f"{archive.name}: {name}", Path(name).stem, data


def _read_station(place: str, name: str, data: bytes, first: int, last: int, again: str):
    data = data.replace(b"\r\n", b"\n")
    if not data:
        return None
    if not data.endswith(b"\n"):
        data += b"\n"
    lines = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(lines == _NEWLINE)
    wrong = np.flatnonzero(np.diff(ends, prepend=-1) != _WIDTH + 1)
    if len(wrong):
        text = data.split(b"\n")[wrong[0]]
        raise ValueError(
            f"{place}, line {wrong[0] + 1}: {len(text)} characters, not {_WIDTH}, in "
            f"{text[:40].decode(errors='replace')!r}. {again}"
        )
    lines = lines.reshape(-1, _WIDTH + 1)[:, :_WIDTH]
    heads = [data[at : at + _HEAD] for at in range(0, len(data), _WIDTH + 1)]
    month = re.compile(re.escape(name.encode()) + rb"[0-9]{4}(0[1-9]|1[0-2])[A-Z0-9*#]{4}")
    for number, head in enumerate(heads, start=1):
        if not month.fullmatch(head):
            raise ValueError(
                f"{place}, line {number}: begins with {head.decode(errors='replace')!r}, not with "
                f"the station {name}, a year, a month 01 to 12 and an element. {again}"
            )
    years = np.array([int(head[11:15]) for head in heads])
    known = np.array([head[17:21].decode() in ELEMENTS for head in heads])
    if not known.any():
        return None
    wanted = np.flatnonzero(known & (years >= first) & (years <= last))
    span = int(years[known].min()), int(years[known].max())
    return Station(name, place, lines[wanted], wanted + 1, span, int((~known).sum()))


class Grid(NamedTuple):
    """Values in mm and degC.

    Attributes:
        values: Station x day x element; NaN where nothing is known.
        days: Date of each day.
        counts: What was dropped or noted, for the card.

    """

    values: np.ndarray
    days: np.ndarray
    counts: dict[str, int]


def days_of(stations: list[Station], first: int, last: int, *, again: str) -> Grid:
    """Put the lines of all stations on the days of the years `first` to `last`."""
    lines = np.concatenate([station.lines for station in stations])
    station = np.repeat(np.arange(len(stations)), [len(s.lines) for s in stations])
    if not len(lines):
        raise ValueError(
            f"None of the {len(stations)} stations has a line in {first} to {last}. {again}"
        )

    def fail(row: int, what: str):
        of = stations[station[row]]
        number = of.number[row - np.searchsorted(station, station[row])]
        raise ValueError(f"{of.place}, line {number}: {what}. {again}")

    months = (_number(lines[:, 11:15]) - 1970) * 12 + _number(lines[:, 15:17]) - 1
    element = np.argmax(
        (lines[:, None, 17:21] == np.array([list(name.encode()) for name in ELEMENTS])).all(2), 1
    )
    line_key = (station * 2**20 + months) * len(ELEMENTS) + element
    order = np.argsort(line_key, kind="stable")
    again_at = order[1:][np.diff(line_key[order]) == 0]
    if len(again_at):
        row = int(again_at[0])
        fail(row, f"{lines[row, 11:_HEAD].tobytes().decode()!r} was there before")
    cells = lines[:, _HEAD:].reshape(len(lines), 31, 8)
    value, bad = _whole_numbers(cells[:, :, :5])
    if bad.any():
        row, day = np.argwhere(bad)[0]
        shown = cells[row, day, :5].tobytes().decode(errors="replace")
        fail(row, f"the value of day {day + 1} is {shown!r}, not a whole number")
    start = months.astype("datetime64[M]")
    after = start + np.timedelta64(1, "M")
    length = (after.astype("datetime64[D]") - start.astype("datetime64[D]")).astype(int)
    there = value != _MISSING
    beyond = there & (np.arange(31) >= length[:, None])
    if beyond.any():
        row, day = np.argwhere(beyond)[0]
        fail(row, f"there is a value for day {day + 1} of a month of {length[row]} days")
    flagged = there & (cells[:, :, 6] != _SPACE)
    counts = {
        "values": int(there.sum()),
        "values with a quality flag, dropped": int(flagged.sum()),
        "zeros presumed by the provider (MFLAG P), kept": int(
            (there & ~flagged & (cells[:, :, 5] == ord("P"))).sum()
        ),
        "traces (MFLAG T), kept as written": int(
            (there & ~flagged & (cells[:, :, 5] == ord("T"))).sum()
        ),
    }
    begin = np.datetime64(f"{first}-01-01", "D")
    days = np.arange(begin, np.datetime64(f"{last + 1}-01-01", "D"))
    grid = np.full((len(stations), len(days), len(ELEMENTS)), np.nan)
    row, day = np.nonzero(there & ~flagged)
    at = (start.astype("datetime64[D]") - begin).astype(int)[row] + day
    grid[station[row], at, element[row]] = value[row, day] / _TENTHS[element[row]]
    return Grid(grid, days, counts)


def _number(digits: np.ndarray) -> np.ndarray:
    return (digits.astype(np.int64) - _ZERO) @ 10 ** np.arange(digits.shape[1])[::-1]


def _whole_numbers(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right-aligned whole numbers, and where there is none: spaces, then a minus, then digits."""
    digit = (text >= _ZERO) & (text <= _NINE)
    minus, space = text == _MINUS, text == _SPACE
    good = (digit | minus | space).all(-1) & digit[..., -1]
    good &= (digit[..., 1:] | space[..., :-1]).all(-1)  # after a digit or a minus, digits alone
    size = np.zeros(text.shape[:-1], np.int32)
    for place in range(text.shape[-1]):
        here = np.where(digit[..., place], text[..., place] - _ZERO, 0)
        size = size * 10 + here.astype(np.int32)
    return np.where(minus.any(-1), -size, size), ~good
