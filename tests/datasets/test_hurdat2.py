"""Tracks of storms: the format line by line, damage refused, the real Pacific."""

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from ct_s5_datasets._hurdat2 import RECORD, STATUS, load

NONE = ", -999" * 12


def row(when="19490611, 0000", record=" ", status="TS", place="20.2N, 106.3W", rest="45, -999"):
    return f"{when}, {record}, {status}, {place},  {rest}{NONE},"


def write(root, *lines, name="hurdat2-nepac-1949-2016-041317.txt"):
    (root / name).write_text("\n".join(lines) + "\n")
    return root


def test_a_small_file_cell_by_cell(tmp_path):
    radii = ", ".join(str(10 * i) for i in range(12))
    write(
        tmp_path,
        "CP021999,              OLIVIA,      2,",
        row("19991231, 1800", "L", "HU", "18.0S, 179.9E", "140,  905"),
        row("20000101, 0030", " ", "ET", "18.1S, 180.0W", " -99, -999"),
    )
    write(
        tmp_path,
        "AL012021,                ANA,      2,",
        f"20210522, 0600,  , SS, 33.8N,  62.7W,  40, 1006, {radii}, 25",
        row("20210522, 0000", "W", "LO", "0.0N, 0.0E", "0, 1008")[:-1] + ", -999",
        name="hurdat2-1851-2023-051124.txt",
    )
    data = load(tmp_path)
    frame = data.frame
    assert frame["unique_id"].to_list() == ["AL012021"] * 2 + ["CP021999"] * 2
    assert frame["ds"].to_list() == [
        datetime(2021, 5, 22, tzinfo=UTC),
        datetime(2021, 5, 22, 6, tzinfo=UTC),
        datetime(1999, 12, 31, 18, tzinfo=UTC),
        datetime(2000, 1, 1, 0, 30, tzinfo=UTC),
    ]
    nan, silent = np.nan, [np.nan] * 13
    code = {name: i for i, name in enumerate(STATUS)}
    expected = [
        [0, 0, 0, 1008, *silent, code["LO"], RECORD.index("W")],
        [33.8, -62.7, 40, 1006, *range(0, 120, 10), 25, code["SS"], 0],
        [-18, 179.9, 140, 905, *silent, code["HU"], RECORD.index("L")],
        [-18.1, -180, nan, nan, *silent, code["ET"], 0],
    ]
    np.testing.assert_array_equal(frame.iloc[:, 2:].to_numpy(), expected)
    assert list(frame.columns[6:9]) == ["radius34_NE", "radius34_SE", "radius34_SW"]
    assert data.static is not None
    assert data.static.loc["CP021999"].to_list() == ["OLIVIA", "CP", 1999]
    assert list(data.static["basin"].cat.categories) == ["AL", "CP"]
    assert data.labels is None
    assert set(data.schema) == {*frame.columns, *data.static.columns}
    assert "storms: 2\n" in data.card


HEAD = "EP011949,            UNNAMED,      2,"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEAD, row()], r"041317.txt is cut short: 1 row\(s\) of 'EP011949.*are missing.*NHC|Hurr"),
        ([HEAD, row(), "EP021949, X, 1,"], r"line 3: 'EP021949, X, 1,' is no row of a track"),
        ([row()], r"line 1: '19490611.*' is not the header of a storm"),
        (["EP011949, X, 0,", "EP011949, X, 0,"], r"line 2: storm EP011949 was there before"),
        ([HEAD, row(), row()], r"line 3: a time that the storm had before in '19490611, 0000"),
        ([HEAD, row("19491311, 0000"), row()], r"line 2: no date and time in '19491311, 0000"),
        ([HEAD, row("19490611, 2460"), row()], r"line 2: no date and time"),
        ([HEAD, row(place="90.1N, 0.0W"), row()], r"line 2: no latitude"),
        ([HEAD, row(place="9.1N, 181.0W"), row()], r"line 2: no longitude"),
        ([HEAD, row(place="9.1.1N, 1.0W"), row()], r"line 2: no latitude"),
        ([HEAD, row(place="9.1, 1.0W"), row()], r"line 2: '.*' is no row of a track"),
        ([HEAD, row(status="XX"), row()], r"line 2: a status other than TD TS"),
        ([HEAD, row(record="Q"), row()], r"line 2: a record identifier other than C G I"),
        ([HEAD, row(rest="-5, -999"), row()], r"line 2: a negative size other than -99"),
        ([HEAD, row(rest="45.5, -999"), row()], r"line 2: '.*' is no row of a track"),
    ],
)
def test_damaged_lines_are_refused(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path, *lines))


def test_absent_and_wrong_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No hurdat2\*.txt.*nhc.noaa.gov"):
        load(tmp_path)
    path = tmp_path / "hurdat2-nepac.txt"
    path.write_text("<html><body>404</body></html>")
    with pytest.raises(ValueError, match=r"HTML page"):
        load(tmp_path)
    path.write_text("")
    with pytest.raises(ValueError, match=r"cut short: the file is empty"):
        load(tmp_path)
    path.unlink()
    packed = gzip.compress("\n".join([HEAD, row()]).encode())
    (tmp_path / "hurdat2-nepac.txt.gz").write_bytes(packed[:-10])
    with pytest.raises(ValueError, match=r"cut short"):
        load(tmp_path)


@pytest.fixture(scope="module")
def root(real):
    return real("hurdat2")


def test_the_real_pacific_against_a_slow_reading(root):
    data = load(root)
    frame = data.frame
    assert data.static is not None
    assert len(data.static) == 749
    assert len(frame) + len(data.static) == 18_809
    assert data.static["basin"].value_counts().to_dict() == {"EP": 706, "CP": 43}
    assert frame["pressure"].notna().sum() == 5297
    assert frame.filter(like="radius").isna().all().all()
    (path,) = root.glob("*.txt.gz")
    slow, storm = [], ""
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == 4:
            storm = cells[0]
            continue
        when = datetime.strptime(f"{cells[0]}{cells[1]}+0000", "%Y%m%d%H%M%z")
        north = float(cells[4][:-1]) * (1 if cells[4][-1] == "N" else -1)
        east = float(cells[5][:-1]) * (1 if cells[5][-1] == "E" else -1)
        pressure = None if cells[7] == "-999" else float(cells[7])
        slow.append((storm, when, north, east, float(cells[6]), pressure, cells[3], cells[2]))
    slow.sort(key=lambda cells: cells[:2])
    columns = ["unique_id", "ds", "latitude", "longitude", "wind"]
    mine = [frame[name].to_list() for name in columns]
    mine.append([None if np.isnan(cell) else cell for cell in frame["pressure"]])
    mine.append([STATUS[int(cell)] for cell in frame["status"]])
    mine.append([RECORD[int(cell)] for cell in frame["record"]])
    assert list(zip(*mine, strict=True)) == slow
