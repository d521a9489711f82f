"""A catalogue of events: one series a network, no event lost, damage refused."""

import csv
import gzip
import io
from collections import Counter
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets._earthquakes import load

HEADER = (
    "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,"
    "horizontalError,depthError,magError,magNst,status,locationSource,magSource"
)
CHANNELS = ["magnitude", "depth", "latitude", "longitude", "is_earthquake"]


def event(time="2023-03-09T16:06:01.830Z", **changed):
    cells = {"lat": "51.5", "lon": "-178.1", "depth": "4.9", "mag": "1.1", "net": "av"}
    cells |= {"id": "av1", "updated": "2023-03-09T17:00:00.000Z", "type": "earthquake"} | changed
    return (
        f"{time},{cells['lat']},{cells['lon']},{cells['depth']},{cells['mag']},ml,4,,,0.1,"
        f'{cells["net"]},{cells["id"]},{cells["updated"]},"102 km W of Adak, Alaska",'
        f"{cells['type']},,0.9,,,reviewed,av,av"
    )


def write(root, *events, name="all_month.csv"):
    (root / name).write_text("\n".join([HEADER, *events]) + "\n")
    return root


def test_a_small_catalogue_cell_by_cell(tmp_path):
    write(
        tmp_path,
        event("2023-03-10T00:00:00.001Z", id="us1", net="us", type="quarry blast", mag=""),
        event("2023-03-09T16:06:01.830Z", id="av2", mag="-1.3", depth="-3.2"),
        event("2023-03-09T16:06:01.830Z", id="av1", lat="-60.9", lon="179.99"),
        event("2023-03-09T16:06:01.829Z", id="av0", depth=""),
    )
    data = load(tmp_path)
    frame = data.frame
    assert list(frame.columns) == ["unique_id", "ds", *CHANNELS]
    assert frame["unique_id"].to_list() == ["av", "av", "av", "us"]
    assert frame["ds"].dt.strftime("%d %H:%M:%S.%f").to_list() == [
        "09 16:06:01.829000",
        "09 16:06:01.830000",
        "09 16:06:01.830001",  # the same millisecond, by id
        "10 00:00:00.001000",
    ]
    assert str(frame["ds"].dt.tz) == "UTC"
    nan = np.nan
    expected = [
        [1.1, nan, 51.5, -178.1, 1],
        [1.1, 4.9, -60.9, 179.99, 1],
        [-1.3, -3.2, 51.5, -178.1, 1],
        [nan, 4.9, 51.5, -178.1, 0],
    ]
    np.testing.assert_array_equal(frame[CHANNELS].to_numpy(), expected)
    assert data.labels is None
    assert data.static is None
    assert set(data.schema) == set(frame.columns)
    assert "beside another in the same millisecond: 1\n" in data.card
    assert "other than earthquakes: 1\n" in data.card
    world = load(tmp_path, "world")
    assert world.frame["unique_id"].to_list() == ["world"] * 4
    assert not world.splits
    assert set(np.concatenate(list(data.splits["seeded-0"].values()))) == {"av", "us"}


def test_files_that_overlap_give_each_event_once_in_its_last_version(tmp_path):
    write(tmp_path, event(mag="1"), event(mag="7", id="av2"), name="all_day.csv")
    text = "\n".join([HEADER, event(mag="2", updated="2023-04-01T00:00:00.000Z"), event(mag="3")])
    (tmp_path / "query.csv.gz").write_bytes(gzip.compress(text.encode()))
    data = load(tmp_path)
    assert data.frame["magnitude"].to_list() == [2, 7]
    assert "earlier or equal versions of an event, dropped: 2\n" in data.card
    assert "files: all_day.csv, query.csv\n" in data.card


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (event(mag="x"), r"all_month.csv, line 3: mag is 'x', no number.*USGS"),
        (event(mag="30"), r"line 3: mag is '30', beyond 20"),
        (event(lat=""), r"line 3: latitude is '', no number"),
        (event(lat="90.5"), r"line 3: latitude is '90.5', beyond 90"),
        (event(lon="inf"), r"line 3: longitude is 'inf', no number"),
        (event(time="2023-03-09 16:06"), r"line 3: time is '2023-03-09 16:06', not a time"),
        (event(time="2023-13-09T16:06:01.830Z"), r"line 3: time is '2023-13"),
        (event(updated=""), r"line 3: updated is '', not a time"),
        (event(net=""), r"line 3: net is '', but every event has one"),
        (event() + ",x", r"line 3: 23 cells, not 22"),
        (event().replace('Alaska"', "Alaska"), r"all_month.csv is damaged: unexpected end"),
        ("2023-03-09T16:06:01.830Z,51.5", r"line 3: 2 cells, not 22"),
    ],
)
def test_damaged_lines_are_refused(tmp_path, line, message):
    write(tmp_path, event(), line)
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


def test_absent_and_wrong_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No .csv or .csv.gz file.*all_month.csv.*USGS"):
        load(tmp_path)
    with pytest.raises(ValueError, match=r"part='net': earthquakes has the parts"):
        load(tmp_path, "net")
    (tmp_path / "all_month.csv").write_text("time,latitude\n1,2\n")
    with pytest.raises(ValueError, match=r"the header lacks mag, depth"):
        load(tmp_path)
    (tmp_path / "all_month.csv").write_text("")
    with pytest.raises(ValueError, match=r"the header lacks time, mag"):
        load(tmp_path)
    with pytest.raises(ValueError, match=r"all_month.csv hold\(s\) no event"):
        load(write(tmp_path))
    (tmp_path / "all_month.csv").write_text("<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"HTML page"):
        load(tmp_path)


@pytest.fixture(scope="module")
def root(real):
    return real("usgs_earthquakes")


def test_the_real_month_against_a_slow_reading(root):
    data = load(root)
    frame = data.frame
    assert len(frame) == 12_569
    assert frame["unique_id"].nunique() == 14
    assert frame["magnitude"].agg(["min", "max"]).to_list() == [-1.33, 7.0]
    assert not frame.duplicated(["unique_id", "ds"]).any()
    ordered = frame.sort_values(["unique_id", "ds"], kind="stable")
    assert ordered.index.equals(frame.index)
    assert "beside another in the same millisecond: 1\n" in data.card
    (path,) = root.glob("*.csv.gz")
    slow = Counter()
    for row in csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())):
        time = datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
        cells = tuple(float(row[name]) for name in ("mag", "depth", "latitude", "longitude"))
        slow[row["net"], time, *cells, row["type"] == "earthquake"] += 1
    times = frame["ds"].dt.floor("ms").dt.to_pydatetime()
    columns = [frame[name].to_list() for name in CHANNELS]
    assert Counter(zip(frame["unique_id"], times, *columns, strict=True)) == slow
    assert len(load(root, "world").frame) == 12_569
    assert pd.Timestamp("2023-03-05", tz="UTC") < frame["ds"].min()
