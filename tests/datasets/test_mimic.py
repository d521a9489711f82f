"""MIMIC: small tables in the published layout of both versions. No real file was at hand."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest

import ct_s5_datasets
from ct_s5_datasets import _mimic_tables
from ct_s5_datasets._mimic import CHANNELS, load, people

NAMES = {
    "III": {
        "stays": "ICUSTAYS",
        "admissions": "ADMISSIONS",
        "charts": "CHARTEVENTS",
        "labs": "LABEVENTS",
    },
    "IV": {
        "stays": "icu/icustays",
        "admissions": "hosp/admissions",
        "charts": "icu/chartevents",
        "labs": "hosp/labevents",
    },
}
HEADERS = {
    ("III", "stays"): '"ROW_ID","SUBJECT_ID","HADM_ID","ICUSTAY_ID","DBSOURCE","FIRST_CAREUNIT",'
    '"LAST_CAREUNIT","FIRST_WARDID","LAST_WARDID","INTIME","OUTTIME","LOS"',
    ("III", "admissions"): '"ROW_ID","SUBJECT_ID","HADM_ID","ADMITTIME","HOSPITAL_EXPIRE_FLAG"',
    ("III", "charts"): '"ROW_ID","SUBJECT_ID","HADM_ID","ICUSTAY_ID","ITEMID","CHARTTIME",'
    '"STORETIME","CGID","VALUE","VALUENUM","VALUEUOM","WARNING","ERROR","RESULTSTATUS","STOPPED"',
    ("III", "labs"): '"ROW_ID","SUBJECT_ID","HADM_ID","ITEMID","CHARTTIME","VALUE","VALUENUM",'
    '"VALUEUOM","FLAG"',
    ("IV", "stays"): "subject_id,hadm_id,stay_id,first_careunit,last_careunit,intime,outtime,los",
    ("IV", "admissions"): "subject_id,hadm_id,admittime,hospital_expire_flag",
    ("IV", "charts"): "subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,itemid,value,"
    "valuenum,valueuom,warning",
    ("IV", "labs"): "labevent_id,subject_id,hadm_id,specimen_id,itemid,order_provider_id,"
    "charttime,storetime,value,valuenum,valueuom,ref_range_lower,ref_range_upper,flag,priority,"
    "comments",
}
DAY = "2180-07-23"
ROWS = {
    "stays": [
        dict(subject_id=1, hadm_id=10, icustay_id=300, first_careunit="MICU")
        | dict(intime=f"{DAY} 10:00:00", outtime=f"{DAY} 20:00:00"),
        dict(subject_id=1, hadm_id=10, icustay_id=200, first_careunit="SICU")
        | dict(intime="2180-07-25 10:00:00", outtime=""),
        dict(subject_id=2, hadm_id=20, icustay_id=100, first_careunit="MICU")
        | dict(intime="2150-01-01 00:00:00", outtime="2150-01-09 00:00:00"),
    ],
    "admissions": [
        dict(subject_id=1, hadm_id=10, hospital_expire_flag=1),
        dict(subject_id=2, hadm_id=20, hospital_expire_flag=0),
    ],
    "charts": [
        dict(icustay_id=300, itemid=220045, charttime=f"{DAY} 10:30:00", valuenum=80),
        dict(icustay_id=300, itemid=211, charttime=f"{DAY} 10:30:00", valuenum=90),
        dict(icustay_id=300, itemid=223761, charttime=f"{DAY} 10:30:00", valuenum=98.6),
        dict(icustay_id=300, itemid=220045, charttime=f"{DAY} 09:59:00", valuenum=1),
        dict(icustay_id=300, itemid=220045, charttime=f"{DAY} 20:01:00", valuenum=2),
        dict(icustay_id=300, itemid=220045, charttime=f"{DAY} 11:00:00", valuenum=""),
        dict(icustay_id=300, itemid=999999, charttime=f"{DAY} 11:00:00", valuenum=5),
        dict(icustay_id="", itemid=220045, charttime=f"{DAY} 11:00:00", valuenum=6),
        dict(icustay_id=777, itemid=220045, charttime=f"{DAY} 11:00:00", valuenum=7),
        dict(icustay_id=200, itemid=220277, charttime="2180-07-26 10:00:00", valuenum=97),
        dict(icustay_id=200, itemid=220277, charttime="2180-07-27 10:00:01", valuenum=96),
    ],
    "labs": [
        dict(hadm_id=10, itemid=50912, charttime=f"{DAY} 10:30:00", valuenum=1.25),
        dict(hadm_id=10, itemid=50912, charttime="2180-07-25 10:00:00", valuenum=1.5),
        dict(hadm_id=10, itemid=50912, charttime="2180-07-24 10:00:00", valuenum=9),
        dict(hadm_id="", itemid=50912, charttime=f"{DAY} 10:30:00", valuenum=9),
    ],
}


def text_of(part, table, rows):
    header = HEADERS[part, table]
    names = header.replace('"', "").lower().split(",")
    lines = []
    for row in rows:
        known = {
            ("stay_id" if k == "icustay_id" and part == "IV" else k): v for k, v in row.items()
        }
        lines.append(",".join(str(known.get(name, "")) for name in names))
    return "\n".join([header, *lines]) + "\n"


def write(root, part, changed=None, packed=True):
    for table, name in NAMES[part].items():
        text = text_of(part, table, (changed or {}).get(table, ROWS[table]))
        path = root / f"{name}.csv{'.gz' if packed else ''}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return root


def test_the_open_demo_of_iii_is_read_too(tmp_path, monkeypatch):
    whole = load(write(tmp_path / "whole", "III"), "III")
    for (part, table), header in HEADERS.items():  # its columns are in lower case, without quotes
        monkeypatch.setitem(HEADERS, (part, table), header.lower().replace('"', ""))
    demo = load(write(tmp_path / "demo", "III", packed=False), "III")
    pd.testing.assert_frame_equal(demo.frame, whole.frame)


@pytest.mark.parametrize("part", NAMES)
@pytest.mark.parametrize("packed", [True, False])
def test_both_versions_give_the_same_frame(tmp_path, part, packed, monkeypatch):
    monkeypatch.setattr(_mimic_tables, "_PIECE", 2)
    data = load(write(tmp_path, part, packed=packed), part)
    assert data.frame["unique_id"].tolist() == [200, 200, 300]
    assert (data.frame["ds"] / pd.Timedelta(hours=1)).tolist() == [0, 24, 0.5]
    seen = data.frame.drop(columns=["unique_id", "ds"]).apply(lambda row: row.dropna(), axis=1)
    assert seen.loc[0].dropna().to_dict() == {"Creatinine": 1.5}
    assert seen.loc[1].dropna().to_dict() == {"SpO2": 97}
    found = seen.loc[2].dropna().to_dict()
    assert found == pytest.approx({"Creatinine": 1.25, "HR": 85, "Temp": 37})
    assert (data.frame.dtypes.iloc[2:] == np.float64).all()
    assert data.labels.to_dict() == {100: 0, 200: 1, 300: 1}
    assert data.static["CareUnit"].to_dict() == {100: "MICU", 200: "SICU", 300: "MICU"}
    assert {*data.frame, data.labels.name, *data.static} == set(data.schema)
    assert "stays without any reading: 1\n" in data.card
    assert "readings at a time that had one already, averaged: 1\n" in data.card
    assert people(tmp_path, part).to_dict() == {100: 2, 200: 1, 300: 1}
    assert data.groups.to_dict() == {100: 2, 200: 1, 300: 1}


def test_hours_and_errors_bound_what_is_read(tmp_path):
    wrong = dict(icustay_id=300, itemid=211, charttime=f"{DAY} 11:00:00", valuenum=9, error=1)
    write(tmp_path, "III", {"charts": [*ROWS["charts"], wrong]})
    assert load(tmp_path).frame["ds"].max() == pd.Timedelta(hours=24)
    assert load(tmp_path, hours=1000).frame["ds"].max() > pd.Timedelta(hours=48)
    assert load(tmp_path, hours=0.5).frame["unique_id"].tolist() == [200, 300]
    assert 9 not in load(tmp_path).frame["HR"].tolist()


@pytest.mark.parametrize("hours", [10.0**9, 10.0**13, float("inf")])
def test_hours_without_end_leave_nothing_of_a_stay_out(tmp_path, hours):
    data = ct_s5_datasets.load("mimic3", root=write(tmp_path, "III"), hours=hours)
    # By hand: all of stay 300, and all three times of stay 200, which has no end.
    assert data.frame["unique_id"].tolist() == [200, 200, 200, 300]
    assert data.frame["ds"].max() == pd.Timedelta(hours=48, seconds=1)
    assert data.cite() == ct_s5_datasets.load("mimic3", root=tmp_path, hours=hours).cite()
    with pytest.raises(ValueError, match="hours=nan leaves nothing"):
        load(tmp_path, hours=float("nan"))


def test_all_stays_of_a_person_are_on_one_side(tmp_path):
    stays = [
        dict(subject_id=n // 3, hadm_id=n, icustay_id=n, first_careunit="MICU")
        | dict(intime=f"{DAY} 10:00:00", outtime=f"{DAY} 20:00:00")
        for n in range(60)
    ]
    admissions = [dict(hadm_id=n, hospital_expire_flag=0) for n in range(60)]
    data = load(write(tmp_path, "IV", {"stays": stays, "admissions": admissions}), "IV")
    assert data.frame["unique_id"].tolist() == [10]  # the laboratory of admission 10
    for split in data.splits.values():
        sides = [{int(stay) // 3 for stay in ids} for ids in split.values()]
        assert sum(map(len, sides)) == 20
        assert sum(map(len, split.values())) == 60


def test_what_is_wrong_is_told(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"ICUSTAYS\.csv nor ICUSTAYS\.csv\.gz.*credential"):
        load(tmp_path)
    with pytest.raises(ValueError, match="parts 'III' and 'IV'"):
        load(tmp_path, "II")
    write(tmp_path, "III", packed=False)
    with pytest.raises(ValueError, match="hours=0 leaves nothing"):
        load(tmp_path, hours=0)
    path = tmp_path / "CHARTEVENTS.csv"
    good = path.read_text()
    for text, words in {
        "<html>Sign in</html>\n": r"CHARTEVENTS\.csv.*has no column 'icustay_id': .*<html>",
        good.replace("98.6", "warm"): r"CHARTEVENTS\.csv, in the .* rows from row 1 on: .*warm",
        good.replace(f"{DAY} 09:59:00", "9:59"): r"row 4 has the time '9:59'",
    }.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=words + r".*physionet\.org/content/mimiciii"):
            load(tmp_path)
    monkeypatch.setattr(_mimic_tables, "_PIECE", 3)
    path.write_text(good.replace(",97,", ",good,"))
    with pytest.raises(ValueError, match=r"in the 3 rows from row 10 on: .*good"):
        load(tmp_path)
    path.unlink()
    packed = gzip.compress(good.encode())
    (tmp_path / "CHARTEVENTS.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match=r"CHARTEVENTS\.csv\.gz is damaged or cut short"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"admissions": ROWS["admissions"][:1]}, "stay 100 has no intime, or its admission no"),
        ({"stays": [*ROWS["stays"], ROWS["stays"][0]]}, "a icustay_id is empty or comes twice"),
        ({"admissions": ROWS["admissions"] * 2}, "a hadm_id is empty or comes twice"),
        (
            {"stays": [ROWS["stays"][0] | {"subject_id": ""}, *ROWS["stays"][1:]]},
            "ICUSTAYS: a subject_id is empty.*physionet",
        ),
    ],
)
def test_tables_that_do_not_fit_together_are_refused(tmp_path, changed, words):
    with pytest.raises(ValueError, match=words):
        load(write(tmp_path, "III", changed))


def test_tables_without_any_reading_give_an_empty_frame(tmp_path):
    data = load(write(tmp_path, "IV", {"charts": [], "labs": []}), "IV")
    assert data.frame.empty
    assert list(data.frame)[2:] == [channel.name for channel in CHANNELS]
    assert len(data.labels) == 3


def test_no_item_belongs_to_two_channels():
    assert len({channel.name for channel in CHANNELS}) == len(CHANNELS) == 26


@pytest.mark.parametrize(("name", "part"), [("mimic3", "III"), ("mimic4", "IV")])
def test_tables_are_cited_by_their_content(tmp_path, monkeypatch, name, part):
    monkeypatch.setenv("CT_S5_CACHE", str(tmp_path / "cache"))
    packed, plain = write(tmp_path / "a", part), write(tmp_path / "b", part, packed=False)
    data = ct_s5_datasets.load(name, root=packed)
    assert sorted(data.files) == sorted(
        f"{each.split('/')[-1]}.csv" for each in NAMES[part].values()
    )
    for file, digest in data.files.items():
        (path,) = plain.rglob(file)
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ct_s5_datasets.load(name, root=plain).cite() == data.cite()
    rows = [row | {"valuenum": 9} for row in ROWS["labs"]]
    changed = write(tmp_path / "c", part, {"labs": rows})
    assert ct_s5_datasets.load(name, root=changed).manifest_hash != data.manifest_hash
