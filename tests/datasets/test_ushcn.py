"""Days of weather: the fixed-width files cell by cell, the table's layout, the real stations."""

import io
import tarfile
import tracemalloc
from datetime import date

import numpy as np
import pandas as pd
import pytest
from official_layout import write_tar

from ct_s5_datasets._ushcn import PROTOCOLS, cru_split, load
from ct_s5_datasets._ushcn_csv import debrouwer_splits, tpatchgnn_split

ELEMENTS = ["PRCP", "SNOW", "SNWD", "TMAX", "TMIN"]
A, B, C = "USC00011084", "USC00999999", "USW00012345"
PLACES = "011084  31.0581  -87.0547   25.9 AL BREWTON 3 SSE                  ------ +6\n"


def line(station, month, element, **days):
    """One line of a station: month as 199601, days as d1="-17", or d2="5T " with flags M and Q."""
    cells = ["-9999   "] * 31
    for day, text in days.items():
        value = text.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
        flags = text[len(value) :].ljust(2)
        cells[int(day[1:]) - 1] = f"{value:>5}{flags}0"
    return f"{station}{month}{element}{''.join(cells)}\n"


def write(root, texts, form="tar"):
    if form == "tar":
        members = [(f"ghcnd_hcn/{name}.dly", text) for name, text in texts.items()]
        write_tar(root / "ghcnd_hcn.tar.gz", members)
    else:
        (root / "ghcnd_hcn").mkdir()
        for name, text in texts.items():
            (root / "ghcnd_hcn" / f"{name}.dly").write_text(text, newline="")
    return root


@pytest.mark.parametrize("form", ["tar", "folder"])
def test_a_small_set_cell_by_cell(tmp_path, form):
    text_a = (
        line(A, 199512, "PRCP", d31="9")
        + line(A, 199602, "TMAX", d1="-17", d29="250", d3="300 I")
        + line(A, 199602, "PRCP", d1="0T", d2="13")
        + line(A, 199602, "WESD", d1="4")
        + line(A, 200012, "SNOW", d31="0P")
        + line(A, 200101, "SNOW", d1="8")
    )
    text_b = line(B, 199601, "SNWD", d5="4826").replace("\n", "\r\n")
    text_b += line(B, 199601, "TMIN", d5="-478").rstrip("\n")
    texts = {B: text_b, A: text_a, C: line(C, 198001, "PRCP", d1="1"), "USC00000001": ""}
    write(tmp_path, texts, form)
    (tmp_path / "ushcn-stations.txt").write_text(PLACES)
    data = load(tmp_path)
    assert list(data.frame.columns) == ["unique_id", "ds", *ELEMENTS]
    nan = np.nan
    expected = {
        (A, "1996-02-01"): [0, nan, nan, -1.7, nan],
        (A, "1996-02-02"): [1.3, nan, nan, nan, nan],
        (A, "1996-02-29"): [nan, nan, nan, 25, nan],
        (A, "2000-12-31"): [nan, 0, nan, nan, nan],
        (B, "1996-01-05"): [nan, nan, 4826, nan, -47.8],
    }
    keys = list(zip(data.frame["unique_id"], data.frame["ds"].dt.strftime("%Y-%m-%d"), strict=True))
    assert keys == list(expected)
    np.testing.assert_array_equal(data.frame[ELEMENTS].to_numpy(), list(expected.values()))
    assert data.frame["ds"].dt.tz is None
    assert data.labels is None
    assert data.static is not None
    assert data.static.loc[A].to_list() == [31.0581, -87.0547, 25.9]
    assert data.static.loc[B].isna().all()
    assert set(data.schema) == {*data.frame.columns, *data.static.columns}
    assert set(np.concatenate(list(data.splits["seeded-0"].values()))) == {A, B}
    for told in (
        "stations without a value in these years, left out: 1",
        "values with a quality flag, dropped: 1",
        "zeros presumed by the provider (MFLAG P), kept: 1",
        "traces (MFLAG T), kept as written: 1",
        "lines of other elements, left out: 1",
        "stations whose place is unknown: 1",
    ):
        assert f"- {told}\n" in data.card


