"""Trips of phones: the two files joined, repeated seconds averaged, damage refused."""

import csv
import gzip
import io
from datetime import datetime

import numpy as np
import pytest

from ct_s5_datasets._gps import load

TRACKS = (
    'id,"id_android","speed","time","distance","rating","rating_bus","rating_weather",'
    '"car_or_bus","linha"'
)
POINTS = "latitude,longitude,track_id,time"


def write(root, tracks, points, header=POINTS):
    (root / "go_track_tracks.csv").write_text("\n".join([TRACKS, *tracks]) + "\n")
    text = "\r\n".join([header, *points]) + "\r\n"
    (root / "go_track_trackspoints.csv.gz").write_bytes(gzip.compress(text.encode()))
    return root


GOOD_TRACKS = ['7,3,19.5,0.25,2.5,3,0,0,1,""', '2,4,9,1e-3,0.001,1,2,1,2,"031 - CENTRO, DIA"']
GOOD_POINTS = [
    "-10.5,-37.25,7,2014-09-13 07:24:37",
    "-10.1,-37.1,7,2014-09-13 07:24:32",
    "-10.1,-37.1,7,2014-09-13 07:24:32",
    "-20,-40,2,2015-01-01 00:00:00",
    "-22,-40,2,2015-01-01 00:00:00",
]


@pytest.mark.parametrize("with_id", [False, True])
def test_a_small_set_cell_by_cell(tmp_path, with_id):
    points = [f"{i},{text}" if with_id else text for i, text in enumerate(GOOD_POINTS)]
    write(tmp_path, GOOD_TRACKS, points, f'"id",{POINTS}' if with_id else POINTS)
    data = load(tmp_path)
    frame = data.frame
    assert list(frame.columns) == ["unique_id", "ds", "latitude", "longitude"]
    assert frame["unique_id"].to_list() == [2, 7, 7]
    assert frame["ds"].to_list() == [
        datetime(2015, 1, 1),
        datetime(2014, 9, 13, 7, 24, 32),
        datetime(2014, 9, 13, 7, 24, 37),
    ]
    expected = [[-21, -40], [-10.1, -37.1], [-10.5, -37.25]]
    assert frame.iloc[:, 2:].to_numpy().tolist() == expected
    assert data.labels is not None
    assert data.labels.to_dict() == {2: "bus", 7: "car"}
    assert data.static is not None
    assert data.static.loc[2].to_list() == [9, 1e-3, 0.001, 1, "4"]
    assert set(data.schema) == {*frame.columns, *data.static.columns, "vehicle"}
    assert "another of their track, averaged: 2\n" in data.card
    assert "of them at another position: 1\n" in data.card
    assert "tracks of a single row: 1\n" in data.card


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("x,-37.25,7,2014-09-13 07:24:37", r"trackspoints.csv, line 2: latitude is 'x', no number"),
        ("-91,-37.25,7,2014-09-13 07:24:37", r"line 2: latitude is '-91', beyond 90"),
        ("-10,-187,7,2014-09-13 07:24:37", r"line 2: longitude is '-187', beyond 180"),
        ("-10,,7,2014-09-13 07:24:37", r"line 2: longitude is '', no number"),
        ("-10,-37,7.5,2014-09-13 07:24:37", r"line 2: track_id is '7.5', not a whole number"),
        ("-10,-37,7,2014-09-13", r"line 2: time is '2014-09-13', not a time such as"),
        ("-10,-37,7", r"line 2: 3 cells, not 4"),
        ("-10,-37,8,2014-09-13 07:24:37", r"1 track\(s\) of .*spoints.csv are not in .*such as 8"),
    ],
)
def test_damaged_points_are_refused(tmp_path, point, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path, GOOD_TRACKS, [point, *GOOD_POINTS]))


@pytest.mark.parametrize(
    ("track", "message"),
    [
        ('7,3,1,1,1,3,0,0,1,""', r"tracks.csv, line 4: id is '7', given before"),
        ('8,3,1,1,1,3,0,0,3,""', r"line 4: car_or_bus is '3', neither 1 nor 2"),
        ('8,3,fast,1,1,3,0,0,1,""', r"line 4: speed is 'fast', no number"),
        ('8,,1,1,1,3,0,0,1,""', r"line 4: id_android is '', no number"),
        ('8,3,1,1,1,3,0,0,1,""', r"1 track\(s\) of go_track_tracks.csv are not in .*such as 8"),
        ('8,3,1,1,1,3,0,0,1,"', r"go_track_tracks.csv is damaged"),
    ],
)
def test_damaged_tracks_are_refused(tmp_path, track, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path, [*GOOD_TRACKS, track], GOOD_POINTS))


def test_absent_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"go_track_tracks.csv.*uci.edu.*CC BY 4.0"):
        load(tmp_path)
    write(tmp_path, GOOD_TRACKS, GOOD_POINTS)
    (tmp_path / "go_track_trackspoints.csv.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"Neither go_track_trackspoints.csv nor"):
        load(tmp_path)
    (tmp_path / "go_track_trackspoints.csv").write_text("<html></html>")
    with pytest.raises(ValueError, match=r"HTML page"):
        load(tmp_path)
    (tmp_path / "go_track_trackspoints.csv").write_text("lat,long\n1,2\n")
    with pytest.raises(ValueError, match=r"the header lacks latitude, longitude, track_id, time"):
        load(tmp_path)


def test_the_real_tracks_against_a_slow_reading(real):
    root = real("uci_gps_gotrack")
    data = load(root)
    assert data.labels is not None
    assert data.static is not None
    assert data.labels.value_counts().to_dict() == {"car": 87, "bus": 76}
    assert len(data.frame) == 18_107 - 2
    assert "at another position: 0\n" in data.card
    text = gzip.decompress((root / "go_track_trackspoints.csv.gz").read_bytes()).decode()
    slow = {
        (int(row["track_id"]), datetime.fromisoformat(row["time"])): (
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in csv.DictReader(io.StringIO(text))
    }
    names = ["unique_id", "ds", "latitude", "longitude"]
    ids, times, north, east = (data.frame[name].to_list() for name in names)
    keys, places = zip(ids, times, strict=True), zip(north, east, strict=True)
    assert dict(zip(keys, places, strict=True)) == slow
    ordered = data.frame.sort_values(["unique_id", "ds"], kind="stable")
    assert ordered.index.equals(data.frame.index)
    for split in data.splits.values():
        train, validation, test = (set(data.static.loc[ids, "phone"]) for ids in split.values())
        assert not (train & validation | train & test | validation & test)
        assert sum(len(ids) for ids in split.values()) == 163
        assert set(np.concatenate(list(split.values()))) == set(data.labels.index)