def test_without_the_list_of_stations_there_is_no_static(tmp_path):
    data = load(write(tmp_path, {A: line(A, 199602, "TMAX", d1="-17")}))
    assert data.static is None
    assert "latitude" not in data.schema


GOOD = line(A, 199602, "TMAX", d1="-17")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + GOOD[:100], r"USC00011084.dly, line 2: 100 characters, not 269, in 'USC00011"),
        (GOOD + "\n" + GOOD, r"line 2: 0 characters"),
        ("<!DOCTYPE html>\n", r"15 characters, not 269|HTML page"),
        (line(B, 199602, "TMAX"), r"line 1: begins with 'USC00999999199602TMAX', not with the st"),
        (GOOD + line(A, 199613, "TMAX"), r"line 2: begins with '.*199613TMAX'"),
        (line(A, 199502, "PRCP") + GOOD + GOOD, r"line 3: '199602TMAX' was there before"),
        (GOOD.replace("  -17", "  1-7"), r"the value of day 1 is '  1-7', not a whole number"),
        (GOOD.replace("  -17", "  1 7"), r"the value of day 1 is '  1 7'"),
        (GOOD.replace("  -17", "  -  "), r"the value of day 1 is '  -  '"),
        (GOOD.replace("  -17", "  1.7"), r"the value of day 1 is '  1.7'"),
        (line(A, 199702, "TMAX", d29="1"), r"value for day 29 of a month of 28 days"),
        (line(A, 198001, "TMAX", d1="1"), r"None of the 1 stations has a line in 1996 to 2000"),
        (line(A, 199601, "WESD", d1="1"), r"holds no .dly line"),
    ],
)
@pytest.mark.parametrize("form", ["tar", "folder"])
def test_damaged_files_are_refused(tmp_path, text, message, form):
    write(tmp_path, {A: text}, form)
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


def test_absent_and_doubtful_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Neither ghcnd_hcn.*NOAA.*public domain"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"small_chunked_sporadic.csv.*gru_ode_bayes"):
        load(tmp_path, "gru-ode-bayes")
    with pytest.raises(ValueError, match=r"part='2001': ushcn has the parts 1996-2000, 1990-1993"):
        load(tmp_path, "2001")
    write_tar(tmp_path / "ghcnd_hcn_a.tar.gz", [(f"a/{A}.dly", GOOD), (f"b/{A}.dly", GOOD)])
    with pytest.raises(ValueError, match=f"Station {A} is there twice"):
        load(tmp_path)
    write_tar(tmp_path / "ghcnd_hcn_a.tar.gz", [(f"a/{A}.dly", GOOD)])
    whole = (tmp_path / "ghcnd_hcn_a.tar.gz").read_bytes()
    (tmp_path / "ghcnd_hcn_a.tar.gz").write_bytes(whole[:-20])
    with pytest.raises(ValueError, match=r"cut short.*NOAA"):
        load(tmp_path)
    write(tmp_path, {A: GOOD})
    with pytest.raises(ValueError, match=r"several archives: ghcnd_hcn.tar.gz, ghcnd_hcn_a.tar.gz"):
        load(tmp_path)


def test_an_archive_of_many_years_is_read_a_station_at_a_time(tmp_path):
    rng = np.random.default_rng(0)
    months = rng.integers(0, 9999, (200, 31)).astype(str)
    days = [f"d{day}" for day in range(1, 32)]
    # A megabyte of years that nobody asked for.
    other = 20 * "".join(line(A, 190001, "PRCP", **dict(zip(days, m, strict=True))) for m in months)
    names = [f"USC000110{k:02d}" for k in range(12)]
    members = [(f"ghcnd_hcn/{n}.dly", (other + GOOD).replace(A, n)) for n in names]
    write_tar(tmp_path / "ghcnd_hcn.tar.gz", members)
    del members
    tracemalloc.start()
    found = load(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (tmp_path / "one").mkdir()
    one = load(write(tmp_path / "one", {A: GOOD}))
    assert len(found.frame) == 12 * len(one.frame)
    assert sorted(found.frame["unique_id"].unique()) == names
    assert peak < 4 * len(other)  # of one station, not of twelve


def test_a_damaged_list_of_stations_is_refused(tmp_path):
    write(tmp_path, {A: GOOD})
    (tmp_path / "ushcn-stations.txt").write_text(PLACES + "011084  31.0581\n")
    with pytest.raises(ValueError, match=r"ushcn-stations.txt, line 2: '011084  31.0581' is not"):
        load(tmp_path)


def test_cru_takes_stations_by_their_years(tmp_path):
    def months(station, first, last):
        return "".join(
            line(station, f"{year}{month:02d}", "TMAX", **{f"d{d}": str(d) for d in range(1, 29)})
            for year in range(first, last + 1)
            for month in range(1, 13)
        )

    texts = {f"USC0000000{i}": months(f"USC0000000{i}", 1990, 1994) for i in range(10)}
    texts["USC00000010"] = months("USC00000010", 1990, 1993)  # ends too early
    texts["USC00000011"] = months("USC00000011", 1991, 1994)  # begins too late
    texts["USC00000012"] = months("USC00000012", 1989, 1990) + months("USC00000012", 1994, 1994)
    data = load(write(tmp_path, texts, "folder"), "1990-1993")
    split = data.splits["cru@1"]
    assert {part: len(ids) for part, ids in split.items()} == {
        "train": 7,
        "validation": 1,
        "test": 2,
    }
    assert set(np.concatenate(list(split.values()))) == {f"USC0000000{i}" for i in range(10)}
    assert data.frame["ds"].dt.year.agg(["min", "max"]).to_list() == [1990, 1993]
    parts = cru_split(np.arange(100))
    assert sorted(np.concatenate(list(parts.values()))) == list(range(100))
    assert [len(parts[part]) for part in ("train", "validation", "test")] == [64, 16, 20]


HEADER = ",".join(
    ["ID", "Time", *(f"Value_{i}" for i in range(5)), *(f"Mask_{i}" for i in range(5))]
)


def write_csv(root, *lines):
    (root / "small_chunked_sporadic.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return root


def test_the_table_of_gru_ode_bayes(tmp_path):
    root = write_csv(
        tmp_path,
        "7,0.1,0,-1.5,0,0,0,0,1,0,0,0",
        "3,199.9,0.25,0,0,0,2,1,0,0,0,1",
        "3,0.3,0,0,0,0,0,0,0,1,0,0",
        "3,0.3,0,0,4,1,0,0,0,1,1,0",
        "3,0.5,9,9,9,9,9,0,0,0,0,0",
    )
    data = load(root, "gru-ode-bayes")
    assert data.frame["unique_id"].to_list() == [3, 3, 7]
    seconds = data.frame["ds"] / pd.Timedelta("1s")
    assert seconds.to_list() == [0.3, 199.9, 0.1]
    nan = np.nan
    expected = [[nan, nan, 2, 1, nan], [0.25, nan, nan, nan, 2], [nan, -1.5, nan, nan, nan]]
    np.testing.assert_array_equal(data.frame.iloc[:, 2:].to_numpy(), expected)
    assert set(data.schema) == set(data.frame.columns)
    assert "without any observed value, dropped: 1\n" in data.card
    assert "already there, averaged: 1\n" in data.card
    assert "the published one (sha256): no\n" in data.card
    assert not set(PROTOCOLS) & set(data.splits)


def test_the_table_whole_has_its_protocols(tmp_path):
    root = write_csv(tmp_path, *(f"{i},1.0,1,0,0,0,0,1,0,0,0,0" for i in range(1114)))
    data = load(root, "gru-ode-bayes")
    of_the_table = {name for name, part in PROTOCOLS.items() if part == "gru-ode-bayes"}
    assert of_the_table < set(data.splits)
    tests = []
    for name in of_the_table - {"tpatchgnn@1"}:
        sizes = {part: len(ids) for part, ids in data.splits[name].items()}
        assert sizes == {"train": 801, "validation": 201, "test": 112}
        tests.append(frozenset(data.splits[name]["test"].tolist()))
    assert len(set(tests)) == 5
    sizes = {part: len(ids) for part, ids in data.splits["tpatchgnn@1"].items()}
    assert sizes == {"train": 668, "validation": 223, "test": 223}


def test_splits_do_not_depend_on_order_or_on_the_global_stream():
    ids = np.arange(50)
    first, split = debrouwer_splits(ids), tpatchgnn_split(ids)
    np.random.seed(0)
    for one, other in zip(first, debrouwer_splits(ids[::-1]), strict=True):
        assert {k: v.tolist() for k, v in one.items()} == {k: v.tolist() for k, v in other.items()}
    again = tpatchgnn_split(ids[::-1])
    assert {k: v.tolist() for k, v in split.items()} == {k: v.tolist() for k, v in again.items()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3,x,0,0,0,0,0,1,0,0,0,0", r"line 2: Time is 'x'"),
        ("3,-1,0,0,0,0,0,1,0,0,0,0", r"line 2: Time is '-1'"),
        ("3.5,1,0,0,0,0,0,1,0,0,0,0", r"line 2: ID is '3.5'"),
        ("3,1,0,0,0,0,0,1,0,0.5,0,0", r"line 2: Mask_2 is '0.5'"),
        ("3,1,0,0,,0,0,1,0,0,0,0", r"line 2: Value_2 is ''"),
        ("3,1,0", r"line 2: 3 cells, not 12"),
        ("3,1,0,0,0,0,0,1,0,0,0,0\n3,1,0,0,0,0,0,1,0,0,0,0,5", r"line 3: 13 cells, not 12"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load(write_csv(tmp_path, text), "gru-ode-bayes")


def test_a_table_without_a_column_is_refused(tmp_path):
    (tmp_path / "small_chunked_sporadic.csv").write_text("ID,Time,Value_0\n1,2,3\n")
    with pytest.raises(ValueError, match=r"the header lacks Value_1, Value_2"):
        load(tmp_path, "gru-ode-bayes")
    for lines in ([], ["3,1,0,0,0,0,0,0,0,0,0,0"]):
        with pytest.raises(ValueError, match=r"holds no observed value"):
            load(write_csv(tmp_path, *lines), "gru-ode-bayes")


@pytest.fixture(scope="module")
def root(real):
    return real("ushcn")


@pytest.fixture(scope="module")
def real(root):
    return load(root)


def test_counts_are_those_of_the_manifest(real):
    assert real.frame["unique_id"].nunique() == 995
    assert "- values: 8359545\n" in real.card
    assert "- values with a quality flag, dropped: 59329\n" in real.card
    assert int(real.frame[ELEMENTS].notna().to_numpy().sum()) == 8_359_545 - 59_329
    assert len(real.frame) == 1_731_444
    assert real.frame["TMAX"].agg(["min", "max"]).to_list() == [-35.0, 53.9]
    assert real.static["latitude"].notna().sum() == 995 - 55
    key = real.frame["unique_id"].astype("category").cat.codes.to_numpy(int) * 10**6
    key = key + (real.frame["ds"] - pd.Timestamp("1996-01-01")).dt.days.to_numpy()
    assert (np.diff(key) > 0).all()


def test_five_stations_agree_with_a_slow_reading(real, root):
    (path,) = root.glob("ghcnd_hcn*.tar.gz")
    chosen = set(np.random.default_rng(0).choice(real.static.index.to_numpy(), 5, replace=False))
    with tarfile.open(path) as archive:
        for member in archive:
            station = member.name[-15:-4]
            stream = archive.extractfile(member) if station in chosen else None
            if stream is None:
                continue
            slow = {}
            for text in io.TextIOWrapper(stream):
                for day in range(31):
                    value, quality = text[21 + 8 * day : 26 + 8 * day], text[27 + 8 * day]
                    if value != "-9999" and quality == " ":
                        element = text[17:21]
                        unit = 1 if element in ("SNOW", "SNWD") else 10
                        when = date(int(text[11:15]), int(text[15:17]), day + 1)
                        slow[pd.Timestamp(when), element] = int(value) / unit
            mine = real.frame[real.frame["unique_id"] == station].drop(columns="unique_id")
            fast = mine.melt("ds").dropna().set_index(["ds", "variable"])["value"].to_dict()
            assert fast == slow
            chosen.discard(station)
    assert not chosen
